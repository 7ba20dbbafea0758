//! Compares tokens, hashes and ids with results of Django, PyJWT and graphql-relay.
//!
//! The results for `usernames` are those of a validator that the original API does not use, so they are not compared.

use std::collections::BTreeMap;
use std::time::Duration;

use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::config;
use pledge4future_auth::graphql::relay_id;
use pledge4future_auth::passwords::{Hasher, PasswordCheck};
use pledge4future_auth::random::Random;
use pledge4future_auth::tokens::{SigningKey, Unreadable, access, action};
use serde_json::Value;

/// Access tokens that are read differently than by PyJWT, with the reasons.
const JWT_EXCEPTIONS: [(&str, Unreadable, &str); 2] = [
    ("no end", Unreadable::Invalid, "a token without expiry could not be revoked"),
    ("end is null", Unreadable::Invalid, "the original fails with a TypeError"),
];

fn vectors() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.json"));
    serde_json::from_str(text).expect("vectors.json is JSON")
}

fn list(value: &Value) -> &[Value] {
    let cases = value.as_array().expect("a list of cases");
    assert!(!cases.is_empty(), "a list of cases is empty");
    cases
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string"))
}

fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is not an integer"))
}

fn key(case: &Value) -> SigningKey {
    SigningKey::new(text(&case["secret_key"]).to_owned().into())
}

fn loaded(case: &Value, salt: &str, at: i64, max_age: &Value) -> Result<(Value, Timestamp), Unreadable> {
    let max_age = Duration::from_secs(integer(max_age).unsigned_abs());
    action::loads(&key(case), salt, text(&case["token"]), Timestamp::from_seconds(at), max_age)
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
    read.map(|claims| Value::Object(claims.payload))
}

fn hasher() -> Hasher {
    let loaded = config::load_text("passwords.memory = \"64 KiB\"\npasswords.iterations = 1\n");
    let config = loaded.expect("a valid configuration").config;
    Hasher::new(&config.passwords, Random::seeded(7)).expect("valid parameters of Argon2")
}

fn assert_matches(hasher: &Hasher, hash: &Value, check: &Value) {
    let result = hasher.verify(text(&check["password"]), Some(text(hash)));
    let expected =
        if check["matches"] == true { PasswordCheck::RightButOutdated } else { PasswordCheck::Wrong };
    assert_eq!(result, expected, "{check} against {hash}");
}

#[test]
fn tokens_in_links_are_signed_like_those_of_django() {
    let mut compressed = 0;
    for case in list(&vectors()["signing"]["tokens"]) {
        let made_at = Timestamp::from_seconds(integer(&case["made_at"]));
        let made = action::dumps(&key(case), text(&case["salt"]), &case["payload"], made_at);
        let made = made.expect("JSON can be signed");
        // Django compresses on request, and the original does not.
        if text(&case["token"]).starts_with('.') {
            compressed += 1;
            assert!(!made.starts_with('.'), "{case}");
        } else {
            assert_eq!(made, case["token"], "{case}");
        }
    }
    assert_eq!(compressed, 1, "only one recorded token is compressed");
}

#[test]
fn tokens_in_links_are_read_like_those_of_django() {
    for case in list(&vectors()["signing"]["tokens"]) {
        let made_at = integer(&case["made_at"]);
        for read in list(&case["read"]) {
            let result = loaded(case, text(&case["salt"]), made_at + integer(&read["age"]), &read["max_age"]);
            let expected = if read["valid"] == true {
                Ok((read["payload"].clone(), Timestamp::from_seconds(made_at)))
            } else {
                assert_eq!(read["reason"], "expired", "{case}");
                Err(Unreadable::Expired)
            };
            assert_eq!(result, expected, "{read} of {case}");
            let other_salt = loaded(case, "another", made_at, &read["max_age"]);
            assert_eq!(other_salt, Err(Unreadable::Invalid), "{case} was read under another salt");
        }
    }
}

#[test]
fn broken_tokens_from_links_are_refused() {
    for case in list(&vectors()["signing"]["broken"]) {
        let result = loaded(case, action::SALT, integer(&case["read_at"]), &case["max_age"]);
        assert_eq!(case["reason"], "bad signature", "{case}");
        assert_eq!(result, Err(Unreadable::Invalid), "{case}");
    }
}

#[test]
fn base62_is_that_of_django() {
    for case in list(&vectors()["base62"]) {
        let number = integer(&case["number"]);
        assert_eq!(action::base62(number.unsigned_abs()), case["text"], "{case}");
        assert_eq!(action::unbase62(text(&case["text"])), Some(number), "{case}");
    }
    for nonsense in ["", "-1", "1 ", "é", "zzzzzzzzzzzz"] {
        assert_eq!(action::unbase62(nonsense), None, "{nonsense:?}");
    }
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

#[test]
fn passwords_match_the_hashes_of_django() {
    let (vectors, hasher) = (vectors(), hasher());
    let hashes = &vectors["password_hashes"];
    for case in list(&hashes["pbkdf2_sha256"]).iter().chain(list(&hashes["argon2"])) {
        for check in list(&case["checks"]) {
            assert_matches(&hasher, &case["hash"], check);
        }
    }
}

#[test]
fn a_broken_hash_matches_no_password() {
    let hasher = hasher();
    for case in list(&vectors()["password_hashes"]["broken"]) {
        assert_eq!(case["matches"], false, "{case}");
        assert_matches(&hasher, &case["hash"], case);
    }
}

#[test]
fn global_ids_are_those_of_graphql_relay() {
    let vectors = vectors();
    for case in list(&vectors["relay"]["ids"]) {
        let id = relay_id::to_global_id(text(&case["type"]), text(&case["id"]));
        assert_eq!(id, case["global_id"], "{case}");
    }
    for case in list(&vectors["relay"]["ids_read"]) {
        let read = relay_id::from_global_id(text(&case["global_id"]));
        let owned = |member: &str| case[member].as_str().map(str::to_owned);
        assert_eq!(read, owned("type").zip(owned("id")), "{case}");
        assert_eq!(read.is_none(), case["error"].is_string(), "{case}");
    }
}

#[test]
fn cursors_are_those_of_graphql_relay() {
    let vectors = vectors();
    for case in list(&vectors["relay"]["cursors"]) {
        assert_eq!(relay_id::to_cursor(integer(&case["offset"])), case["cursor"], "{case}");
    }
    for case in list(&vectors["relay"]["cursors_read"]) {
        assert_eq!(relay_id::from_cursor(text(&case["cursor"])), case["offset"].as_i64(), "{case}");
    }
}
