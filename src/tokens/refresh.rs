//! Refresh tokens: random strings, stored only as a SHA-256. They need no slower hash, since they are random.

use sha2::{Digest, Sha256};

use crate::random::Random;

/// Returns a new token: 40 lower-case hexadecimal digits, 160 random bits.
pub fn issue(random: &Random) -> String {
    random.hex::<20>()
}

/// Returns the form in which a token is stored.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}
