//! The names of counters. A name begins with what it counts, so that the counters of a subject are found by their prefix: with
//! an empty last argument, a function returns the prefix of all names with the arguments before it.

use super::MailPurpose;
use crate::email;
use crate::store::accounts::AccountId;

pub(super) const JOIN_REQUESTS: &str = "join-requests-of:";

/// Counts passwords for one subject, an account or the hash of a name that no account has, from one network.
pub(super) fn password(subject: &str, network: &str) -> String {
    format!("password:{subject}@{network}")
}

pub(super) fn passwords_by(network: &str) -> String {
    format!("passwords-by:{network}")
}

pub(super) fn passwords_on(subject: &str) -> String {
    format!("passwords-on:{subject}")
}

/// Counts codes of a second factor for one account.
pub(super) fn codes_of(account: AccountId) -> String {
    format!("codes-of:{account}")
}

pub(super) fn registrations_by(network: &str) -> String {
    format!("registrations-by:{network}")
}

pub(super) fn tokens_by(network: &str) -> String {
    format!("tokens-by:{network}")
}

pub(super) fn changes_of(account: AccountId, network: &str) -> String {
    format!("changes-of:{account}@{network}")
}

pub(super) fn exports_of(account: AccountId, network: &str) -> String {
    format!("exports-of:{account}@{network}")
}

pub(super) fn group_changes_by(network: &str) -> String {
    format!("group-changes-by:{network}")
}

pub(super) fn mails_by(network: &str) -> String {
    format!("mails-by:{network}")
}

pub(super) fn mails_to(purpose: MailPurpose, address: &str) -> String {
    format!("mails-to:{}:{}", <&str>::from(purpose), email::hash(address))
}

/// Counts the join requests of one account to the representative with the address that has this hash.
pub(super) fn join_requests_of(account: AccountId, hash: &str) -> String {
    format!("{JOIN_REQUESTS}{account}:{hash}")
}
