//! Django's password hashes `bcrypt_sha256$$2b$cost$…`: bcrypt of the SHA-256 of a password, in hexadecimal digits.
//! Without SHA-256, bcrypt would ignore all but the first 72 bytes of a password.

use std::ops::RangeInclusive;

use base64::Engine as _;
use subtle::ConstantTimeEq as _;

use crate::digest::sha256_hex;

/// bcrypt permits 4 to 31, Django uses 12, and each step doubles the time: 16 takes three seconds, 31 more than a day.
const COSTS: RangeInclusive<u32> = 4..=16;

/// Libraries write the same hash with any of these versions. They differ only for passwords that are not ASCII or longer than 255 bytes.
const VERSIONS: [&str; 3] = ["2a", "2b", "2y"];

/// The length of a salt in base64.
const SALT_LEN: usize = 22;

struct Hash {
    cost: u32,
    salt: [u8; 16],
    /// bcrypt stores all but the last byte of its result.
    digest: [u8; 23],
}

pub fn matches(password: &str, stored: &str) -> bool {
    parse(stored).is_some_and(|hash| {
        // bcrypt ends a password with NUL.
        let key = sha256_hex(password) + "\0";
        let derived = bcrypt::bcrypt(hash.cost, hash.salt, key.as_bytes());
        derived[..hash.digest.len()].ct_eq(&hash.digest).into()
    })
}

/// Returns what is wrong with a hash, if anything. The message never contains a part of the hash.
pub fn problem_with(stored: &str) -> Option<String> {
    parse(stored).is_none().then(|| {
        format!(
            "Write the whole hash: bcrypt_sha256$$2b$cost$ and 53 characters, with a cost of {:02} to {:02}.",
            COSTS.start(),
            COSTS.end(),
        )
    })
}

fn parse(stored: &str) -> Option<Hash> {
    let (version, rest) = stored.strip_prefix("bcrypt_sha256$$")?.split_once('$')?;
    let (cost, rest) = rest.split_once('$')?;
    let (salt, digest) = rest.split_at_checked(SALT_LEN)?;
    let cost = COSTS.into_iter().find(|number| format!("{number:02}") == cost)?;
    VERSIONS.contains(&version).then_some(Hash { cost, salt: decode(salt)?, digest: decode(digest)? })
}

/// Decodes the base64 of bcrypt, which has an alphabet of its own.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    bcrypt::BASE_64.decode(text).ok()?.try_into().ok()
}
