//! Erases what is stored about an account, wherever it is. `docs/privacy.md` lists what remains, and for how long.

use anyhow::anyhow;

use super::login::Name;
use super::{Account, AccountId};
use crate::app::App;
use crate::clock::Timestamp;
use crate::email;
use crate::error::{Error, Result};
use crate::security::audit::Event;
use crate::security::{Tx, throttle};
use crate::store::audit::{NewEntry, StoredActor};
use crate::store::erased_accounts::{self, ErasedAccount};
use crate::store::{self, Store, Writer};

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
    erased_accounts::insert(db, ErasedAccount { id: account.id, erased_at: now })?;
    store::accounts::delete(db, account.id)
}

/// Erases a batch of accounts whose address was never confirmed, and returns their number: 0 if none are left.
pub(super) fn erase_unverified(app: &App) -> store::Result<usize> {
    let now = app.clock.now();
    let (retention, tokens) = (&app.config.retention, &app.config.tokens);
    // An account must not vanish while its link is valid.
    let kept = retention.unverified.max(tokens.activation_lifetime).max(tokens.password_set_lifetime);
    let moment = now.minus(kept);
    let unused = app.store.read_latest(|db| erased_accounts::list_unused(db, moment, now, BATCH))?;
    if unused.is_empty() {
        return Ok(0);
    }
    let outcome = Tx::run_as_operator(app, |tx| {
        let mut erased = 0;
        for account in store::accounts::list_by_ids(tx, &unused)? {
            // The account may have been verified since it was listed. It cannot have become older.
            if is_unused(tx, &account)? {
                tx.record(account.id, Event::Expired)?;
                erase(tx, &account, tx.now)?;
                erased += 1;
            }
        }
        Ok(erased)
    });
    outcome.map_err(|error| match error {
        Error::Internal(error) => error,
        _ => anyhow!("the accounts that were never verified could not be erased"),
    })
}

fn is_unused(tx: &Tx<'_>, account: &Account) -> Result<bool> {
    let has_changed = account.verified_at.is_some()
        || account.deactivated_at.is_some()
        || account.membership.is_some()
        || account.is_staff
        || account.epoch != 0;
    Ok(!has_changed && store::sessions::list_live(tx, account.id, tx.now)?.is_empty())
}

/// Erases accounts in a restored database that were erased after its backup, and returns their number. Keeps their ids, and
/// never assigns one of these again. An account that represents a working group is erased as well: the group remains.
pub fn erase_again(restored: &Store, erased: &[ErasedAccount], now: Timestamp) -> store::Result<usize> {
    restored.write(|db| {
        let ids: Vec<AccountId> = erased.iter().map(|erased| erased.id).collect();
        let accounts = store::accounts::list_by_ids(db, &ids)?;
        for account in &accounts {
            let entry = NewEntry {
                at: now,
                event: Event::Deleted.into(),
                account: Some(account.id),
                actor: StoredActor::Operator,
                address: None,
                session: None,
                detail: None,
            };
            store::audit::insert(db, &entry)?;
        }
        // First with the former times, which `erase` keeps.
        erased.iter().try_for_each(|erased| erased_accounts::insert(db, *erased))?;
        accounts.iter().try_for_each(|account| erase(db, account, now))?;
        let last_id = store::accounts::transfer::last_id(db)?;
        let newest = ids.into_iter().max().unwrap_or_default();
        if newest > last_id {
            store::accounts::transfer::set_last_id(db, newest)?;
        }
        Ok(accounts.len())
    })
}
