//! The hashes that Django stores: `pbkdf2_sha256$rounds$salt$base64`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// More rounds than this are not worked through: Django 6 makes 1,200,000, and a hash of billions would hold a
/// thread for hours.
pub const MAX_ROUNDS: u32 = 10_000_000;

/// Whether the password is behind the hash; none if that is no hash of this kind, or has too many rounds.
pub fn verify_pbkdf2(password: &str, stored: &str) -> Option<bool> {
    let (rounds, salt, hash) = parts(stored)?;
    let mut derived = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), rounds, &mut derived);
    let expected = STANDARD.encode(derived);
    Some(expected.as_bytes().ct_eq(hash.as_bytes()).into())
}

/// What is wrong with a hash of this kind, if anything is; never a part of it.
pub fn complaint_about_pbkdf2(stored: &str) -> Option<String> {
    let Some((_, salt, digest)) = parts(stored) else {
        return Some(format!(
            "Write the hash as pbkdf2_sha256$rounds$salt$digest, with 1 to {MAX_ROUNDS} rounds."
        ));
    };
    if salt.is_empty() {
        return Some("Use a hash with a salt.".to_owned());
    }
    let is_whole = STANDARD.decode(digest).is_ok_and(|bytes| bytes.len() == 32);
    (!is_whole).then(|| "End the hash with the base64 of 32 bytes.".to_owned())
}

fn parts(stored: &str) -> Option<(u32, &str, &str)> {
    let (rounds, rest) = stored.strip_prefix("pbkdf2_sha256$")?.split_once('$')?;
    let (salt, hash) = rest.split_once('$')?;
    let rounds = rounds.parse().ok().filter(|rounds| (1..=MAX_ROUNDS).contains(rounds))?;
    Some((rounds, salt, hash))
}
