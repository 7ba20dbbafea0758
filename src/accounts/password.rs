//! `sendPasswordResetEmail`, `passwordReset`, `passwordSet`, `passwordChange`, and the password that some mutations ask for again.

use super::audit::{Actor, Event};
use super::sessions::{self, Tokens};
use super::throttle::{AttemptTarget, PasswordAttempt};
use super::{
    Account, Error, FieldError, FieldErrors, Result, Viewer, action_links, activation, audit, email, notices,
    throttle, validation,
};
use crate::app::App;
use crate::django::password_validators::Owner;
use crate::mail::MailKind;
use crate::outbox;
use crate::passwords::PasswordCheck;
use crate::store::{self, Reader, Writer};
use crate::tokens::action::Action;

/// The names under which complaints about a new password are filed.
const FIELDS: [&str; 2] = ["newPassword1", "newPassword2"];

/// Promises a mail with a link for a new password to the address that is given, primary or secondary. An address
/// that nobody has is no error.
///
/// # Errors
/// A refusal if the text is no address. Somebody unverified gets an activation mail instead, and the refusal says so.
pub fn send_reset_mail(app: &App, viewer: &Viewer, address: &str) -> Result<()> {
    let address = validation::email(address)?;
    throttle::mail(app, viewer, throttle::MailPurpose::Password, &address)?;
    let verified = app.write(|tx| -> Result<bool> {
        let account = store::accounts::find_by_email(tx, &email::key(&address))?;
        let id = account.as_ref().map(|account| account.id);
        audit::record(app, tx, Actor::Somebody(viewer), id, Event::ResetRequested)?;
        let Some(account) = account else {
            if app.config.accounts.hide_existence {
                outbox::enqueue_decoy(app, tx)?;
            }
            return Ok(true);
        };
        if account.verified_at.is_none() {
            activation::enqueue_mail_that_ends_password(app, tx, account)?;
            return Ok(app.config.accounts.hide_existence);
        }
        let secondary = account.secondary_email.as_deref().filter(|own| email::is_same(own, &address));
        let token = action_links::issue(app, Action::PasswordReset, &account, secondary)?;
        let recipient = secondary.unwrap_or(&account.email);
        outbox::enqueue(app, tx, &MailKind::PasswordReset(&token), recipient, account.salutation())?;
        Ok(true)
    })?;
    if verified {
        Ok(())
    } else {
        Err(FieldErrors::of("email", FieldError::NOT_VERIFIED_PASSWORD_RESET).into())
    }
}

/// Sets another password by a mailed token, which verifies the account and ends all its sessions.
///
/// # Errors
/// A refusal if the token is not good, or the password is too weak; the token is good still in that case.
pub fn reset(app: &App, viewer: &Viewer, token: &str, passwords: [&str; 2]) -> Result<()> {
    throttle::token(app, viewer, || {
        by_link(app, viewer, Action::PasswordReset, token, passwords, |_, _| Ok(()))
    })
}

/// Sets a first password by a mailed token, which verifies the account.
///
/// # Errors
/// As [`reset`], and a refusal if the account has a password.
pub fn set_first(app: &App, viewer: &Viewer, token: &str, passwords: [&str; 2]) -> Result<()> {
    let has_none = |db: &Reader<'_>, account: &Account| -> Result<()> {
        match store::accounts::find_password_hash(db, account.id)? {
            Some(_) => Err(FieldError::PASSWORD_ALREADY_SET.into()),
            None => Ok(()),
        }
    };
    throttle::token(app, viewer, || by_link(app, viewer, Action::PasswordSet, token, passwords, has_none))
}

