//! Compares a reply with the expected one.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::mint::jwt_signature;

/// The rule of an object with the member `$match`.
#[derive(Deserialize)]
#[serde(tag = "$match", rename_all = "kebab-case", deny_unknown_fields)]
enum Matcher {
    Any,
    String,
    Int,
    /// A string of digits.
    IntString,
    Hex40,
    Uuid,
    Datetime,
    /// Base64 of `Type:id`.
    RelayId {
        #[serde(rename = "type")]
        type_name: String,
    },
    /// A time within a minute of `from_now` seconds from now.
    UnixTime {
        #[serde(default)]
        from_now: i64,
    },
    /// A token that the server signed.
    Jwt {
        claims: Value,
    },
    /// A string that matches the pattern somewhere.
    Regex {
        pattern: String,
    },
    /// A list with these entries in any order.
    Set {
        of: Vec<Value>,
    },
    /// A list that contains some entries and lacks others.
    List {
        #[serde(default)]
        contains: Vec<Value>,
        #[serde(default)]
        lacks: Vec<Value>,
    },
}

/// Fails at the first difference, with its JSON path.
pub(super) fn compare(expected: &Value, actual: &Value, path: &str, now: i64) -> Result<()> {
    match (expected, actual) {
        (Value::Object(rule), _) if rule.contains_key("$match") => {
            compare_matcher(expected, actual, path, now)
        }
        (Value::Object(wanted), Value::Object(got)) => compare_members(wanted, got, path, now),
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
            let mut pairs = wanted.iter().zip(got).enumerate();
            pairs.try_for_each(|(index, (wanted, got))| compare(wanted, got, &format!("{path}/{index}"), now))
        }
        _ => {
            ensure!(expected == actual, "{path}: expected {}, got {}", show(expected), show(actual));
            Ok(())
        }
    }
}

fn compare_members(
    wanted: &Map<String, Value>,
    got: &Map<String, Value>,
    path: &str,
    now: i64,
) -> Result<()> {
    for (key, value) in wanted {
        match got.get(key) {
            Some(held) => compare(value, held, &format!("{path}/{key}"), now)?,
            None => bail!("{path}/{key}: expected {}, got nothing", show(value)),
        }
    }
    let may_hold_more = path.ends_with("#claims") || path.ends_with("/payload");
    match got.iter().find(|(key, _)| !wanted.contains_key(*key)) {
        Some((key, value)) if !may_hold_more => bail!("{path}/{key}: expected nothing, got {}", show(value)),
        _ => Ok(()),
    }
}

fn compare_matcher(rule: &Value, actual: &Value, path: &str, now: i64) -> Result<()> {
    let matcher = Matcher::deserialize(rule).with_context(|| format!("{path}: {rule} is not a matcher"))?;
    let text = actual.as_str().unwrap_or_default();
    let fits = match matcher {
        Matcher::Any => true,
        Matcher::String => actual.is_string(),
        Matcher::Int => actual.is_i64(),
        Matcher::IntString => is_like(text, "[0-9]+"),
        Matcher::Hex40 => is_like(text, "[0-9a-f]{40}"),
        Matcher::Uuid => is_like(text, "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        Matcher::Datetime => {
            is_like(text, r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+00:00")
        }
        Matcher::RelayId { type_name } => is_relay_id(text, &type_name),
        Matcher::UnixTime { from_now } => {
            actual.as_i64().is_some_and(|time| (time - now - from_now).abs() <= 60)
        }
        Matcher::Jwt { claims } => return compare_jwt(&claims, text, path, now),
        Matcher::Regex { pattern } => actual.is_string() && Regex::new(&pattern)?.is_match(text),
        Matcher::Set { of } => return compare_set(&of, actual, path, now),
        Matcher::List { contains, lacks } => return compare_list(&contains, &lacks, actual, path, now),
    };
    ensure!(fits, "{path}: expected {rule}, got {}", show(actual));
    Ok(())
}

fn compare_jwt(wanted: &Value, token: &str, path: &str, now: i64) -> Result<()> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        bail!("{path}: expected a JWT, got {token:?}");
    };
    let signed = jwt_signature(&format!("{header}.{claims}")) == signature;
    ensure!(signed, "{path}: expected a JWT signed with the secret key, got {token:?}");
    let decode =
        |part| -> Result<Value> { Ok(serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part)?)?) };
    compare(&json!({"typ": "JWT", "alg": "HS256"}), &decode(header)?, &format!("{path}#header"), now)?;
    compare(wanted, &decode(claims)?, &format!("{path}#claims"), now)
}

fn compare_set(wanted: &[Value], actual: &Value, path: &str, now: i64) -> Result<()> {
    let mut left = entries(actual, path)?.clone();
    for entry in wanted {
        let found = left.iter().position(|held| fits(entry, held, now));
        left.remove(found.with_context(|| format!("{path}: no entry is {}", show(entry)))?);
    }
    ensure!(left.is_empty(), "{path}: unexpected entry {}", show(&left[0]));
    Ok(())
}

fn compare_list(contained: &[Value], lacking: &[Value], actual: &Value, path: &str, now: i64) -> Result<()> {
    let entries = entries(actual, path)?;
    let holds = |entry: &&Value| entries.iter().any(|held| fits(entry, held, now));
    if let Some(missing) = contained.iter().find(|entry| !holds(entry)) {
        bail!("{path}: no entry is {}", show(missing));
    }
    if let Some(unwanted) = lacking.iter().find(holds) {
        bail!("{path}: unexpected entry {}", show(unwanted));
    }
    Ok(())
}

fn entries<'a>(list: &'a Value, path: &str) -> Result<&'a Vec<Value>> {
    list.as_array().with_context(|| format!("{path}: expected a list, got {}", show(list)))
}

fn fits(expected: &Value, actual: &Value, now: i64) -> bool {
    compare(expected, actual, "", now).is_ok()
}

fn is_relay_id(text: &str, type_name: &str) -> bool {
    let decoded = BASE64_STANDARD.decode(text).ok().and_then(|raw| String::from_utf8(raw).ok());
    let id = decoded.as_deref().and_then(|id| id.strip_prefix(type_name)?.strip_prefix(':'));
    id.is_some_and(|id| !id.is_empty())
}

fn is_like(text: &str, pattern: &str) -> bool {
    let whole = Regex::new(&format!("^(?:{pattern})$")).expect("the pattern is valid");
    whole.is_match(text)
}

/// Returns a value, shortened to fit on a line.
pub(super) fn show(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
