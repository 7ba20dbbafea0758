//! Normalization and comparison of e-mail addresses.

use std::borrow::Cow;

use crate::digest::sha256_hex;
use crate::django::email_validator::is_valid_local_part;
use crate::django::text::strip;

/// Returns an address in the form that is stored, as in Django: without white space around it, and the host in lower case.
pub fn normalize(email: &str) -> String {
    match strip(email).rsplit_once('@') {
        Some((local, host)) => format!("{local}@{}", host.to_lowercase()),
        None => email.to_owned(),
    }
}

/// Changes whenever [`key`] returns another key for an address.
pub const KEY_VERSION: &str = "1";

/// Returns the key of an address, which is the same for all spellings of one mailbox. The host is in Unicode (UTS 46), and
/// the local part has no escapes and no unnecessary quotes (RFC 5321 §4.1.2). Only ASCII letters of the local part are in lower
/// case: the Kelvin sign would become a `k`, which is another mailbox.
pub fn key(email: &str) -> String {
    let Some((local, host)) = email.rsplit_once('@') else { return email.to_lowercase() };
    format!("{}@{}", unquote(local).to_ascii_lowercase(), host_key(host))
}

fn host_key(host: &str) -> String {
    let host = host.to_lowercase();
    let (unicode, outcome) = idna::domain_to_unicode(&host);
    if outcome.is_ok() { unicode } else { host }
}

/// Removes the escapes of a quoted local part, and its quotes if it is valid without them.
fn unquote(local: &str) -> Cow<'_, str> {
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else { return local.into() };
    let mut content = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        content.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    // A quote in the content was escaped, so it is part of the name. `is_valid_local_part` would accept it as a delimiter.
    let needs_quotes = content.starts_with('"') || !is_valid_local_part(&content);
    if needs_quotes { format!("\"{content}\"").into() } else { content.into() }
}

/// Whether two addresses are spellings of one mailbox.
pub fn is_same(one: &str, other: &str) -> bool {
    key(one) == key(other)
}

/// Whether an address is at a host. A host that begins with `*.` stands for all hosts below it.
pub fn is_at(email: &str, host: &str) -> bool {
    let key = key(email);
    let Some((_, own)) = key.rsplit_once('@') else { return false };
    match host.strip_prefix("*.") {
        Some(parent) => own.strip_suffix(&host_key(parent)).is_some_and(|below| below.ends_with('.')),
        None => own == host_key(host),
    }
}

/// Returns the hash of the key of an address, for tables that only compare addresses.
pub fn hash(email: &str) -> String {
    sha256_hex(key(email))
}
