//! `verifyAccount`, `resendActivationEmail`: the primary address is confirmed by a mailed link.

use super::audit::{By, Event};
use super::{
    Account, FieldError, FieldErrors, Result, Viewer, action_links, audit, email, limits, notices, sessions,
    validation,
};
use crate::app::App;
use crate::mail::Kind;
use crate::outbox;
use crate::store::{self, Writer};
use crate::tokens::action::Action;

/// Confirms the address that the token was mailed to.
///
/// # Errors
/// A refusal if the token is not good, or there is nothing to confirm.
pub fn verify(app: &App, viewer: &Viewer, token: &str) -> Result<()> {
    limits::token(app, viewer, || follow(app, viewer, token))
}

fn follow(app: &App, viewer: &Viewer, token: &str) -> Result<()> {
    let bond = action_links::read(app, Action::Activation, token)?;
    app.write(|tx| {
        let account = action_links::find_account(tx, &bond)?;
        if account.verified_at.is_some() {
            return Err(FieldError::ALREADY_VERIFIED.into());
        }
        action_links::require_current(tx, token, &bond, &account)?;
        action_links::spend(app, tx, Action::Activation, token, &bond)?;
        store::accounts::set_verified(tx, account.id, app.clock.now())?;
        if bond.forgotten && store::accounts::find_password_hash(tx, account.id)?.is_some() {
            store::accounts::delete_password_hash(tx, account.id)?;
            sessions::end_all(app, tx, &account)?;
            audit::note(app, tx, By::Bearer(viewer), account.id, Event::PasswordForgotten)?;
        }
        audit::note(app, tx, By::Bearer(viewer), account.id, Event::Verified)
    })
}

/// Promises another activation mail. An address that nobody has is no error.
///
/// # Errors
/// A refusal if the text is no address, or the account is verified.
pub fn resend(app: &App, viewer: &Viewer, address: &str) -> Result<()> {
    let address = validation::email(address)?;
    limits::mail(app, viewer, limits::About::Activation, &address)?;
    app.write(|tx| {
        let hides = app.config.accounts.hide_existence;
        let account = store::accounts::find_by_email(tx, &email::key(&address))?;
        let id = account.as_ref().map(|account| account.id);
        audit::note(app, tx, By::Somebody(viewer), id, Event::ActivationRequested)?;
        let Some(account) = account else {
            return if hides { Ok(outbox::pretend(app, tx)?) } else { Ok(()) };
        };
        if account.verified_at.is_some() && hides {
            return notices::hint(app, tx, &account, &address, notices::ACTIVATED_ALREADY);
        }
        if account.verified_at.is_some() {
            return Err(FieldErrors::of("email", FieldError::ALREADY_VERIFIED).into());
        }
        enqueue_mail(app, tx, &account)
    })
}

/// Promises the mail that verifies an account.
pub(super) fn enqueue_mail(app: &App, tx: &Writer<'_>, account: &Account) -> Result<()> {
    enqueue(app, tx, account, &action_links::issue(app, Action::Activation, account, None)?)
}

/// The same for somebody who asks for a new password. The link ends the old one: whoever registered the account may be
/// somebody else, who waits for the owner of the address to activate it.
pub(super) fn enqueue_mail_for_the_forgetful(app: &App, tx: &Writer<'_>, account: &Account) -> Result<()> {
    enqueue(app, tx, account, &action_links::issue_to_the_forgetful(app, account)?)
}

fn enqueue(app: &App, tx: &Writer<'_>, account: &Account, token: &str) -> Result<()> {
    outbox::enqueue(app, tx, &Kind::Activation(token), &account.email, account.plain_salutation())?;
    Ok(())
}
