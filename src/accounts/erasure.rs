//! Erases what is stored about an account, wherever it is. `docs/privacy.md` lists what remains, and for how long.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::anyhow;

use super::login::Name;
use super::{Account, AccountId};
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::email;
use crate::error::{Error, Result};
use crate::security::audit::Event;
use crate::security::{Tx, throttle};
use crate::store::audit::{NewEntry, StoredActor};
use crate::store::erased_accounts::{self, ErasedAccount};
use crate::store::{self, Reader, Store, Writer};

/// The most accounts that are erased in a transaction, so that other writes do not wait long.
const BATCH: i64 = 20;

/// Erases an account, its mails, invitations and counters, whatever its state is. Sessions, the membership and join requests
/// are deleted with the account. Remembers its id and the hashes of its addresses. What was mailed to an address that the
/// account never confirmed belongs to somebody else, unless it is about the account.
pub(super) fn erase(db: &Writer<'_>, account: &Account, now: Timestamp) -> store::Result<()> {
    let mut login_names = Vec::new();
    for address in account.addresses() {
        store::released_emails::upsert(db, &email::hash(address), now)?;
        login_names.push(Name { email: Some(address.clone()), username: None }.counter_name());
    }
    login_names.push(Name { email: None, username: Some(account.username.clone()) }.counter_name());
    throttle::delete_own(db, account, &login_names)?;
    store::personal_data::delete_mails_about(db, account.id)?;
    for address in account.confirmed_addresses() {
        store::personal_data::delete_mails_to(db, &email::key(address))?;
        store::personal_data::delete_invitations_to(db, &email::key(address))?;
    }
    erased_accounts::insert(
        db,
        ErasedAccount { id: account.id, joined_at: account.joined_at, erased_at: now },
    )?;
    store::accounts::delete(db, account.id)
}

/// Erases a batch of accounts whose address was never confirmed, and returns their number: 0 if none are left.
pub(super) fn erase_unverified(app: &App) -> store::Result<usize> {
    let now = app.clock.now();
    let Some(kept) = unverified_kept(&app.config) else { return Ok(0) };
    let list = |db: &Reader<'_>, ids| store::accounts::list_expired(db, ids, now.minus(kept), now, BATCH);
    // The search may read all accounts. Unlike a write, a read blocks no writer.
    let found = app.store.read_latest(|db| list(db, 1..=AccountId::MAX))?;
    let (Some(first), Some(last)) = (found.first(), found.last()) else { return Ok(0) };
    let outcome = Tx::run_as_operator(app, |tx| {
        let accounts = list(tx, first.id..=last.id)?;
        for account in &accounts {
            erase_unproven(tx, account)?;
        }
        Ok(accounts.len())
    });
    outcome.map_err(|error| {
        let cause = match error {
            Error::Internal(error) => return error,
            // The log has the error of the database.
            Error::Unavailable(unavailable) => unavailable.sentence,
            Error::OutcomeUnknown => "the connection to the database broke",
            Error::Refused(_) | Error::BadRequest(_) => "a rule rejected it",
        };
        anyhow!("the accounts that were never verified could not be erased: {cause}")
    })
}

/// Returns how long accounts are kept that are not verified and not used: at least as long as their links are valid. `None` if
/// the site does not insist on a confirmation, or if the audit log forgets earlier that an account was used.
fn unverified_kept(config: &Config) -> Option<Duration> {
    let links = config.tokens.activation_lifetime.max(config.tokens.password_set_lifetime);
    let kept = config.retention.unverified.max(links);
    let is_required = config.mail.activation && !config.accounts.login_unverified;
    (is_required && kept <= config.audit.kept).then_some(kept)
}

/// Erases an account that nobody has proven to own.
pub(super) fn erase_unproven(tx: &Tx<'_>, account: &Account) -> Result<()> {
    tx.record(account.id, Event::Expired)?;
    Ok(erase(tx, account, tx.now)?)
}

/// Erases accounts in a restored database that were erased after its backup, and returns their ids. Keeps the ids of all erased
/// accounts, and never assigns one of them again. An account that represents a working group is erased as well: the group
/// remains.
pub fn erase_restored(
    restored: &Store,
    erased: &[ErasedAccount],
    now: Timestamp,
) -> store::Result<Vec<AccountId>> {
    restored.write(|db| {
        let ids: Vec<AccountId> = erased.iter().map(|erased| erased.id).collect();
        let accounts = store::accounts::list_by_ids(db, &ids)?;
        let joined_at: HashMap<AccountId, Timestamp> =
            erased.iter().map(|erased| (erased.id, erased.joined_at)).collect();
        let (same, others): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| joined_at.get(&account.id) == Some(&account.joined_at));
        let reused: HashSet<AccountId> = others.iter().map(|account| account.id).collect();
        // First with the former times, which `erase` keeps. The audit of another account with the id must not expire.
        for erased in erased.iter().filter(|erased| !reused.contains(&erased.id)) {
            erased_accounts::insert(db, *erased)?;
        }
        for account in &same {
            store::audit::insert(db, &deletion_of(account.id, now))?;
            erase(db, account, now)?;
        }
        let last_id = store::accounts::transfer::last_id(db)?;
        let newest = ids.into_iter().max().unwrap_or_default();
        if newest > last_id {
            store::accounts::transfer::set_last_id(db, newest)?;
        }
        Ok(same.iter().map(|account| account.id).collect())
    })
}

fn deletion_of(account: AccountId, now: Timestamp) -> NewEntry<'static> {
    NewEntry {
        at: now,
        event: Event::Deleted.into(),
        account: Some(account),
        actor: StoredActor::Operator,
        address: None,
        session: None,
        detail: None,
    }
}
