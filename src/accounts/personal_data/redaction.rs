//! Removes tokens from mails, so that a stolen export cannot reset a password.

use crate::accounts::Account;
use crate::text;

/// Every token has at least this many characters of an alphabet that hosts and most words leave earlier.
const SHORTEST_TOKEN: usize = 32;
const REPLACEMENT: &str = "(removed)";

/// Replaces everything that may be a token, whatever the templates and links of the site look like: long runs of the
/// characters of tokens. UUIDs, which authorize nothing, and the names and addresses of the account stay.
pub(super) fn redact(mail: &str, account: &Account) -> String {
    let mut redacted = String::with_capacity(mail.len());
    let mut rest = mail;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_token(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        redacted.push_str(if is_token(run, account) { REPLACEMENT } else { run });
        let next = after.find(is_of_token).unwrap_or(after.len());
        redacted.push_str(&after[..next]);
        rest = &after[next..];
    }
    redacted
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '%')
}

fn is_token(run: &str, account: &Account) -> bool {
    let names = account.addresses().chain([&account.username, &account.first_name, &account.last_name]);
    // Without the length, a token of 32 hexadecimal digits would count as a UUID.
    let is_uuid = run.len() == 36 && text::uuid(run).is_some();
    run.len() >= SHORTEST_TOKEN && !is_uuid && !names.into_iter().any(|name| name.contains(run))
}
