//! The mutations `verifyAccount` and `resendActivationEmail`.

use super::{Account, sessions, validation};
use crate::app::App;
use crate::email;
use crate::error::{FieldError, FieldErrors, Result};
use crate::mail::MailKind;
use crate::outbox::Recipient;
use crate::security::action_links::{self, Redeemed};
use crate::security::audit::Event;
use crate::security::throttle::{self, MailPurpose};
use crate::security::{Tx, Viewer, notices};
use crate::store;
use crate::tokens::action::Action;

/// Confirms the address that a token was mailed to. If a new password was requested before, also deletes the old password
/// and returns a token for [`super::password::set_first`].
pub fn verify(app: &App, viewer: &Viewer, token: &str) -> Result<Redeemed<Option<String>>> {
    action_links::redeem(app, viewer, Action::Activation, token, |tx, account, _| {
        let ends_password = account.activation_ends_password;
        let account = activate(tx, account)?;
        ends_password.then(|| action_links::issue(app, Action::PasswordSet, &account, None)).transpose()
    })
}

/// Marks the address of an unverified account as confirmed, and deletes its password if a new one was requested.
pub(super) fn activate(tx: &Tx<'_>, mut account: Account) -> Result<Account> {
    store::accounts::set_verified(tx, account.id, Some(tx.now))?;
    if account.activation_ends_password && store::accounts::find_password_hash(tx, account.id)?.is_some() {
        store::accounts::delete_password_hash(tx, account.id)?;
        account.epoch = sessions::end_all(tx, &account)?;
        tx.record_by_owner(account.id, Event::PasswordForgotten)?;
    }
    tx.record_by_owner(account.id, Event::Verified)?;
    Ok(account)
}

/// Enqueues another activation mail. An address that no account has is not an error.
pub fn resend(app: &App, viewer: &Viewer, address: &str) -> Result<()> {
    let address = validation::email(address)?;
    Tx::run_anonymous(app, viewer, |tx| {
        throttle::mail(tx, MailPurpose::Activation, &address)?;
        let hides = app.config.accounts.hide_existence;
        let account = store::accounts::find_by_email(tx, &email::key(&address))?;
        let id = account.as_ref().map(|account| account.id);
        tx.record_anonymous(id, Event::ActivationRequested)?;
        match account {
            None if hides => tx.enqueue_decoy(),
            None => Ok(()),
            Some(account) if account.verified_at.is_none() => enqueue_mail(tx, &account),
            Some(account) if hides => {
                notices::enqueue_hint(tx, &account, &address, notices::ACTIVATED_ALREADY)
            }
            Some(_) => Err(FieldErrors::of("email", FieldError::ALREADY_VERIFIED).into()),
        }
    })
}

pub(super) fn enqueue_mail(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let token = action_links::issue(tx.app, Action::Activation, account, None)?;
    let mail = MailKind::Activation { token: &token, ends_password: account.activation_ends_password };
    tx.enqueue(&mail, &Recipient::owner(account, &account.email, account.plain_salutation()))
}
