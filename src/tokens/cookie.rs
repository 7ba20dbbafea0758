//! Cookies of pages: random strings, stored as SHA-256, and the tokens of forms.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::SigningKey;
use crate::random::Random;

/// Hashes a cookie for storage.
pub use crate::digest::sha256_hex as hash;

/// Separates the tokens of forms from everything else that the secret key signs.
const FORM_CONTEXT: &[u8] = b"pledge4future-auth form token\0";

/// Returns a new cookie: 256 random bits as 64 lower-case hexadecimal digits.
pub fn issue(random: &Random) -> String {
    random.hex::<32>()
}

/// Returns the token that forms of a session contain. Another site cannot know it (OWASP ASVS 3.5.1).
pub fn form_token(key: &SigningKey, session: &str) -> String {
    hex::encode(form_mac(key, session).finalize().into_bytes())
}

/// Compares in constant time.
pub fn is_form_token(key: &SigningKey, session: &str, token: &str) -> bool {
    hex::decode(token).is_ok_and(|token| form_mac(key, session).verify_slice(&token).is_ok())
}

fn form_mac(key: &SigningKey, session: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC accepts keys of any length");
    mac.update(FORM_CONTEXT);
    mac.update(session.as_bytes());
    mac
}
