//! Refresh tokens: random strings, stored only as a SHA-256. They need no slower hash, since they are random.

use crate::random::Random;

/// The form in which a token is stored.
pub use crate::digest::sha256_hex as hash;

/// Returns a new token: 40 lower-case hexadecimal digits, 160 random bits.
pub fn issue(random: &Random) -> String {
    random.hex::<20>()
}
