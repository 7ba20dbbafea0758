//! Cookies of pages and tokens of invitations: random strings, stored as SHA-256.

use crate::random::Random;

/// Hashes a string for storage.
pub use crate::digest::sha256_hex as hash;

/// Returns a new string: 256 random bits as 64 lower-case hexadecimal digits.
pub fn issue(random: &Random) -> String {
    random.hex::<32>()
}
