//! Imported password hashes.

use std::sync::OnceLock;

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;
use pledge4future_auth::config;
use pledge4future_auth::passwords::{Hasher, PasswordCheck, problem_with};
use pledge4future_auth::random::Random;

const PASSWORD: &str = "kelp-Forest-41";

/// One hash for each message. Another message would contain a part of its hash.
const KNOWN: [&str; 5] = ["md5", "argon2$argon2", "bcrypt_sha256$", "pbkdf2_sha1$", "scrypt$"];

/// Checks a password, after the last line break, with a stored hash.
pub fn password_hash(data: &[u8]) {
    static HASHER: OnceLock<Hasher> = OnceLock::new();
    let hasher = HASHER.get_or_init(|| {
        let cheap = "passwords.memory = \"8 KiB\"\npasswords.iterations = 1\n";
        let config = config::load_text(cheap).expect("good settings").config;
        Hasher::new(&config.passwords, Random::seeded(7)).expect("a good cost")
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (stored, password) = text.rsplit_once('\n').unwrap_or((text, PASSWORD));
    let message = problem_with(stored);
    if let Some(message) = &message {
        assert!(KNOWN.iter().any(|bad| problem_with(bad).as_ref() == Some(message)), "{message}");
    }
    let none = stored.is_empty() || stored.starts_with('!');
    assert!(!none || message.is_none());
    if !is_cheap(stored) {
        return;
    }
    let result = hasher.verify(password, Some(stored));
    if none {
        assert_eq!(result, PasswordCheck::Wrong, "{stored:?} matches a password");
    }
    assert_eq!(hasher.verify(password, Some(stored)), result, "the second check of {stored:?}");
    // A hash must not match every password.
    let other = format!("{password}.");
    assert!(
        hasher.verify(&other, Some(stored)) == PasswordCheck::Wrong
            || result == PasswordCheck::Wrong
            || is_tiny(stored)
    );
    if data.first().is_some_and(u8::is_ascii_uppercase) {
        let fresh = hasher.hash(password).expect("a hash");
        assert_eq!(problem_with(&fresh), None);
        assert_eq!(hasher.verify(password, Some(&fresh)), PasswordCheck::Right);
        assert_eq!(hasher.verify(&other, Some(&fresh)), PasswordCheck::Wrong);
    }
}

/// Whether the parameters of a hash are cheap enough for a fuzz target.
fn is_cheap(stored: &str) -> bool {
    let parts: Vec<&str> = stored.split('$').collect();
    let cost = |index: usize| parts.get(index).and_then(|part| part.parse::<u128>().ok()).unwrap_or_default();
    match parts[0] {
        "bcrypt_sha256" => return cost(3) <= 5,
        "pbkdf2_sha1" | "pbkdf2_sha256" => return cost(1) <= 64 || cost(1) > u128::from(u32::MAX),
        "scrypt" => return [1, 3, 4].map(cost).into_iter().fold(1, u128::saturating_mul) <= 4096,
        _ => {}
    }
    let phc = stored.strip_prefix("argon2").unwrap_or(stored);
    let Ok(hash) = PasswordHash::new(phc) else { return true };
    if hash.params.get_decimal("p").is_some_and(|lanes| lanes > Params::MAX_P_COST) {
        return true;
    }
    Params::try_from(&hash).map_or(true, |params| params.m_cost() <= 64 && params.t_cost() <= 2)
}

/// Whether a hash is so short that two passwords may share it.
fn is_tiny(stored: &str) -> bool {
    let phc = stored.strip_prefix("argon2").unwrap_or(stored);
    PasswordHash::new(phc).is_ok_and(|hash| hash.hash.is_none_or(|output| output.len() < 12))
}
