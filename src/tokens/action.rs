//! The tokens in mailed links, in the format of `django.core.signing`: payload, base-62 time and HMAC-SHA256,
//! with colons between.

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

/// The salt of `django.core.signing.dumps` where none is given.
pub const SALT: &str = "django.core.signing";

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// No payload of ours comes near; a compressed one may not grow beyond it.
const MAX_PAYLOAD: u64 = 64 * 1024;

/// What the link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Confirms the primary address.
    Activation,
    /// Confirms a secondary address.
    SecondaryEmail,
    /// Sets another password.
    PasswordReset,
    /// Sets a first password.
    PasswordSet,
}

impl Action {
    /// Its name in the payload, as django-graphql-auth has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::SecondaryEmail => "activation_secondary_email",
            Self::PasswordReset => "password_reset",
            Self::PasswordSet => "password_set",
        }
    }
}

/// To what a token is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionClaims {
    /// The primary address of the account.
    pub email: String,
    /// The address to confirm, if that is what the link is for.
    pub secondary_email: Option<String>,
    /// The account's number and epoch; tokens that Django issued have neither.
    pub account_and_epoch: Option<(i64, i64)>,
    /// When the token was made.
    pub made_at: Timestamp,
}

/// Makes a token for `action`.
///
/// # Errors
/// If the payload cannot be written as JSON, which no input brings about.
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

/// Reads a token made for `action`.
///
/// # Errors
/// Why it is not taken. A token for another action is [`Unreadable::Invalid`].
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

/// What a token was made for, whatever its age; none if its signature is not ours.
pub fn action_of(key: &SigningKey, token: &str) -> Option<Action> {
    let (payload, _) = loads(key, SALT, token, Timestamp::from_micros(0), Duration::ZERO).ok()?;
    let all = [Action::Activation, Action::SecondaryEmail, Action::PasswordReset, Action::PasswordSet];
    all.into_iter().find(|action| payload["action"] == action.as_str())
}

/// What a token is known by once it is spent: its SHA-256 in hexadecimal digits.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// `django.core.signing.dumps`: signs any JSON.
///
/// # Errors
/// As [`issue`].
pub fn dumps(key: &SigningKey, salt: &str, payload: &Value, now: Timestamp) -> anyhow::Result<String> {
    let payload = URL_SAFE_NO_PAD.encode(ascii_json::to_string(payload)?);
    let value = format!("{payload}:{}", base62(now.seconds().max(0).unsigned_abs()));
    let signature = signature(key, salt, &value);
    Ok(format!("{value}:{signature}"))
}

/// `django.core.signing.loads`: what was signed, and when. Tokens dated ahead of now are taken.
///
/// # Errors
/// Why the token is not taken; the signature is judged before the age.
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
    // HMAC fills a key up with zeros to its block, so a block that begins with this one is the same key.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..derived.len()].copy_from_slice(&derived);
    let mut mac = Hmac::<Sha256>::new(&block);
    mac.update(value.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// The JSON in a payload; one that starts with a dot is compressed.
fn unpack(payload: &str) -> Option<Value> {
    let Some(compressed) = payload.strip_prefix('.') else {
        return serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok();
    };
    let compressed = URL_SAFE_NO_PAD.decode(compressed).ok()?;
    let decoder = flate2::read::ZlibDecoder::new(compressed.as_slice());
    serde_json::from_reader(decoder.take(MAX_PAYLOAD)).ok()
}

/// A number in Django's base 62.
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

/// The number behind digits of base 62, if they are and fit.
pub fn unbase62(text: &str) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_i64, |number, byte| {
        let digit = DIGITS.iter().position(|known| *known == byte)?;
        number.checked_mul(62)?.checked_add(i64::try_from(digit).ok()?)
    })
}
