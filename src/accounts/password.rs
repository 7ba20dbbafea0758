//! `sendPasswordResetEmail`, `passwordReset`, `passwordChange`, and the password that some mutations ask for again.

use super::sessions::{self, Tokens};
use super::{
    Account, Error, FieldError, FieldErrors, Result, Viewer, action_links, activation, email, notices,
    validation,
};
use crate::app::App;
use crate::mail::Kind;
use crate::outbox;
use crate::passwords::Verdict;
use crate::passwords::rules::Owner;
use crate::store::{self, Writer};
use crate::tokens::action::Action;

/// The names under which complaints about a new password are filed.
const FIELDS: [&str; 2] = ["newPassword1", "newPassword2"];

/// Promises a mail with a link for a new password to the address that is given, primary or secondary. An address
/// that nobody has is no error.
///
/// # Errors
/// A refusal if the text is no address. Somebody unverified gets an activation mail instead, and the refusal says so.
pub fn send_reset_mail(app: &App, address: &str) -> Result<()> {
    let mut errors = FieldErrors::default();
    let address = errors.keep("email", validation::email(address)).unwrap_or_default();
    errors.into_result()?;
    let verified = app.write(|tx| -> Result<bool> {
        let Some(account) = store::accounts::find_by_email(tx, &email::key(&address))? else {
            return Ok(true);
        };
        if account.verified_at.is_none() {
            activation::enqueue_mail(app, tx, &account)?;
            return Ok(false);
        }
        let secondary =
            account.secondary_email.as_deref().filter(|own| email::key(own) == email::key(&address));
        let token = action_links::issue(app, Action::PasswordReset, &account, secondary)?;
        let recipient = secondary.unwrap_or(&account.email);
        outbox::enqueue(app, tx, &Kind::PasswordReset(&token), recipient, account.salutation())?;
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
pub fn reset(app: &App, token: &str, passwords: [&str; 2]) -> Result<()> {
    let bond = action_links::read(app, Action::PasswordReset, token)?;
    let require_good = |db: &store::Reader<'_>| -> Result<Account> {
        let account = action_links::find_account(db, &bond)?;
        action_links::require_current(db, token, &bond, &account)?;
        let key = |address: &Option<String>| address.as_deref().map(email::key);
        if bond.secondary_email.is_some() && key(&bond.secondary_email) != key(&account.secondary_email) {
            return Err(FieldError::INVALID_TOKEN.into());
        }
        Ok(account)
    };
    let account = app.store.read(require_good)?;
    let hash = hash_new(app, &account, passwords)?;
    app.write(|tx| {
        let account = require_good(tx)?;
        action_links::spend(app, tx, Action::PasswordReset, token, &bond)?;
        set(app, tx, &account, &hash)?;
        store::accounts::set_verified(tx, account.id, app.clock.now())?;
        Ok(())
    })
}

/// Sets another password for whoever knows the old one. All sessions end, and a new one begins.
///
/// # Errors
/// A refusal if nobody is logged in, the old password is wrong, or the new one is too weak.
pub fn change(app: &App, viewer: &Viewer, old: &str, passwords: [&str; 2]) -> Result<Tokens> {
    let account = app.store.read(|db| sessions::require_verified(app, db, viewer))?;
    require_password(app, &account, "oldPassword", old)?;
    let hash = hash_new(app, &account, passwords)?;
    app.write(|tx| {
        let mut account = sessions::require_verified(app, tx, viewer)?;
        account.epoch = set(app, tx, &account, &hash)?;
        sessions::begin(app, tx, &account)
    })
}

/// Refuses, under the name of the field, unless this is the password of the account.
pub(super) fn require_password(
    app: &App,
    account: &Account,
    field: &'static str,
    password: &str,
) -> Result<()> {
    let hash = app.store.read(|db| store::accounts::find_password_hash(db, account.id))?;
    match app.hasher.verify(password, hash.as_deref()) {
        Verdict::Wrong => Err(FieldErrors::of(field, FieldError::INVALID_PASSWORD).into()),
        Verdict::Right | Verdict::RightButOutdated => Ok(()),
    }
}

fn hash_new(app: &App, account: &Account, passwords: [&str; 2]) -> Result<String> {
    let owner = Owner {
        username: &account.username,
        first_name: &account.first_name,
        last_name: &account.last_name,
        email: &account.email,
    };
    let mut errors = FieldErrors::default();
    validation::new_password(&mut errors, FIELDS, passwords, &owner, app.config.passwords.min_length);
    errors.into_result()?;
    Ok(app.hasher.hash(passwords[0])?)
}

/// Sets a password hash, ends all sessions, tells the owner, and answers the epoch that begins.
fn set(app: &App, tx: &Writer<'_>, account: &Account, hash: &str) -> Result<i64> {
    if !store::accounts::set_password_hash(tx, account.id, account.epoch, hash)? {
        return Err(Error::Internal(anyhow::anyhow!(
            "account {} changed within its transaction",
            account.id
        )));
    }
    notices::enqueue(app, tx, account, notices::PASSWORD_CHANGED)?;
    sessions::end_all(app, tx, account)
}
