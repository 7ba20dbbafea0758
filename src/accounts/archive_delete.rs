//! The mutations `archiveAccount` and `deleteAccount`.

use super::{Account, erasure, sessions};
use crate::app::App;
use crate::config::Deletion;
use crate::error::{FieldError, Result};
use crate::security::audit::Event;
use crate::security::reauthentication::{Proof, reauthenticate};
use crate::security::{Tx, Viewer, notices, throttle};
use crate::store;

/// Archives the account of the viewer until the next login.
pub fn archive(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<()> {
    let verified = reauthenticate(app, viewer, "password", proof, |_, _| Ok(()))?;
    verified.run(app, |tx, account| {
        throttle::account_change(tx, account.id)?;
        notices::enqueue(tx, account, notices::ARCHIVED)?;
        store::accounts::set_archived(tx, account.id, Some(tx.now))?;
        sessions::end_all(tx, account)?;
        tx.record(account.id, Event::Archived)
    })
}

/// Erases or deactivates the account of the viewer, depending on the settings.
pub fn delete(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<()> {
    let verified = reauthenticate(app, viewer, "password", proof, |_, _| Ok(()))?;
    verified.run(app, |tx, account| {
        throttle::account_change(tx, account.id)?;
        if app.config.accounts.delete == Deletion::Erase {
            erase(tx, account)?;
            return notices::enqueue_last(tx, account, notices::DELETED);
        }
        require_not_representative(account)?;
        notices::enqueue(tx, account, notices::DELETED)?;
        store::accounts::set_deactivated(tx, account.id, Some(tx.now))?;
        sessions::end_all(tx, account)?;
        tx.record(account.id, Event::Deactivated)
    })
}

/// Erases an account. Rejects the representative of a working group.
pub(super) fn erase(tx: &Tx<'_>, account: &Account) -> Result<()> {
    require_not_representative(account)?;
    tx.record(account.id, Event::Deleted)?;
    Ok(erasure::erase(tx, account, tx.now)?)
}

fn require_not_representative(account: &Account) -> Result<()> {
    if account.represents().is_some() { Err(FieldError::REPRESENTS_WORKING_GROUP.into()) } else { Ok(()) }
}
