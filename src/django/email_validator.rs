//! A port of Django's `EmailValidator`.
//!
//! Ignoring case, Python treats `ı` (U+0131) and `İ` (U+0130) as equal to `i`. Rust's `regex` does not, so the patterns list
//! them.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;

/// The part before the `@`: words joined by dots, or a quoted string.
static USER: LazyLock<Regex> = LazyLock::new(|| {
    case_insensitive(concat!(
        r"^[-!#$%&'*+/=?^_`{}|~0-9A-Zıİ]+(\.[-!#$%&'*+/=?^_`{}|~0-9A-Zıİ]+)*$",
        r#"|^"([\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7fıİ]"#,
        r#"|\\[\x01-\x09\x0b\x0c\x0e-\x7fıİ])*"$"#,
    ))
});

/// A host name with at least two labels, each of up to 63 characters.
static HOST: LazyLock<Regex> = LazyLock::new(|| {
    case_insensitive(r"^([A-Z0-9ıİ]([A-Z0-9ıİ-]{0,61}[A-Z0-9ıİ])?\.)+[A-Z0-9ıİ-]{1,62}[A-Z0-9ıİ]$")
});

fn case_insensitive(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).expect("the pattern is valid")
}

pub fn is_valid(email: &str) -> bool {
    email.rsplit_once('@').is_some_and(|(user, host)| is_valid_local_part(user) && is_valid_host(host))
}

pub fn is_valid_local_part(user: &str) -> bool {
    USER.is_match(user)
}

fn is_valid_host(host: &str) -> bool {
    let is_host = |host: &str| HOST.is_match(host) || is_address_literal(host);
    host == "localhost" || is_host(host) || idna::domain_to_ascii(host).is_ok_and(|ascii| is_host(&ascii))
}

fn is_address_literal(host: &str) -> bool {
    host.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<IpAddr>().is_ok())
}
