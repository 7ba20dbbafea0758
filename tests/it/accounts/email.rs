use pledge4future_auth::accounts::validation::{clean_email, clean_text};
use pledge4future_auth::django::email_validator::is_valid;
use pledge4future_auth::django::text::strip;
use pledge4future_auth::email::{key, normalize};
use serde_json::{Value, json};

use crate::support::vectors::vectors;

fn outcome(email: &str, max_length: usize) -> Value {
    match clean_email(email, max_length) {
        Ok(email) => json!({ "clean": email }),
        Err(errors) => json!({ "errors": errors }),
    }
}

#[test]
fn addresses_are_validated_like_those_of_django() {
    let vectors = vectors();
    let cases = vectors["emails"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 84);
    for case in cases {
        let email = case["email"].as_str().unwrap();
        assert_eq!(is_valid(email), case["validator"], "{case}");
        assert_eq!(outcome(email, 254), case["field_254"], "{case}");
        assert_eq!(outcome(email, 255), case["field_255"], "{case}");
        assert_eq!(normalize(email), case["normalized"], "{case}");
    }
}

#[test]
fn letters_that_python_folds_to_latin_ones_are_valid() {
    for user in ["ı", "İ", "ſ", "\u{212a}", "\"ı\""] {
        assert!(is_valid(&format!("{user}@example.org")), "{user}");
    }
    assert!(is_valid("user@ıİſ\u{212a}.org"));
    assert!(!is_valid("é@example.org"));
}

#[test]
fn addresses_are_compared_regardless_of_case() {
    assert_eq!(key("Ada.Lovelace@Example.ORG"), "ada.lovelace@example.org");
}

#[test]
fn hosts_are_compared_after_normalization() {
    for host in ["exa\u{ad}mple.org", "\u{ff45}xample.org", "example\u{3002}org"] {
        assert!(is_valid(&format!("ada@{host}")), "{host}");
        assert_eq!(key(&format!("Ada@{host}")), "ada@example.org", "{host}");
    }
    assert_eq!(key("ada@M\u{fc}nchen.example"), "ada@m\u{fc}nchen.example");
    assert_eq!(key("ada@mu\u{308}nchen.example"), "ada@m\u{fc}nchen.example");
    assert_eq!(key("ada@XN--mnchen-3ya.example"), "ada@m\u{fc}nchen.example");
}

#[test]
fn quoted_user_parts_are_compared_by_their_content() {
    for user in ["Ada", r#""ada""#, r#""a\da""#, r#""\A\d\a""#] {
        assert!(is_valid(&format!("{user}@example.org")), "{user}");
        assert_eq!(key(&format!("{user}@example.org")), "ada@example.org", "{user}");
    }
    assert_eq!(key(r#""a b"@example.org"#), key(r#""a\ b"@example.org"#));
    assert_ne!(key(r#""a..b"@example.org"#), key("a..b@example.org"));
    assert_ne!(key(r#""\"ada\""@example.org"#), key(r#""ada"@example.org"#));
}

#[test]
fn the_white_space_of_python_is_stripped() {
    assert_eq!(strip("\u{1c}\u{1f}\u{85}\u{a0}\u{3000} a b\t\n"), "a b");
    assert_eq!(strip("\u{200b}a"), "\u{200b}a");
}

#[test]
fn the_length_of_text_is_counted_in_characters_after_stripping() {
    assert_eq!(clean_text("  Ōsaka ", 5).unwrap(), "Ōsaka");
    assert_eq!(clean_text("   ", 5).unwrap(), "");
    let messages = clean_text("Ōsa\0ka", 5).unwrap_err();
    let codes: Vec<_> = messages.iter().map(|message| message.code).collect();
    assert_eq!(codes, ["max_length", "null_characters_not_allowed"]);
}
