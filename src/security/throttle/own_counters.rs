//! The counters that are named after an account, its addresses or its names.

use std::iter::once;

use strum::IntoEnumIterator as _;

use super::{MailPurpose, names};
use crate::digest::sha256_hex;
use crate::email;
use crate::store::accounts::{Account, AccountId};
use crate::store::attempts::{self, Attempts};
use crate::store::{Reader, Result, Writer};

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
    for (limit, prefix) in prefixes_of_networks(account.id) {
        for (name, attempts) in attempts::list_with_prefix(db, &prefix)? {
            let network = name.strip_prefix(&prefix).map(str::to_owned);
            counters.push(OwnCounter { limit, network, purpose: None, attempts });
        }
    }
    for (limit, name) in [
        ("password_per_account", names::passwords_on(&account.id.to_string())),
        ("second_factor", names::codes_of(account.id)),
    ] {
        for (_, attempts) in attempts::list(db, &[&name])? {
            counters.push(OwnCounter { limit, network: None, purpose: None, attempts });
        }
    }
    // The rest of the name is the hash of the address of somebody else.
    for (_, attempts) in attempts::list_with_prefix(db, &names::join_requests_of(account.id, ""))? {
        let purpose = Some(MailPurpose::JoinRequest.into());
        counters.push(OwnCounter { limit: "mail_per_address", network: None, purpose, attempts });
    }
    for (purpose, name) in mail_counters(account) {
        for (_, attempts) in attempts::list(db, &[&name])? {
            let purpose = Some(purpose.into());
            counters.push(OwnCounter { limit: "mail_per_address", network: None, purpose, attempts });
        }
    }
    Ok(counters)
}

/// Deletes the counters of an account and its addresses. `login_names` are those under which failed logins were counted while
/// the account did not exist.
pub fn delete_own(db: &Writer<'_>, account: &Account, login_names: &[String]) -> Result<()> {
    let prefixes = prefixes_of_networks(account.id).into_iter().map(|(_, prefix)| prefix);
    for prefix in prefixes.chain([names::join_requests_of(account.id, "")]) {
        attempts::delete_between(db, &prefix, "")?;
    }
    for subject in once(account.id.to_string()).chain(login_names.iter().map(sha256_hex)) {
        attempts::delete(db, &names::passwords_on(&subject))?;
        attempts::delete_between(db, &names::password(&subject, ""), "")?;
    }
    attempts::delete(db, &names::codes_of(account.id))?;
    for (_, name) in mail_counters(account) {
        attempts::delete(db, &name)?;
    }
    // The join requests of others that were mailed to this account.
    for address in account.confirmed_addresses() {
        attempts::delete_between(db, names::JOIN_REQUESTS, &format!(":{}", email::hash(address)))?;
    }
    Ok(())
}

/// Returns the beginnings of the names of counters of the account, up to the network, with the names of their limits.
fn prefixes_of_networks(account: AccountId) -> [(&'static str, String); 3] {
    [
        ("password", names::password(&account.to_string(), "")),
        ("change", names::changes_of(account, "")),
        ("export", names::exports_of(account, "")),
    ]
}

/// Returns the counters of mails to the confirmed addresses of an account. Others may belong to somebody else.
fn mail_counters(account: &Account) -> impl Iterator<Item = (MailPurpose, String)> {
    account.confirmed_addresses().flat_map(|address| {
        MailPurpose::iter().map(move |purpose| (purpose, names::mails_to(purpose, address)))
    })
}
