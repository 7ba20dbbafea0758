//! Django's password hashes: `pbkdf2_sha256$rounds$salt$base64`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Django 6 uses 1,200,000 rounds. A hash with billions of rounds would occupy a thread for hours.
const MAX_ROUNDS: u32 = 10_000_000;

/// Returns whether the password matches the hash, or `None` if the hash has another format or too many rounds.
pub fn verify(password: &str, stored: &str) -> Option<bool> {
    let (rounds, salt, hash) = parts(stored)?;
    let mut derived = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), rounds, &mut derived);
    let expected = STANDARD.encode(derived);
    Some(expected.as_bytes().ct_eq(hash.as_bytes()).into())
}

/// Returns why a hash cannot be used, or `None` if it can. The message never contains a part of the hash.
pub fn problem_with(stored: &str) -> Option<String> {
    let Some((_, salt, digest)) = parts(stored) else {
        return Some(format!(
            "Write the hash as pbkdf2_sha256$rounds$salt$digest, with 1 to {MAX_ROUNDS} rounds."
        ));
    };
    if salt.is_empty() {
        return Some("Use a hash with a salt.".to_owned());
    }
    let is_complete = STANDARD.decode(digest).is_ok_and(|bytes| bytes.len() == 32);
    (!is_complete).then(|| "End the hash with the base64 of 32 bytes.".to_owned())
}

fn parts(stored: &str) -> Option<(u32, &str, &str)> {
    let (rounds, rest) = stored.strip_prefix("pbkdf2_sha256$")?.split_once('$')?;
    let (salt, hash) = rest.split_once('$')?;
    let rounds = rounds.parse().ok().filter(|rounds| (1..=MAX_ROUNDS).contains(rounds))?;
    Some((rounds, salt, hash))
}
