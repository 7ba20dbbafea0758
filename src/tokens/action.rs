//! Tokens in mailed links, in the format of `django.core.signing`: payload, base-62 timestamp and HMAC-SHA256,
//! separated by colons.

use std::io::Read as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{SigningKey, Unreadable};
use crate::ascii_json;
use crate::clock::Timestamp;

/// The default salt of `django.core.signing.dumps`.
pub const SALT: &str = "django.core.signing";

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The limit on the size of a decompressed payload. Payloads of this program stay far below it.
const MAX_PAYLOAD: u64 = 64 * 1024;

/// The purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Confirms the primary address.
    Activation,
    /// Confirms a secondary address.
    SecondaryEmail,
    /// Resets the password.
    PasswordReset,
    /// Sets the first password.
    PasswordSet,
}

impl Action {
    /// Returns the name of the action in the payload, as in django-graphql-auth.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::SecondaryEmail => "activation_secondary_email",
            Self::PasswordReset => "password_reset",
            Self::PasswordSet => "password_set",
        }
    }
}

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionClaims {
    /// The primary address of the account.
    pub email: String,
    /// The address to confirm, for links that confirm a secondary address.
    pub secondary_email: Option<String>,
    /// The id and epoch of the account. Tokens that Django issued have neither.
    pub account_and_epoch: Option<(i64, i64)>,
    pub made_at: Timestamp,
}

/// Issues a token for `action`.
///
/// # Errors
/// Fails if the payload cannot be serialized, which no input causes.
pub fn issue(key: &SigningKey, action: Action, claims: &ActionClaims) -> anyhow::Result<String> {
    let mut payload = json!({ "email": claims.email, "action": action.as_str() });
    if let Some(secondary_email) = &claims.secondary_email {
        payload["secondary_email"] = json!(secondary_email);
    }
    if let Some((account, epoch)) = claims.account_and_epoch {
        payload["account"] = json!(account);
        payload["epoch"] = json!(epoch);
    }
    dumps(key, SALT, &payload, claims.made_at)
}

/// Verifies a token for `action` and returns its claims.
///
/// # Errors
/// Returns why the token is rejected. A token for another action is [`Unreadable::Invalid`].
pub fn read(
    key: &SigningKey,
    action: Action,
    token: &str,
    now: Timestamp,
    lifetime: Duration,
) -> Result<ActionClaims, Unreadable> {
    let (payload, made_at) = loads(key, SALT, token, now, lifetime)?;
    if payload["action"] != action.as_str() {
        return Err(Unreadable::Invalid);
    }
    let account = payload["account"].as_i64().zip(payload["epoch"].as_i64());
    Ok(ActionClaims {
        email: payload["email"].as_str().ok_or(Unreadable::Invalid)?.to_owned(),
        secondary_email: payload["secondary_email"].as_str().map(str::to_owned),
        account_and_epoch: account,
        made_at,
    })
}

/// Returns the action of a token, whatever its age, or `None` if the signature is invalid.
pub fn action_of(key: &SigningKey, token: &str) -> Option<Action> {
    let (payload, _) = loads(key, SALT, token, Timestamp::from_micros(0), Duration::ZERO).ok()?;
    let all = [Action::Activation, Action::SecondaryEmail, Action::PasswordReset, Action::PasswordSet];
    all.into_iter().find(|action| payload["action"] == action.as_str())
}

/// Returns the key under which a consumed token is stored: its SHA-256 in hexadecimal digits.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// Signs a JSON value, as `django.core.signing.dumps` does.
///
/// # Errors
/// See [`issue`].
pub fn dumps(key: &SigningKey, salt: &str, payload: &Value, now: Timestamp) -> anyhow::Result<String> {
    let payload = URL_SAFE_NO_PAD.encode(ascii_json::to_string(payload)?);
    let value = format!("{payload}:{}", base62(now.seconds().max(0).unsigned_abs()));
    let signature = signature(key, salt, &value);
    Ok(format!("{value}:{signature}"))
}

/// Verifies a signed value and returns it with its timestamp, as `django.core.signing.loads` does. Tokens dated in
/// the future are accepted.
///
/// # Errors
/// Returns why the token is rejected. The signature is checked before the age.
pub fn loads(
    key: &SigningKey,
    salt: &str,
    token: &str,
    now: Timestamp,
    max_age: Duration,
) -> Result<(Value, Timestamp), Unreadable> {
    let (value, given) = token.rsplit_once(':').ok_or(Unreadable::Invalid)?;
    let expected = signature(key, salt, value);
    if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        return Err(Unreadable::Invalid);
    }
    let (payload, time) = value.rsplit_once(':').ok_or(Unreadable::Invalid)?;
    let made_at = Timestamp::from_seconds(unbase62(time).ok_or(Unreadable::Invalid)?);
    if made_at < now.minus(max_age) {
        return Err(Unreadable::Expired);
    }
    let payload = unpack(payload).ok_or(Unreadable::Invalid)?;
    Ok((payload, made_at))
}

fn signature(key: &SigningKey, salt: &str, value: &str) -> String {
    let derived =
        Sha256::new().chain_update(salt).chain_update("signer").chain_update(key.bytes()).finalize();
    // HMAC pads a key with zeros to its block size, so a block that begins with this key and ends in zeros is the
    // same key.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..derived.len()].copy_from_slice(&derived);
    let mut mac = Hmac::<Sha256>::new(&block);
    mac.update(value.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Decodes the JSON of a payload. A payload that starts with a dot is compressed.
fn unpack(payload: &str) -> Option<Value> {
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

/// Decodes base 62, or returns `None` for other digits and on overflow.
pub fn unbase62(text: &str) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_i64, |number, byte| {
        let digit = DIGITS.iter().position(|known| *known == byte)?;
        number.checked_mul(62)?.checked_add(i64::try_from(digit).ok()?)
    })
}
