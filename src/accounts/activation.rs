//! `verifyAccount`, `resendActivationEmail`: the primary address is confirmed by a mailed link.

use super::audit::{Actor, Event};
use super::{
    Account, FieldError, FieldErrors, Result, Viewer, action_links, audit, email, notices, sessions,
    throttle, validation,
};
use crate::app::App;
use crate::mail::MailKind;
use crate::outbox;
use crate::store::{self, Writer};
use crate::tokens::action::Action;

/// Confirms the address that the token was mailed to. If a new password was asked for before,
/// it also deletes the old password and returns a token for [`super::password::set_first`].
///
/// # Errors
/// A refusal if the token is not valid, or the account is verified already.
pub fn verify(app: &App, viewer: &Viewer, token: &str) -> Result<Option<String>> {
    throttle::token(app, viewer, || redeem(app, viewer, token))
}

fn redeem(app: &App, viewer: &Viewer, token: &str) -> Result<Option<String>> {
    let claims = action_links::read(app, Action::Activation, token)?;
    app.write(|tx| {
        let account = action_links::find_account(tx, &claims)?;
        if account.verified_at.is_some() {
            return Err(FieldError::ALREADY_VERIFIED.into());
        }
        action_links::require_current(tx, token, &claims, &account)?;
        action_links::consume(app, tx, Action::Activation, token, &claims)?;
        let ends_password = account.activation_ends_password;
        let account = activate(app, tx, Actor::Bearer(viewer), account)?;
        let next = ends_password.then(|| action_links::issue(app, Action::PasswordSet, &account, None));
        next.transpose()
    })
}

/// Marks the address of an unverified account as confirmed, and ends its password if a new one was asked for.
pub(super) fn activate(app: &App, tx: &Writer<'_>, by: Actor<'_>, mut account: Account) -> Result<Account> {
    store::accounts::set_verified(tx, account.id, Some(app.clock.now()))?;
    if account.activation_ends_password && store::accounts::find_password_hash(tx, account.id)?.is_some() {
        store::accounts::delete_password_hash(tx, account.id)?;
        account.epoch = sessions::end_all(app, tx, &account)?;
        audit::record(app, tx, by, account.id, Event::PasswordForgotten)?;
    }
    audit::record(app, tx, by, account.id, Event::Verified)?;
    Ok(account)
}

/// Enqueues another activation mail. An unknown address is not an error.
///
/// # Errors
/// A refusal if the string is not an address, or the account is verified.
pub fn resend(app: &App, viewer: &Viewer, address: &str) -> Result<()> {
    let address = validation::email(address)?;
    throttle::mail(app, viewer, throttle::MailPurpose::Activation, &address)?;
    app.write(|tx| {
        let hides = app.config.accounts.hide_existence;
        let account = store::accounts::find_by_email(tx, &email::key(&address))?;
        let id = account.as_ref().map(|account| account.id);
        audit::record(app, tx, Actor::Somebody(viewer), id, Event::ActivationRequested)?;
        let Some(account) = account else {
            return if hides { Ok(outbox::enqueue_decoy(app, tx)?) } else { Ok(()) };
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

/// Enqueues the mail with the link that verifies an account.
pub(super) fn enqueue_mail(app: &App, tx: &Writer<'_>, account: &Account) -> Result<()> {
    let token = action_links::issue(app, Action::Activation, account, None)?;
    let mail = MailKind::Activation { token: &token, ends_password: account.activation_ends_password };
    outbox::enqueue(app, tx, &mail, &account.email, account.plain_salutation())?;
    Ok(())
}

/// Enqueues the activation mail for an unverified account whose new password was asked for. From now on each of its
/// activation links also ends the password, older and newer ones included: somebody else may have registered the address
/// with a password of theirs, and can ask for another activation mail.
pub(super) fn enqueue_mail_that_ends_password(app: &App, tx: &Writer<'_>, account: Account) -> Result<()> {
    store::accounts::set_activation_ends_password(tx, account.id)?;
    enqueue_mail(app, tx, &Account { activation_ends_password: true, ..account })
}
