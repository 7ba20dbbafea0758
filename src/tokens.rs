//! Tokens: access tokens (JWT), refresh tokens, and the action tokens in mailed links.

pub mod access;
pub mod action;
mod hs256;
pub mod refresh;

use secrecy::{ExposeSecret, SecretString};

/// The key that signs access and action tokens; Django calls it `SECRET_KEY`.
#[derive(Clone)]
pub struct SigningKey(SecretString);

impl SigningKey {
    /// Takes the text of a key.
    pub fn new(key: SecretString) -> Self {
        hs256::install();
        Self(key)
    }

    /// Whether the key is shorter than the 32 bytes that RFC 7518 §3.2 asks for.
    pub fn is_short(&self) -> bool {
        self.0.expose_secret().len() < 32
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// Why a signed token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Not made with this key, or not a token at all.
    Invalid,
    /// Its time is over.
    Expired,
}
