//! Refresh tokens: random, and kept as hash only.

use sha2::{Digest, Sha256};

use crate::random::Random;

/// A new token: 40 lower-case hexadecimal digits, 160 random bits.
pub fn issue(random: &Random) -> String {
    random.hex::<20>()
}

/// What a token is stored as: its SHA-256 in hexadecimal digits. It is random, so no slower hash is needed.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}
