//! Tokens: access tokens (JWT), refresh tokens, cookies and forms of pages, tokens in mailed links, challenges, and codes of a
//! second factor.

pub mod access;
pub mod action;
pub mod challenge;
pub mod form;
mod hs256;
pub mod opaque;
pub mod recovery_code;
pub mod refresh;
pub mod seal;
pub mod totp;
mod verified;

use secrecy::{ExposeSecret, SecretString};

use crate::digest::sha256_hex;
pub use crate::django::signing::Unreadable;
use verified::VerifiedTokens;

/// The key that signs access and action tokens. Django calls it `SECRET_KEY`.
pub struct SigningKey {
    secret: SecretString,
    /// The access tokens with this signature, because clients send each of them many times.
    verified: VerifiedTokens,
}

impl SigningKey {
    pub fn new(secret: SecretString) -> Self {
        hs256::install();
        Self { secret, verified: VerifiedTokens::new() }
    }

    /// Returns whether the key is shorter than the 32 bytes that RFC 7518 §3.2 requires.
    pub fn is_short(&self) -> bool {
        self.secret.expose_secret().len() < 32
    }

    /// Identifies the key without revealing it: the beginning of a hash.
    pub fn fingerprint(&self) -> String {
        let mut hash = sha256_hex(format!("fingerprint of the secret key: {}", self.secret.expose_secret()));
        hash.truncate(32);
        hash
    }

    fn bytes(&self) -> &[u8] {
        self.secret.expose_secret().as_bytes()
    }
}
