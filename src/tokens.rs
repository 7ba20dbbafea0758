//! Tokens: access tokens (JWT), refresh tokens, and action tokens in mailed links.

pub mod access;
pub mod action;
mod hs256;
pub mod refresh;

use secrecy::{ExposeSecret, SecretString};

use crate::digest::sha256_hex;
pub use crate::django::signing::Unreadable;

/// The key that signs access and action tokens. Django calls it `SECRET_KEY`.
#[derive(Clone)]
pub struct SigningKey(SecretString);

impl SigningKey {
    pub fn new(key: SecretString) -> Self {
        hs256::install();
        Self(key)
    }

    /// Returns whether the key is shorter than the 32 bytes that RFC 7518 §3.2 requires.
    pub fn is_short(&self) -> bool {
        self.0.expose_secret().len() < 32
    }

    /// Identifies the key without revealing it: the beginning of a hash.
    pub fn fingerprint(&self) -> String {
        let mut hash = sha256_hex(format!("fingerprint of the secret key: {}", self.0.expose_secret()));
        hash.truncate(32);
        hash
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}