fn by_link(
    app: &App,
    viewer: &Viewer,
    action: Action,
    token: &str,
    passwords: [&str; 2],
    check: fn(&Reader<'_>, &Account) -> Result<()>,
) -> Result<()> {
    let claims = action_links::read(app, action, token)?;
    let require_good = |db: &Reader<'_>, account: &Account| -> Result<()> {
        check(db, account)?;
        action_links::require_current(db, token, &claims, account)?;
        let is_own =
            |address| account.secondary_email.as_deref().is_some_and(|own| email::is_same(own, address));
        if claims.secondary_email.as_deref().is_none_or(is_own) {
            Ok(())
        } else {
            Err(FieldError::INVALID_TOKEN.into())
        }
    };
    let account = app.store.read(|db| action_links::find_account(db, &claims))?;
    require_strong(app, &account, passwords)?;
    app.store.read(|db| require_good(db, &account))?;
    let hash = app.hasher.hash(passwords[0])?;
    app.write(|tx| {
        let account = action_links::find_account(tx, &claims)?;
        require_good(tx, &account)?;
        action_links::consume(app, tx, action, token, &claims)?;
        set(app, tx, &account, &hash)?;
        let by = Actor::Bearer(viewer);
        let event = if action == Action::PasswordSet { Event::PasswordSet } else { Event::PasswordReset };
        audit::record(app, tx, by, account.id, event)?;
        if store::accounts::set_verified(tx, account.id, Some(app.clock.now()))? {
            audit::record(app, tx, by, account.id, Event::Verified)?;
        }
        // The owner of the mailbox can log in from here, however often others guess meanwhile.
        PasswordAttempt::was_seen(app, tx, viewer, &account)
    })
}

/// Sets another password for whoever knows the old one. All sessions end, and a new one begins.
///
/// # Errors
/// A refusal if nobody is logged in, the old password is wrong, or the new one is too weak.
pub fn change(app: &App, viewer: &Viewer, old: &str, passwords: [&str; 2]) -> Result<Tokens> {
    let account = app.store.read(|db| -> Result<Account> {
        let account = sessions::require_verified(app, db, viewer)?;
        // A throttled change costs no hash.
        throttle::require_account_change(app, db, viewer, account.id)?;
        Ok(account)
    })?;
    require_password(app, viewer, &account, "oldPassword", old)?;
    require_strong(app, &account, passwords)?;
    let hash = app.hasher.hash(passwords[0])?;
    app.write(|tx| {
        let mut account = sessions::require_verified(app, tx, viewer)?;
        throttle::account_change(app, tx, viewer, account.id)?;
        account.epoch = set(app, tx, &account, &hash)?;
        let tokens = sessions::begin(app, tx, &account, viewer.client())?;
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::PasswordChanged(&tokens.session))?;
        Ok(tokens)
    })
}

/// Refuses, under the name of the field, unless this is the password of the account.
pub(super) fn require_password(
    app: &App,
    viewer: &Viewer,
    account: &Account,
    field: &'static str,
    password: &str,
) -> Result<()> {
    let hash = app.store.read(|db| store::accounts::find_password_hash(db, account.id))?;
    let attempt = PasswordAttempt::begin(app, viewer, &AttemptTarget::Of(account))?;
    match (app.hasher.verify(password, hash.as_deref()), attempt) {
        (PasswordCheck::Wrong, _) => {
            audit::refused_password(app, viewer, account.id)?;
            Err(FieldErrors::of(field, FieldError::INVALID_PASSWORD).into())
        }
        (_, Some(attempt)) => app.store.write(|tx| attempt.succeeded(app, tx, account)),
        (_, None) => Ok(()),
    }
}

/// Refuses a password that is too weak for this account.
pub(super) fn require_strong(app: &App, account: &Account, passwords: [&str; 2]) -> Result<()> {
    let owner = Owner {
        username: &account.username,
        first_name: &account.first_name,
        last_name: &account.last_name,
        email: &account.email,
    };
    let mut errors = FieldErrors::default();
    validation::new_password(&mut errors, FIELDS, passwords, &owner, app.config.passwords.min_length);
    errors.into_result()
}

/// Sets a password hash, ends all sessions, tells the owner, and answers the epoch that begins.
pub(super) fn set(app: &App, tx: &Writer<'_>, account: &Account, hash: &str) -> Result<i64> {
    if !store::accounts::set_password_hash(tx, account.id, account.epoch, hash)? {
        return Err(Error::Internal(anyhow::anyhow!(
            "account {} changed within its transaction",
            account.id
        )));
    }
    notices::enqueue(app, tx, account, notices::PASSWORD_CHANGED)?;
    sessions::end_all(app, tx, account)
}
