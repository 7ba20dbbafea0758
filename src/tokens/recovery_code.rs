//! Recovery codes: random strings, stored as keyed hashes. They are too short for a hash without a key.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::SigningKey;
use crate::random::Random;

/// The letters and digits of Crockford's base32, which has no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The characters of a code: 50 random bits.
const LENGTH: usize = 10;
/// Separates these hashes from everything else that the secret key signs.
const CONTEXT: &[u8] = b"pledge4future-auth recovery code\0";

/// Returns a new code, such as `7k2fm-x9c4q`.
pub fn issue(random: &Random) -> String {
    let bytes = random.bytes::<LENGTH>();
    let characters: Vec<char> = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)].into()).collect();
    let (first, second) = characters.split_at(LENGTH / 2);
    first.iter().chain(['-'].iter()).chain(second).collect()
}

/// Hashes a code of an account for storage. Returns `None` if it does not look like one. Case, spaces and hyphens do not matter, and
/// letters that look like digits count as those.
pub fn hash(key: &SigningKey, account: i64, code: &str) -> Option<String> {
    let typed = code.chars().filter(|character| !matches!(character, ' ' | '-'));
    let plain: Option<Vec<u8>> = typed.take(LENGTH + 1).map(normalize).collect();
    let plain = plain.filter(|plain| plain.len() == LENGTH)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).ok()?;
    mac.update(CONTEXT);
    mac.update(&account.to_be_bytes());
    mac.update(&plain);
    Some(hex::encode(mac.finalize().into_bytes()))
}

fn normalize(character: char) -> Option<u8> {
    let byte = u8::try_from(character.to_ascii_lowercase()).ok()?;
    let byte = match byte {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        byte => byte,
    };
    ALPHABET.contains(&byte).then_some(byte)
}
