//! Password hashes, compared with those of Django.

use pledge4future_auth::config;
use pledge4future_auth::passwords::{Hasher, PasswordCheck};
use pledge4future_auth::random::Random;
use serde_json::Value;

use crate::support::vectors::{list, text, vectors};

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
