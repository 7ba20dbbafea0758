//! Access tokens: JWT with HS256, byte for byte as django-graphql-jwt makes them, with claims of ours behind them.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{SigningKey, Unreadable};
use crate::ascii_json;
use crate::clock::Timestamp;

/// For whom a token is made.
pub struct Subject<'a> {
    /// The primary address of the account.
    pub email: &'a str,
    /// The account's number: claim `sub` (RFC 7519 §4.1.2).
    pub account: i64,
    /// The account's epoch: claim `epoch`. A token of an earlier epoch is refused.
    pub epoch: i64,
    /// The session that the token is of: claim `sid`. The token ends with it.
    pub session: &'a str,
}

/// A token and what it says.
pub struct Issued {
    /// The token.
    pub token: String,
    /// Its claims.
    pub payload: Value,
    /// The last moment at which it is good: `exp` is a whole second, and holds to its end.
    pub expires_at: Timestamp,
}

/// What a good token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// All claims as they are.
    pub payload: Map<String, Value>,
}

impl Claims {
    /// The address of the account.
    pub fn email(&self) -> Option<&str> {
        self.payload.get("email")?.as_str()
    }

    /// The account's number and epoch; tokens that Django issued have neither.
    pub fn account_and_epoch(&self) -> Option<(i64, i64)> {
        let account = self.payload.get("sub")?.as_str()?.parse().ok()?;
        Some((account, self.payload.get("epoch")?.as_i64()?))
    }

    /// The session that the token is of; tokens that Django issued, and those from before there were sessions, have none.
    pub fn session(&self) -> Option<&str> {
        self.payload.get("sid")?.as_str()
    }

    /// When the token was made, in whole seconds.
    pub fn issued_at(&self) -> Option<i64> {
        self.payload.get("origIat").and_then(as_seconds)
    }
}

/// Makes a token.
///
/// # Errors
/// If the claims cannot be signed, which no input brings about.
pub fn issue(
    key: &SigningKey,
    subject: &Subject<'_>,
    now: Timestamp,
    lifetime: Duration,
) -> anyhow::Result<Issued> {
    let exp = now.plus(lifetime).seconds();
    let payload = json!({
        "email": subject.email,
        "exp": exp,
        "origIat": now.seconds(),
        "sub": subject.account.to_string(),
        "epoch": subject.epoch,
        "sid": subject.session,
    });
    let token = sign(key, &payload)?;
    let expires_at = Timestamp::from_seconds(exp.saturating_add(1)).minus(Duration::from_micros(1));
    Ok(Issued { token, payload, expires_at })
}

/// Signs claims, in the order in which they come.
///
/// # Errors
/// As [`issue`].
pub fn sign(key: &SigningKey, payload: &Value) -> anyhow::Result<String> {
    // The library would write the claims as UTF-8; Python escapes, and the signature is over the bytes.
    let payload = RawValue::from_string(ascii_json::to_string(payload)?)?;
    Ok(jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &payload,
        &EncodingKey::from_secret(key.bytes()),
    )?)
}

/// Reads a token as PyJWT 1.7.1 does, but for `exp`, which must be there: a token without end is refused.
///
/// # Errors
/// Why the token is not taken.
pub fn read(key: &SigningKey, token: &str, now: Timestamp) -> Result<Claims, Unreadable> {
    // PyJWT overlooks padding behind the signature, and some clients add it.
    let token = token.trim_end_matches('=');
    // The library would judge times by the machine's clock, with a minute's grace.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Map<String, Value>>(
        token,
        &DecodingKey::from_secret(key.bytes()),
        &validation,
    );
    let payload = decoded.map_err(|_| Unreadable::Invalid)?.claims;

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

/// A time as Python's `int()` takes it: a number, its fraction cut off, or digits.
fn as_seconds(value: &Value) -> Option<i64> {
    match value {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "cutting off the fraction is the point; the cast saturates"
        )]
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64)),
        Value::String(digits) => digits.trim().parse().ok(),
        Value::Bool(truth) => Some(i64::from(*truth)),
        _ => None,
    }
}
