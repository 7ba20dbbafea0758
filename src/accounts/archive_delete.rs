//! `archiveAccount`, `deleteAccount`.

use super::audit::{Actor, Event};
use super::password::require_password;
use super::{Account, FieldError, Result, Viewer, audit, notices, sessions, throttle};
use crate::app::App;
use crate::config::Deletion;
use crate::store::{self, Writer};

/// Puts the account of whoever asks away until the next login, and ends its sessions.
///
/// # Errors
/// A refusal if nobody is logged in or the password is wrong.
pub fn archive(app: &App, viewer: &Viewer, password: &str) -> Result<()> {
    close(app, viewer, password, notices::ARCHIVED, |tx, account| {
        store::accounts::set_archived(tx, account.id, Some(app.clock.now()))?;
        sessions::end_all(app, tx, account)?;
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::Archived)
    })
}

/// Erases the account of whoever asks, and address and username are free again; or shuts it off, as the settings say.
///
/// # Errors
/// As [`archive`], and while the account speaks for a working group, which would be left without a voice.
pub fn delete(app: &App, viewer: &Viewer, password: &str) -> Result<()> {
    close(app, viewer, password, notices::DELETED, |tx, account| {
        if app.config.accounts.delete == Deletion::Erase {
            return erase(app, tx, Actor::Owner(viewer), account);
        }
        require_dispensable(account)?;
        store::accounts::set_deactivated(tx, account.id, app.clock.now())?;
        sessions::end_all(app, tx, account)?;
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::Deactivated)
    })
}

/// Erases an account that no working group depends on.
pub(super) fn erase(app: &App, tx: &Writer<'_>, by: Actor<'_>, account: &Account) -> Result<()> {
    require_dispensable(account)?;
    for address in std::iter::once(&account.email).chain(&account.secondary_email) {
        sessions::free_address(app, tx, address)?;
    }
    audit::record(app, tx, by, account.id, Event::Deleted)?;
    Ok(store::accounts::delete(tx, account.id)?)
}

fn require_dispensable(account: &Account) -> Result<()> {
    if account.represents().is_some() { Err(FieldError::REPRESENTS_WORKING_GROUP.into()) } else { Ok(()) }
}

fn close(
    app: &App,
    viewer: &Viewer,
    password: &str,
    notice: &'static str,
    work: impl FnOnce(&Writer<'_>, &Account) -> Result<()>,
) -> Result<()> {
    let account = app.store.read(|db| sessions::require_verified(app, db, viewer))?;
    require_password(app, viewer, &account, "password", password)?;
    app.write(|tx| {
        let account = sessions::require_verified(app, tx, viewer)?;
        throttle::account_change(app, tx, viewer, account.id)?;
        notices::enqueue(app, tx, &account, notice)?;
        work(tx, &account)
    })
}
