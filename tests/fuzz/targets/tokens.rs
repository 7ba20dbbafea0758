//! Tokens, as they are and signed with our key.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::django::signing;
use pledge4future_auth::tokens::action::{self, Action};
use pledge4future_auth::tokens::{SigningKey, Unreadable, access};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const KEY: &str = "a key that signs what is made up, and nothing else";
/// 2026-03-01T12:00:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_772_366_400);
const LIFETIME: Duration = Duration::from_hours(1);
const ACTIONS: [Action; 4] =
    [Action::Activation, Action::SecondaryEmail, Action::PasswordReset, Action::PasswordSet];

fn key() -> SigningKey {
    SigningKey::new(KEY.into())
}

fn mac(key: &[u8], message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Returns the token with another last letter.
fn tampered(token: &str) -> String {
    // The last of 43 letters encodes four bits, so adjacent letters may decode to the same bytes.
    let last = if token.ends_with(['A', 'B', 'C', 'D']) { 'w' } else { 'A' };
    format!("{}{last}", &token[..token.len() - 1])
}

/// Reads a mailed token. Input that begins with `!` is signed: the rest is `payload:time`, or the JSON after another `!`. A
/// leading `.` compresses it.
pub fn action_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let key = key();
    let Some(value) = text.strip_prefix('!') else {
        assert_eq!(
            signing::loads(KEY.as_bytes(), signing::DEFAULT_SALT, text, NOW, LIFETIME),
            Err(Unreadable::Invalid)
        );
        assert_eq!(action::action_of(&key, text), None);
        return;
    };
    let value = match value.strip_prefix('!') {
        Some(json) => packed(json),
        None => value.to_owned(),
    };
    let signer =
        Sha256::new().chain_update(signing::DEFAULT_SALT).chain_update("signer").chain_update(KEY).finalize();
    let token = format!("{value}:{}", mac(&signer, &value));
    let read = signing::loads(KEY.as_bytes(), signing::DEFAULT_SALT, &token, NOW, LIFETIME);
    let refused = signing::loads(KEY.as_bytes(), signing::DEFAULT_SALT, &tampered(&token), NOW, LIFETIME);
    assert_eq!(refused, Err(Unreadable::Invalid), "{token} with another signature");
    let salted = signing::loads(KEY.as_bytes(), "another salt", &token, NOW, LIFETIME);
    assert_eq!(salted, Err(Unreadable::Invalid), "{token} under another salt");
    if let Ok((payload, made_at)) = &read {
        assert!(*made_at >= NOW.minus(LIFETIME), "{token} is too old");
        let again = signing::dumps(KEY.as_bytes(), signing::DEFAULT_SALT, payload, *made_at)
            .expect("a payload that was read");
        let (payload_again, made_again) =
            signing::loads(KEY.as_bytes(), signing::DEFAULT_SALT, &again, NOW, LIFETIME)
                .expect("a token of ours");
        assert_eq!(made_again.seconds(), made_at.seconds());
        assert!(has_fraction(payload) || payload_again == *payload, "{payload} became {payload_again}");
    }
    let good: Vec<Action> = ACTIONS.into_iter().filter(|action| is_good_for(&key, *action, &token)).collect();
    assert!(good.len() <= 1, "{token} is good for {good:?}");
    assert!(good.is_empty() || read.is_ok());
    assert!(good.first().is_none_or(|action| action::action_of(&key, &token) == Some(*action)));
}

/// Whether a token is valid for an action. A token with the same claims is then valid until it expires.
fn is_good_for(key: &SigningKey, action: Action, token: &str) -> bool {
    let Ok(claims) = action::read(key, action, token, NOW, LIFETIME) else { return false };
    let again = action::issue(key, action, &claims).expect("claims that were read");
    let read = action::read(key, action, &again, NOW, LIFETIME).expect("a token of ours");
    assert_eq!(read.name, claims.name);
    assert_eq!(read.secondary_email, claims.secondary_email);
    assert_eq!(read.account_and_epoch, claims.account_and_epoch);
    assert_eq!(action::issue(key, action, &read).expect("claims"), again, "signed twice");
    let later = claims.made_at.plus(LIFETIME).plus(Duration::from_secs(1));
    if later > claims.made_at.plus(LIFETIME) {
        assert_eq!(action::read(key, action, &again, later, LIFETIME), Err(Unreadable::Expired));
    }
    true
}

fn packed(json: &str) -> String {
    use std::io::Write as _;
    let now = signing::base62(NOW.seconds().unsigned_abs());
    let Some(json) = json.strip_prefix('.') else {
        return format!("{}:{now}", URL_SAFE_NO_PAD.encode(json));
    };
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(json.as_bytes()).expect("memory takes all");
    format!(".{}:{now}", URL_SAFE_NO_PAD.encode(encoder.finish().expect("memory takes all")))
}

/// Whether a value contains a float, which may change when it is written and read again.
fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fraction),
        Value::Object(members) => members.values().any(has_fraction),
        _ => false,
    }
}

/// Reads a JWT. Input that begins with `!` is signed: the rest is the claims, or `header!claims`.
pub fn access_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let key = key();
    let Some(parts) = text.strip_prefix('!') else {
        assert_eq!(access::read(&key, text, NOW), Err(Unreadable::Invalid));
        return;
    };
    let (header, claims) = parts.split_once('!').unwrap_or((r#"{"typ":"JWT","alg":"HS256"}"#, parts));
    let value = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let token = format!("{value}.{}", mac(KEY.as_bytes(), &value));
    let read = access::read(&key, &token, NOW);
    let refused = access::read(&key, &tampered(&token), NOW);
    assert_eq!(refused, Err(Unreadable::Invalid), "{token} with another signature");
    assert_eq!(access::read(&key, &format!("{value}."), NOW), Err(Unreadable::Invalid), "no signature");
    let Ok(claims) = read else { return };
    let header: Map<String, Value> = serde_json::from_str(header).expect("a header that was read");
    assert_eq!(header["alg"], "HS256", "{token}");
    let payload = Value::Object(Map::clone(&claims.payload));
    assert!(payload.get("exp").is_some_and(|exp| !exp.is_null()), "{token} does not expire");
    // Accessors must not panic on any claims.
    let (_, _, _) = (claims.email(), claims.account_and_epoch(), claims.issued_at());
    let again = access::sign(&key, &payload).expect("claims that were read");
    if !has_fraction(&payload) {
        assert_eq!(access::read(&key, &again, NOW).as_ref(), Ok(&claims), "signed again");
        assert_eq!(access::sign(&key, &payload).expect("claims"), again, "signed twice");
    }
    let end_of_time = access::read(&key, &token, Timestamp::from_micros(i64::MAX));
    let exp = payload["exp"].as_f64().unwrap_or_default();
    assert!(end_of_time == Err(Unreadable::Expired) || exp > 9e12 || !payload["exp"].is_number());
}
