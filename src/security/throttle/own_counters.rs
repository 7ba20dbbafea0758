//! The counters that are named after an account, its addresses or its names.

use std::iter::once;

use strum::VariantNames as _;

use super::MailPurpose;
use crate::digest::sha256_hex;
use crate::email;
use crate::store::accounts::{Account, AccountId};
use crate::store::attempts::{self, Attempts};
use crate::store::{Reader, Result, Writer, pending_emails};

/// A counter of attempts at an account, or of mails to its owner.
pub struct OwnCounter {
    /// The name of the limit in the settings.
    pub limit: &'static str,
    /// Where the attempts came from, if the counter is one of a network.
    pub network: Option<String>,
    /// The purpose of the mails, if the counter is one of mails.
    pub purpose: Option<&'static str>,
    pub attempts: Attempts,
}

/// Returns the counters of an account and its addresses.
pub fn list_own(db: &Reader<'_>, account: &Account) -> Result<Vec<OwnCounter>> {
    let mut counters = Vec::new();
    for (limit, prefix) in network_prefixes(account.id) {
        for (name, attempts) in attempts::list_with_prefix(db, &prefix)? {
            let network = name.strip_prefix(&prefix).map(str::to_owned);
            counters.push(OwnCounter { limit, network, purpose: None, attempts });
        }
    }
    let on_account = on_subject(&account.id.to_string());
    for (_, attempts) in attempts::list(db, &[&on_account])? {
        counters.push(OwnCounter { limit: "password_per_account", network: None, purpose: None, attempts });
    }
    // The rest of the name is the hash of the address of somebody else.
    for (_, attempts) in attempts::list_with_prefix(db, &join_requests_of(account.id))? {
        let purpose = Some(MailPurpose::JoinRequest.into());
        counters.push(OwnCounter { limit: "mail_per_address", network: None, purpose, attempts });
    }
    for hash in address_hashes(db, account)? {
        for (purpose, name) in mail_counters(&hash) {
            for (_, attempts) in attempts::list(db, &[&name])? {
                counters.push(OwnCounter {
                    limit: "mail_per_address",
                    network: None,
                    purpose: Some(purpose),
                    attempts,
                });
            }
        }
    }
    Ok(counters)
}

/// Deletes the counters of an account and its addresses. `login_names` are those under which failed logins were counted while
/// the account did not exist.
pub fn delete_own(db: &Writer<'_>, account: &Account, login_names: &[String]) -> Result<()> {
    let prefixes = network_prefixes(account.id).into_iter().map(|(_, prefix)| prefix);
    for prefix in prefixes.chain([join_requests_of(account.id)]) {
        attempts::delete_between(db, &prefix, "")?;
    }
    for subject in once(account.id.to_string()).chain(login_names.iter().map(sha256_hex)) {
        attempts::delete(db, &on_subject(&subject))?;
        attempts::delete_between(db, &format!("password:{subject}@"), "")?;
    }
    for hash in address_hashes(db, account)? {
        for (_, name) in mail_counters(&hash) {
            attempts::delete(db, &name)?;
        }
        // The join requests of others that were mailed to this account.
        attempts::delete_between(db, "join-requests-of:", &format!(":{hash}"))?;
    }
    Ok(())
}

fn network_prefixes(account: AccountId) -> [(&'static str, String); 2] {
    [("password", format!("password:{account}@")), ("change", format!("changes-of:{account}@"))]
}

fn on_subject(subject: &str) -> String {
    format!("passwords-on:{subject}")
}

fn join_requests_of(account: AccountId) -> String {
    format!("join-requests-of:{account}:")
}

/// Returns the hashes of the addresses of an account, and of the one that it requested last.
fn address_hashes(db: &Reader<'_>, account: &Account) -> Result<Vec<String>> {
    let pending = pending_emails::find_hash(db, account.id)?;
    Ok(account.addresses().map(|address| email::hash(address)).chain(pending).collect())
}

fn mail_counters(hash: &str) -> impl Iterator<Item = (&'static str, String)> {
    MailPurpose::VARIANTS.iter().map(move |purpose| (*purpose, format!("mails-to:{purpose}:{hash}")))
}
