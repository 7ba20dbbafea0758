//! E-mail addresses: which ones are taken, how they are stored and what they are matched by, as in Django 3.1.

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

/// What addresses are matched by: the whole of it in lower case, and of all the ways in which a host can be written
/// beside ASCII the one that mail goes to (UTS 46), or one mailbox would be many accounts.
pub fn key(email: &str) -> String {
    let email = email.to_lowercase();
    match email.rsplit_once('@') {
        Some((user, host)) if !host.is_ascii() => {
            let (host, outcome) = idna::domain_to_unicode(host);
            if outcome.is_ok() { format!("{user}@{host}") } else { email }
        }
        _ => email,
    }
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
