//! Tokens of forms, which another site cannot know.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::SigningKey;

/// Separates these tokens from everything else that the secret key signs.
const CONTEXT: &[u8] = b"pledge4future-auth form token\0";

/// Returns the token of the forms of a session or, before a login, of a browser (OWASP ASVS 3.5.1).
pub fn issue(key: &SigningKey, subject: &str) -> String {
    hex::encode(mac(key, subject).finalize().into_bytes())
}

/// Compares in constant time.
pub fn is_valid(key: &SigningKey, subject: &str, token: &str) -> bool {
    hex::decode(token).is_ok_and(|token| mac(key, subject).verify_slice(&token).is_ok())
}

fn mac(key: &SigningKey, subject: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC accepts keys of any length");
    mac.update(CONTEXT);
    mac.update(subject.as_bytes());
    mac
}
