//! Tokens in links, compared with those of Django.

use std::time::Duration;

use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::django::signing;
use pledge4future_auth::tokens::Unreadable;
use serde_json::Value;

use crate::support::vectors::{integer, list, text, vectors};

fn key(case: &Value) -> &[u8] {
    text(&case["secret_key"]).as_bytes()
}

fn loaded(case: &Value, salt: &str, at: i64, max_age: &Value) -> Result<(Value, Timestamp), Unreadable> {
    let max_age = Duration::from_secs(integer(max_age).unsigned_abs());
    signing::loads(key(case), salt, text(&case["token"]), Timestamp::from_seconds(at), max_age)
}

#[test]
fn tokens_in_links_are_signed_like_those_of_django() {
    let mut compressed = 0;
    for case in list(&vectors()["signing"]["tokens"]) {
        let made_at = Timestamp::from_seconds(integer(&case["made_at"]));
        let made = signing::dumps(key(case), text(&case["salt"]), &case["payload"], made_at);
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
        let result = loaded(case, signing::DEFAULT_SALT, integer(&case["read_at"]), &case["max_age"]);
        assert_eq!(case["reason"], "bad signature", "{case}");
        assert_eq!(result, Err(Unreadable::Invalid), "{case}");
    }
}

#[test]
fn base62_is_that_of_django() {
    for case in list(&vectors()["base62"]) {
        let number = integer(&case["number"]);
        assert_eq!(signing::base62(number.unsigned_abs()), case["text"], "{case}");
        assert_eq!(signing::unbase62(text(&case["text"])), Some(number), "{case}");
    }
    for nonsense in ["", "-1", "1 ", "é", "zzzzzzzzzzzz"] {
        assert_eq!(signing::unbase62(nonsense), None, "{nonsense:?}");
    }
}
