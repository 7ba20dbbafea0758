//! Refresh tokens: random strings, stored as SHA-256. Random strings do not need a slower hash.

use crate::random::Random;

/// Hashes a token for storage.
pub use crate::digest::sha256_hex as hash;

/// Returns a new token: 160 random bits as 40 lower-case hexadecimal digits.
pub fn issue(random: &Random) -> String {
    random.hex::<20>()
}
