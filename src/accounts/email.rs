//! E-mail addresses: which ones are taken, how they are stored and what they are matched by, as in Django 3.1.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;
use sha2::{Digest, Sha256};

use super::error::FieldError;
use super::text::{complaints, strip};

/// The part before the `@`: words joined by dots, or a quoted text.
static USER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^[-!#$%&'*+/=?^_`{}|~0-9A-Zıİ]+(\.[-!#$%&'*+/=?^_`{}|~0-9A-Zıİ]+)*$",
        r#"|^"([\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7fıİ]"#,
        r#"|\\[\x01-\x09\x0b\x0c\x0e-\x7fıİ])*"$"#,
    ))
});

/// A host name of at least two labels of up to 63 characters.
static HOST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([A-Z0-9ıİ]([A-Z0-9ıİ-]{0,61}[A-Z0-9ıİ])?\.)+[A-Z0-9ıİ-]{1,62}[A-Z0-9ıİ]$"));

/// Ignores case as Python does, but for the dotless and the dotted i, which Python takes for an i: patterns name them.
fn pattern(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).expect("the pattern is constant")
}

/// Cleans an address as Django's form field does: trimmed, checked; complaints in Django's order.
pub fn clean(raw: &str, max_length: usize) -> Result<String, Vec<FieldError>> {
    let email = strip(raw);
    if email.is_empty() {
        return Err(vec![FieldError::REQUIRED]);
    }
    let invalid = (!is_valid(email)).then_some(FieldError::INVALID_EMAIL);
    let found: Vec<FieldError> = invalid.into_iter().chain(complaints(email, max_length)).collect();
    if found.is_empty() { Ok(email.to_owned()) } else { Err(found) }
}

/// The address as it is stored: host part in lower case.
pub fn normalize(email: &str) -> String {
    match strip(email).rsplit_once('@') {
        Some((user, host)) => format!("{user}@{}", host.to_lowercase()),
        None => email.to_owned(),
    }
}

/// Returns the string that addresses are compared by: all spellings of one mailbox have the same key. The host is compared
/// in Unicode (UTS 46), and the user part without needless quotes and escapes (RFC 5321 §4.1.2). Only ASCII letters of the
/// user part lose their case: the Kelvin sign is a `k` in lower case, and another mailbox.
pub fn key(email: &str) -> String {
    let Some((user, host)) = email.rsplit_once('@') else { return email.to_lowercase() };
    let host = host.to_lowercase();
    let (unicode, outcome) = idna::domain_to_unicode(&host);
    let host = if outcome.is_ok() { unicode } else { host };
    format!("{}@{host}", unquote(user).to_ascii_lowercase())
}

/// Removes the escapes of a quoted user part, and its quotes if it is valid without them.
fn unquote(user: &str) -> Cow<'_, str> {
    let quoted = user.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else { return user.into() };
    let mut content = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        content.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    let needs_quotes = content.starts_with('"') || !USER.is_match(&content);
    if needs_quotes { format!("\"{content}\"").into() } else { content.into() }
}

/// Whether one mailbox is meant by both.
pub fn is_same(one: &str, other: &str) -> bool {
    key(one) == key(other)
}

/// What is kept of an address that nobody has any more: the SHA-256 of its key in hexadecimal digits.
pub fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}

/// Whether Django's EmailValidator takes the text as it is.
pub fn is_valid(email: &str) -> bool {
    email.rsplit_once('@').is_some_and(|(user, host)| USER.is_match(user) && is_valid_host(host))
}

fn is_valid_host(host: &str) -> bool {
    host == "localhost" || is_host(host) || idna::domain_to_ascii(host).is_ok_and(|ascii| is_host(&ascii))
}

fn is_host(host: &str) -> bool {
    HOST.is_match(host) || is_address_literal(host)
}

fn is_address_literal(host: &str) -> bool {
    host.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<IpAddr>().is_ok())
}
