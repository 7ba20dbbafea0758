//! The token format of Django's `django.core.signing`: a payload, a base-62 timestamp and an HMAC-SHA256, separated by
//! colons.

use std::io::Read as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::ascii_json;
use crate::clock::Timestamp;

/// The default salt of Django's `signing.dumps`.
pub const DEFAULT_SALT: &str = "django.core.signing";

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The maximum size of a decompressed payload in bytes, far more than this program ever signs.
const MAX_PAYLOAD: u64 = 64 * 1024;

/// Why a signed token is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The token is malformed, or its signature does not match.
    Invalid,
    Expired,
}

pub fn dumps(secret: &[u8], salt: &str, payload: &Value, now: Timestamp) -> anyhow::Result<String> {
    let payload = URL_SAFE_NO_PAD.encode(ascii_json::to_string(payload)?);
    let signed = format!("{payload}:{}", base62(now.seconds().max(0).unsigned_abs()));
    let signature = signature(secret, salt, &signed);
    Ok(format!("{signed}:{signature}"))
}

/// Verifies a token and returns its payload and timestamp. A forged token is always `Invalid`, never `Expired`. A timestamp
/// in the future is accepted.
pub fn loads(
    secret: &[u8],
    salt: &str,
    token: &str,
    now: Timestamp,
    max_age: Duration,
) -> Result<(Value, Timestamp), Unreadable> {
    let (signed, given) = token.rsplit_once(':').ok_or(Unreadable::Invalid)?;
    let expected = signature(secret, salt, signed);
    if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        return Err(Unreadable::Invalid);
    }
    let (payload, time) = signed.rsplit_once(':').ok_or(Unreadable::Invalid)?;
    let made_at = Timestamp::from_seconds(unbase62(time).ok_or(Unreadable::Invalid)?);
    if made_at < now.minus(max_age) {
        return Err(Unreadable::Expired);
    }
    let payload = decode(payload).ok_or(Unreadable::Invalid)?;
    Ok((payload, made_at))
}

fn signature(secret: &[u8], salt: &str, signed: &str) -> String {
    let key = Sha256::new().chain_update(salt).chain_update("signer").chain_update(secret).finalize();
    // HMAC pads a short key with zeros to the block size of the hash. Padding it here changes nothing, and avoids
    // the constructor that can fail.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..key.len()].copy_from_slice(&key);
    let mut mac = Hmac::<Sha256>::new(&block);
    mac.update(signed.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Decodes the JSON of a payload. A payload that starts with a dot is compressed.
fn decode(payload: &str) -> Option<Value> {
    let Some(compressed) = payload.strip_prefix('.') else {
        return serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok();
    };
    let compressed = URL_SAFE_NO_PAD.decode(compressed).ok()?;
    let decoder = flate2::read::ZlibDecoder::new(compressed.as_slice());
    serde_json::from_reader(decoder.take(MAX_PAYLOAD)).ok()
}

/// Encodes a number in Django's base 62.
pub fn base62(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(DIGITS[usize::try_from(number % 62).unwrap_or_default()]));
        number /= 62;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// Decodes a number in Django's base 62. Returns `None` if the text is empty, has other characters, or overflows.
pub fn unbase62(text: &str) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_i64, |number, byte| {
        let digit = DIGITS.iter().position(|known| *known == byte)?;
        number.checked_mul(62)?.checked_add(i64::try_from(digit).ok()?)
    })
}
