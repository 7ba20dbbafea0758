//! Tokens and ids that are created without the server.

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The key of `wepledge.toml`.
const SECRET_KEY: &str = "reference-secret-key-for-conformance";

/// How to create a value. Its template is filled in already.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Recipe {
    Jwt {
        claims: Value,
        #[serde(default = "secret_key")]
        key: String,
        #[serde(default = "hs256")]
        algorithm: String,
    },
    /// A token of `django.core.signing.dumps`, `age` seconds old.
    Signed {
        payload: Value,
        #[serde(default)]
        age: i64,
        #[serde(default = "secret_key")]
        key: String,
        #[serde(default = "django_salt")]
        salt: String,
    },
    /// A token with a changed character in one of its parts, which are separated by `.` and `:`.
    Tampered { token: String, part: usize },
    RelayId {
        #[serde(rename = "type")]
        type_name: String,
        id: Value,
    },
}

impl Recipe {
    /// Creates the value at a Unix time.
    pub(super) fn make(&self, now: i64) -> Result<String> {
        match self {
            Recipe::Jwt { claims, key, algorithm } => jwt(claims, key, algorithm),
            Recipe::Signed { payload, age, key, salt } => {
                let value = format!("{}:{}", encode(payload.to_string()), base62(now - age)?);
                let derived = Sha256::digest(format!("{salt}signer{key}"));
                Ok(format!("{value}:{}", mac::<Hmac<Sha256>>(&derived, &value)))
            }
            Recipe::Tampered { token, part } => tamper(token, *part),
            Recipe::RelayId { type_name, id } => {
                let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
                Ok(BASE64_STANDARD.encode(format!("{type_name}:{id}")))
            }
        }
    }
}

/// Returns the signature of a JWT of the server.
pub(super) fn jwt_signature(signed: &str) -> String {
    mac::<Hmac<Sha256>>(SECRET_KEY.as_bytes(), signed)
}

fn jwt(claims: &Value, key: &str, algorithm: &str) -> Result<String> {
    let header = json!({"typ": "JWT", "alg": algorithm});
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = match algorithm {
        "none" => String::new(),
        "HS256" => mac::<Hmac<Sha256>>(key.as_bytes(), &signed),
        "HS384" => mac::<Hmac<Sha384>>(key.as_bytes(), &signed),
        "HS512" => mac::<Hmac<Sha512>>(key.as_bytes(), &signed),
        other => bail!("unknown algorithm {other}"),
    };
    Ok(format!("{signed}.{signature}"))
}

fn mac<M: Mac + KeyInit>(key: &[u8], text: &str) -> String {
    let mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    encode(mac.chain_update(text).finalize().into_bytes())
}

fn encode(raw: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(raw)
}

fn base62(number: i64) -> Result<String> {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut number = usize::try_from(number).context("a token before 1970")?;
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.push(char::from(DIGITS[number % 62]));
        number /= 62;
    }
    Ok(digits.into_iter().rev().collect())
}

fn tamper(token: &str, part: usize) -> Result<String> {
    let parts = || token.split(['.', ':']);
    let start: usize = parts().take(part).map(|part| part.len() + 1).sum();
    let length = parts().nth(part).context("the token has fewer parts")?.len();
    let middle = start + length / 2;
    let other = if &token[middle..=middle] == "B" { "C" } else { "B" };
    Ok(format!("{}{other}{}", &token[..middle], &token[middle + 1..]))
}

fn secret_key() -> String {
    SECRET_KEY.to_owned()
}

fn hs256() -> String {
    "HS256".to_owned()
}

fn django_salt() -> String {
    "django.core.signing".to_owned()
}
