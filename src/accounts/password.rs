//! The mutations `sendPasswordResetEmail`, `passwordReset`, `passwordSet` and `passwordChange`.

use anyhow::anyhow;

use super::login::begin_api_session;
use super::sessions::{self, Tokens};
use super::{Account, activation, validation};
use crate::app::App;
use crate::django::password_validators::Owner;
use crate::email;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::mail::MailKind;
use crate::outbox::Recipient;
use crate::security::action_links::{self, Link, LinkRejection, Redeemed};
use crate::security::audit::Event;
use crate::security::reauthentication::{Proof, reauthenticate};
use crate::security::throttle::{self, MailPurpose};
use crate::security::{Tx, Viewer, notices};
use crate::store;
use crate::store::sessions::Authenticated;
use crate::tokens::action::Action;

/// The arguments of a new password and its repetition.
const FIELDS: [&str; 2] = ["newPassword1", "newPassword2"];

/// Mails a link for a new password to an address, primary or secondary. An address that no account has is not an error. An
/// unverified account gets an activation mail instead.
pub fn send_reset_mail(app: &App, viewer: &Viewer, address: &str) -> Result<()> {
    let address = validation::email(address)?;
    Tx::run_anonymous(app, viewer, |tx| {
        throttle::mail(tx, MailPurpose::Password, &address)?;
        let hides = app.config.accounts.hide_existence;
        let account = store::accounts::find_by_email(tx, &email::key(&address))?;
        let id = account.as_ref().map(|account| account.id);
        tx.record_anonymous(id, Event::ResetRequested)?;
        let Some(account) = account else { return if hides { tx.enqueue_decoy() } else { Ok(()) } };
        if account.verified_at.is_none() {
            // Somebody else may have registered the address with a password of theirs. From now on all activation links
            // of the account delete that password: earlier ones, and those that are requested later.
            store::accounts::set_activation_ends_password(tx, account.id)?;
            activation::enqueue_mail(tx, &Account { activation_ends_password: true, ..account })?;
            if hides {
                return Ok(());
            }
            tx.keep_on_rejection();
            return Err(FieldErrors::of("email", FieldError::NOT_VERIFIED_PASSWORD_RESET).into());
        }
        let secondary = account.secondary_email.as_deref().filter(|own| email::is_same(own, &address));
        let token = action_links::issue(app, Action::PasswordReset, &account, secondary)?;
        let address = secondary.unwrap_or(&account.email);
        let recipient = Recipient::owner(&account, address, account.salutation());
        tx.enqueue(&MailKind::PasswordReset(&token), &recipient)
    })
}

/// Sets a new password with a mailed token, verifies the account, and ends all its sessions. The token remains valid if the
/// password is rejected.
pub fn reset(app: &App, viewer: &Viewer, token: &str, passwords: [&str; 2]) -> Result<Redeemed<()>> {
    set_by_link(app, viewer, Action::PasswordReset, token, passwords)
}

/// Sets a password for an account that has none, with a token from a mail or from [`activation::verify`], and verifies the
/// account.
pub fn set_first(app: &App, viewer: &Viewer, token: &str, passwords: [&str; 2]) -> Result<Redeemed<()>> {
    set_by_link(app, viewer, Action::PasswordSet, token, passwords)
}

fn set_by_link(
    app: &App,
    viewer: &Viewer,
    action: Action,
    token: &str,
    passwords: [&str; 2],
) -> Result<Redeemed<()>> {
    let link = match Link::read(app, action, token) {
        Ok(link) => link,
        Err(status) => return action_links::reject(app, viewer, action, status).map(Err),
    };
    let (status, account) = app.store.read(|db| link.check(db))?;
    // As in the original, a weak password is reported before a used token.
    if let Some(Err(errors)) = account.map(|account| check_strength(app, &account, passwords)) {
        return Ok(Err(LinkRejection { status, errors }));
    }
    if !status.is_valid() {
        return action_links::reject(app, viewer, action, status).map(Err);
    }
    let hash = app.hasher.hash(passwords[0])?;
    link.redeem(app, viewer, |tx, account, _| {
        set(tx, &account, &hash)?;
        let event = if action == Action::PasswordSet { Event::PasswordSet } else { Event::PasswordReset };
        tx.record_by_owner(account.id, event)?;
        if store::accounts::set_verified(tx, account.id, Some(tx.now))? {
            tx.record_by_owner(account.id, Event::Verified)?;
        }
        // From now on, the attempts of others do not throttle logins from this client.
        throttle::remember_client(tx, &account)
    })
}

/// Changes the password, given the old one. All sessions end, and a new one begins.
pub fn change(app: &App, viewer: &Viewer, proof: Proof<'_>, passwords: [&str; 2]) -> Result<Tokens> {
    change_with(app, viewer, proof, passwords, begin_api_session)?.sign(app)
}

/// Enqueues a link to choose the first password, which also confirms the address.
pub(super) fn enqueue_first(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let token = action_links::issue(tx.app, Action::PasswordSet, account, None)?;
    let recipient = Recipient::owner(account, &account.email, account.plain_salutation());
    tx.enqueue(&MailKind::PasswordSet(&token), &recipient)
}

/// Changes the password and begins a session with `begin`, which returns its id and its secrets.
pub(super) fn change_with<S>(
    app: &App,
    viewer: &Viewer,
    proof: Proof<'_>,
    passwords: [&str; 2],
    begin: impl Fn(&Tx<'_>, &Account, Authenticated) -> Result<(String, S)>,
) -> Result<S> {
    let verified = reauthenticate(app, viewer, "oldPassword", proof, |tx, account| {
        throttle::require_account_change(tx, account.id)
    })?;
    if let Err(errors) = check_strength(app, &verified.account, passwords) {
        // A code works once, so it is not used up.
        verified.abandon(app)?;
        return Err(errors.into());
    }
    let hash = app.hasher.hash(passwords[0])?;
    verified.run_with(app, |tx, account, authenticated| {
        throttle::account_change(tx, account.id)?;
        let epoch = set(tx, account, &hash)?;
        let (session, secrets) = begin(tx, &Account { epoch, ..account.clone() }, authenticated)?;
        tx.record(account.id, Event::PasswordChanged(&session))?;
        Ok(secrets)
    })
}

/// Rejects a password that is too weak for this account.
pub(super) fn check_strength(
    app: &App,
    account: &Account,
    passwords: [&str; 2],
) -> std::result::Result<(), FieldErrors> {
    let owner = Owner {
        username: &account.username,
        first_name: &account.first_name,
        last_name: &account.last_name,
        email: &account.email,
    };
    validation::new_password(app, FIELDS, passwords, &owner)
}

/// Sets a password hash, mails a notice, ends all sessions, and returns the new epoch.
pub(super) fn set(tx: &Tx<'_>, account: &Account, hash: &str) -> Result<i64> {
    if !store::accounts::set_password_hash(tx, account.id, account.epoch, hash)? {
        return Err(Error::Internal(anyhow!("account {} changed within its transaction", account.id)));
    }
    notices::enqueue(tx, account, notices::PASSWORD_CHANGED)?;
    sessions::end_all(tx, account)
}
