//! Access tokens, compared with those of PyJWT.

use std::collections::BTreeMap;

use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::tokens::{SigningKey, Unreadable, access};
use serde_json::{Map, Value};

use crate::support::vectors::{integer, list, text, vectors};

/// Access tokens that are read differently than by PyJWT, with the reasons.
const JWT_EXCEPTIONS: [(&str, Unreadable, &str); 2] = [
    ("no end", Unreadable::Invalid, "a token without expiry could not be revoked"),
    ("end is null", Unreadable::Invalid, "the original fails with a TypeError"),
];

fn key(case: &Value) -> SigningKey {
    SigningKey::new(text(&case["secret_key"]).to_owned().into())
}

/// Returns the recorded claims of an access token.
fn recorded_claims(result: &Value) -> Result<Value, Unreadable> {
    if result["valid"] == true {
        return Ok(result["payload"].clone());
    }
    Err(match text(&result["code"]) {
        "invalid_token" => Unreadable::Invalid,
        "expired_token" => Unreadable::Expired,
        other => panic!("unknown code {other:?}: {result}"),
    })
}

fn claims(case: &Value, at: &Value) -> Result<Value, Unreadable> {
    let read = access::read(&key(case), text(&case["token"]), Timestamp::from_seconds(integer(at)));
    read.map(|claims| Value::Object(Map::clone(&claims.payload)))
}

#[test]
fn access_tokens_are_signed_and_read_like_those_of_the_original() {
    for case in list(&vectors()["jwt"]["made"]) {
        let token = access::sign(&key(case), &case["claims"]).expect("claims can be signed");
        assert_eq!(token, case["token"], "{case}");
        for read in list(&case["read"]) {
            assert_eq!(claims(case, &read["at"]), recorded_claims(read), "{read} of {case}");
        }
    }
}

#[test]
fn foreign_access_tokens_are_read_like_pyjwt_with_two_exceptions() {
    let mut exceptions: BTreeMap<&str, (Unreadable, &str)> =
        JWT_EXCEPTIONS.map(|(about, result, reason)| (about, (result, reason))).into();
    for case in list(&vectors()["jwt"]["others"]) {
        let result = claims(case, &case["at"]);
        match exceptions.remove(text(&case["about"])) {
            Some((ours, reason)) => assert_eq!(result, Err(ours), "{reason}: {case}"),
            None => assert_eq!(result, recorded_claims(case), "{case}"),
        }
    }
    assert!(exceptions.is_empty(), "no recorded token is called {:?}", exceptions.keys());
}
