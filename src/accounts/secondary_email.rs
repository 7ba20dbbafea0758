//! `sendSecondaryEmailActivation`, `verifySecondaryEmail`, `swapEmails`, `removeSecondaryEmail`.

use super::audit::{Actor, Event};
use super::password::require_password;
use super::{
    Account, FieldError, FieldErrors, Result, Viewer, action_links, audit, email, notices, sessions,
    throttle, validation,
};
use crate::app::App;
use crate::mail::MailKind;
use crate::outbox;
use crate::store::accounts::Role;
use crate::store::{self, Reader, Writer};
use crate::tokens::action::Action;

/// Promises a mail to an address that whoever asks wants as a secondary one. Until its link is followed the address
/// belongs to nobody.
///
/// # Errors
/// A refusal if the password is wrong, the text is no address, or somebody has it.
pub fn send_activation(app: &App, viewer: &Viewer, address: &str, password: &str) -> Result<()> {
    let account = app.store.read(|db| sessions::require_verified(app, db, viewer))?;
    require_password(app, viewer, &account, "password", password)?;
    let address = validation::email(address)?;
    throttle::mail(app, viewer, throttle::MailPurpose::SecondaryEmail, &address)?;
    app.write(|tx| {
        let account = sessions::require_verified(app, tx, viewer)?;
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::SecondaryEmailRequested)?;
        // Also where somebody has the address: whether links to the one before still work must not tell that.
        store::pending_emails::upsert(tx, account.id, &email::hash(&email::key(&address)))?;
        if let Some(owner) = store::accounts::find_by_email(tx, &email::key(&address))? {
            if app.config.accounts.hide_existence {
                return notices::hint(app, tx, &owner, &address, notices::WANTED_AS_SECONDARY);
            }
            return Err(FieldErrors::of("email", FieldError::EMAIL_IN_USE).into());
        }
        let token = action_links::issue(app, Action::SecondaryEmail, &account, Some(&address))?;
        outbox::enqueue(app, tx, &MailKind::SecondaryEmail(&token), &address, account.plain_salutation())?;
        Ok(())
    })
}

/// Gives the account the address that the token was mailed to, in place of another secondary one.
///
/// # Errors
/// A refusal if the token is not good, or somebody has the address by now.
pub fn verify(app: &App, viewer: &Viewer, token: &str) -> Result<()> {
    throttle::token(app, viewer, || redeem(app, viewer, token))
}

fn redeem(app: &App, viewer: &Viewer, token: &str) -> Result<()> {
    let claims = action_links::read(app, Action::SecondaryEmail, token)?;
    let address = claims.secondary_email.clone().ok_or(FieldError::INVALID_TOKEN)?;
    app.write(|tx| {
        if store::emails::find_role(tx, &email::key(&address))?.is_some() {
            return Err(FieldError::EMAIL_IN_USE.into());
        }
        let account = action_links::find_account(tx, &claims)?;
        action_links::require_current(tx, token, &claims, &account)?;
        action_links::require_wanted(tx, &claims, &account)?;
        action_links::consume(app, tx, Action::SecondaryEmail, token, &claims)?;
        store::pending_emails::delete(tx, account.id)?;
        notices::enqueue(app, tx, &account, notices::SECONDARY_EMAIL_ADDED)?;
        let by = Actor::Bearer(viewer);
        if account.secondary_email.is_some() {
            give_up(app, tx, by, &account)?;
        }
        if !store::accounts::insert_email(tx, account.id, &address, &email::key(&address), Role::Secondary)? {
            return Err(FieldError::EMAIL_IN_USE.into());
        }
        audit::record(app, tx, by, account.id, Event::SecondaryEmailConfirmed)
    })
}

/// Lets primary and secondary address change places. Access tokens and links name the primary one, so
/// they end; sessions go on, and bring tokens that name the other.
///
/// # Errors
/// A refusal if the password is wrong or there is no secondary address.
pub fn swap(app: &App, viewer: &Viewer, password: &str) -> Result<()> {
    confirm(app, viewer, password)?;
    app.write(|tx| {
        let (account, secondary) = require_secondary(app, tx, viewer)?;
        throttle::account_change(app, tx, viewer, account.id)?;
        notices::enqueue(app, tx, &account, notices::EMAILS_SWAPPED)?;
        store::accounts::delete_email(tx, account.id, Role::Primary)?;
        store::accounts::delete_email(tx, account.id, Role::Secondary)?;
        store::accounts::insert_email(tx, account.id, &secondary, &email::key(&secondary), Role::Primary)?;
        store::accounts::insert_email(
            tx,
            account.id,
            &account.email,
            &email::key(&account.email),
            Role::Secondary,
        )?;
        store::accounts::begin_epoch(tx, account.id, app.clock.now())?;
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::EmailsSwapped)
    })
}

/// Takes the secondary address away.
///
/// # Errors
/// A refusal if the password is wrong or there is none.
pub fn remove(app: &App, viewer: &Viewer, password: &str) -> Result<()> {
    confirm(app, viewer, password)?;
    app.write(|tx| {
        let (account, _) = require_secondary(app, tx, viewer)?;
        throttle::account_change(app, tx, viewer, account.id)?;
        notices::enqueue(app, tx, &account, notices::SECONDARY_EMAIL_REMOVED)?;
        give_up(app, tx, Actor::Owner(viewer), &account)
    })
}

/// Takes the secondary address away: others may have it from here on.
fn give_up(app: &App, tx: &Writer<'_>, by: Actor<'_>, account: &Account) -> Result<()> {
    if let Some(address) = &account.secondary_email {
        sessions::free_address(app, tx, address)?;
    }
    store::accounts::delete_email(tx, account.id, Role::Secondary)?;
    store::pending_emails::delete(tx, account.id)?;
    audit::record(app, tx, by, account.id, Event::SecondaryEmailRemoved)
}

fn confirm(app: &App, viewer: &Viewer, password: &str) -> Result<()> {
    let (account, _) = app.store.read(|db| require_secondary(app, db, viewer))?;
    require_password(app, viewer, &account, "password", password)
}

fn require_secondary(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<(Account, String)> {
    let account = sessions::require_verified(app, db, viewer)?;
    let secondary = account.secondary_email.clone().ok_or(FieldError::SECONDARY_EMAIL_REQUIRED)?;
    Ok((account, secondary))
}
