use pledge4future_auth::django::common_passwords;
use pledge4future_auth::django::password_validators::{Owner, similarity, weaknesses};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::vectors::vectors;

fn verdicts(password: &str, owner: &Owner<'_>, min_length: usize) -> Vec<(String, String)> {
    weaknesses(password, owner, min_length)
        .into_iter()
        .map(|weakness| (weakness.message.into_owned(), weakness.code.to_owned()))
        .collect()
}

fn codes(password: &str, owner: &Owner<'_>) -> Vec<&'static str> {
    weaknesses(password, owner, 8).iter().map(|weakness| weakness.code).collect()
}

fn named(username: &str) -> Owner<'_> {
    Owner { username, first_name: "", last_name: "", email: "" }
}

#[test]
fn passwords_are_validated_like_those_of_django() {
    let vectors = vectors();
    let cases = vectors["passwords"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 75);
    for case in cases {
        let attribute = |name: &str| case["user"][name].as_str().unwrap_or("");
        let owner = Owner {
            username: attribute("username"),
            first_name: attribute("first_name"),
            last_name: attribute("last_name"),
            email: attribute("email"),
        };
        let text = |error: &Value, key: &str| error[key].as_str().unwrap().to_owned();
        let expected: Vec<_> = case["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (text(error, "message"), text(error, "code")))
            .collect();
        let password = case["password"].as_str().unwrap();
        assert_eq!(verdicts(password, &owner, 8), expected, "{case}");
    }
}

#[test]
fn the_similarity_of_strings_is_that_of_python() {
    let vectors = vectors();
    let cases = vectors["similarity"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 13);
    for case in cases {
        let ratio = similarity(case["a"].as_str().unwrap(), case["b"].as_str().unwrap());
        let expected = case["ratio"].as_f64().unwrap();
        assert!((ratio - expected).abs() < 0.000_001, "{ratio} in {case}");
    }
}

#[test]
fn the_list_of_common_passwords_is_that_of_django() {
    let expected = &vectors()["common_passwords"];
    let mut entries: Vec<&str> = common_passwords::entries().collect();
    entries.sort_unstable();
    assert_eq!(entries.len() as u64, expected["entries"].as_u64().unwrap());
    let digest = hex::encode(Sha256::digest(entries.join("\n")));
    assert_eq!(digest, expected["sha256"].as_str().unwrap());
    for entry in expected["sample"].as_array().unwrap() {
        assert!(common_passwords::contains(entry.as_str().unwrap()), "{entry}");
    }
}

#[test]
fn common_passwords_are_found_despite_case_and_spaces() {
    assert!(common_passwords::contains("\u{1c} LetMeIn\u{a0}\n"));
    assert!(!common_passwords::contains("let me in"));
    assert!(!common_passwords::contains(""));
}

#[test]
fn the_minimum_length_is_printed_in_singular_and_plural() {
    let sentence = |min_length| verdicts("", &named("ada"), min_length).pop().map(|v| v.0);
    let start = "This password is too short. It must contain at least";
    assert_eq!(sentence(0), None);
    assert_eq!(sentence(1), Some(format!("{start} 1 character.")));
    assert_eq!(sentence(12), Some(format!("{start} 12 characters.")));
}

#[test]
fn an_empty_part_of_a_name_resembles_only_an_empty_password() {
    assert_eq!(codes("", &named("ada.")), ["password_too_similar", "password_too_short"]);
    assert_eq!(codes("", &named("ada")), ["password_too_short"]);
    assert!(codes("tidal-Basin-310", &named("...")).is_empty());
}

#[test]
fn a_combining_mark_splits_a_name_as_in_python() {
    assert_eq!(codes("maria471", &named("xyz\u{301}maria")), ["password_too_similar"]);
}

#[test]
fn very_long_strings_can_be_compared() {
    let password = "p".repeat(1 << 16);
    let name = "n.".repeat(1 << 15);
    assert!(codes(&password, &named(&name)).is_empty());
}
