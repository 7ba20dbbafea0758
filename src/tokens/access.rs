//! Access tokens: JWTs with HS256, byte for byte as django-graphql-jwt writes them, with additional claims at the end.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{SigningKey, Unreadable};
use crate::clock::Timestamp;
use crate::django::ascii_json;

pub struct Subject<'a> {
    pub email: &'a str,
    /// The id of the account: claim `sub` (RFC 7519 §4.1.2).
    pub account: i64,
    /// The epoch of the account: claim `epoch`. Tokens of an earlier epoch are rejected.
    pub epoch: i64,
    /// The id of the session: claim `sid`. The token is revoked when its session ends.
    pub session: &'a str,
    /// When the owner last proved to be the owner: claim `auth_time` (`OpenID` Connect Core §2).
    pub authenticated_at: Timestamp,
    /// How: claim `amr` (RFC 8176).
    pub methods: &'a [&'a str],
}

/// The claims of a new token.
pub struct Issued {
    pub payload: Value,
    /// The last microsecond at which the token is valid. `exp` is a whole second, and the token is valid until its end.
    pub expires_at: Timestamp,
}

/// The claims of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub payload: Arc<Map<String, Value>>,
}

impl Claims {
    pub fn email(&self) -> Option<&str> {
        self.payload.get("email")?.as_str()
    }

    /// Returns the username. Only tokens that Django issued contain it, instead of the address, on a site where accounts log in
    /// with it (`USERNAME_FIELD`).
    pub fn username(&self) -> Option<&str> {
        self.payload.get("username")?.as_str()
    }

    /// Returns the id and epoch of the account. Tokens that Django issued have neither.
    pub fn account_and_epoch(&self) -> Option<(i64, i64)> {
        let account = self.payload.get("sub")?.as_str()?.parse().ok()?;
        Some((account, self.payload.get("epoch")?.as_i64()?))
    }

    /// Returns the id of the session. Tokens that Django or an early version of this program issued have none.
    pub fn session(&self) -> Option<&str> {
        self.payload.get("sid")?.as_str()
    }

    /// Returns when the token was issued, in whole seconds.
    pub fn issued_at(&self) -> Option<i64> {
        self.payload.get("origIat").and_then(as_seconds)
    }
}

/// Returns the claims of a new token, which [`sign`] turns into the token.
pub fn issue(subject: &Subject<'_>, now: Timestamp, lifetime: Duration) -> Issued {
    let exp = now.plus(lifetime).seconds();
    let payload = json!({
        "email": subject.email,
        "exp": exp,
        "origIat": now.seconds(),
        "sub": subject.account.to_string(),
        "epoch": subject.epoch,
        "sid": subject.session,
        "auth_time": subject.authenticated_at.seconds(),
        "amr": subject.methods,
    });
    let expires_at = Timestamp::from_seconds(exp.saturating_add(1)).minus(Duration::from_micros(1));
    Issued { payload, expires_at }
}

/// Signs claims in the given order.
pub fn sign(key: &SigningKey, payload: &Value) -> anyhow::Result<String> {
    // `jsonwebtoken` would write the claims as UTF-8. Python escapes non-ASCII characters, and the signature covers
    // the bytes.
    let payload = RawValue::from_string(ascii_json::to_string(payload)?)?;
    Ok(jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &payload,
        &EncodingKey::from_secret(key.bytes()),
    )?)
}

/// Verifies a token as PyJWT 1.7.1 does, except that `exp` is required: a token that never expires is rejected.
pub fn read(key: &SigningKey, token: &str, now: Timestamp) -> Result<Claims, Unreadable> {
    // Some clients add padding after the signature, and PyJWT ignores it.
    let token = token.trim_end_matches('=');
    let payload = key.verified.get_or_verify(token, || verify_signature(key, token))?;
    let seconds = |claim: &str| {
        payload.get(claim).map(|value| as_seconds(value).ok_or(Unreadable::Invalid)).transpose()
    };
    seconds("iat")?;
    if seconds("nbf")?.is_some_and(|nbf| nbf > now.seconds()) {
        return Err(Unreadable::Invalid);
    }
    if seconds("exp")?.ok_or(Unreadable::Invalid)? < now.seconds() {
        return Err(Unreadable::Expired);
    }
    if payload.contains_key("aud") {
        return Err(Unreadable::Invalid);
    }
    Ok(Claims { payload })
}

/// Returns the claims of a token with a valid signature.
fn verify_signature(key: &SigningKey, token: &str) -> Result<Map<String, Value>, Unreadable> {
    // `jsonwebtoken` would check times against the system clock, with a leeway of a minute.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode(token, &DecodingKey::from_secret(key.bytes()), &validation);
    decoded.map(|decoded| decoded.claims).map_err(|_| Unreadable::Invalid)
}

/// Parses a time as Python's `int()` does: a number, truncated, or a string of digits.
fn as_seconds(value: &Value) -> Option<i64> {
    match value {
        #[expect(clippy::cast_possible_truncation, reason = "Python truncates as well; the cast saturates")]
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64)),
        Value::String(digits) => digits.trim().parse().ok(),
        Value::Bool(truth) => Some(i64::from(*truth)),
        _ => None,
    }
}
