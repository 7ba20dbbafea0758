//! Refresh tokens: random strings, stored only as a hash.

use sha2::{Digest, Sha256};

use crate::random::Random;

/// Returns a new token: 40 lower-case hexadecimal digits, 160 random bits.
pub fn issue(random: &Random) -> String {
    random.hex::<20>()
}

/// Returns the form in which a token is stored: its SHA-256 in hexadecimal digits. Tokens are random, so they need no
/// slower hash.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}
