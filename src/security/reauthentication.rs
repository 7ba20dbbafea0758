//! The password check of mutations that require the password of a logged-in user.

use super::audit::Event;
use super::throttle::PasswordAttempt;
use super::{Credentials, Tx, Viewer};
use crate::app::App;
use crate::error::{FieldError, FieldErrors, Result};
use crate::passwords::PasswordCheck;
use crate::store;
use crate::store::accounts::Account;

/// Proof that the viewer sent the password of their account, and that the attempt was counted before the check.
pub struct VerifiedPassword {
    credentials: Credentials,
    /// The account at the time of the check.
    pub account: Account,
    attempt: Option<PasswordAttempt>,
}

/// Checks the password of the viewer. `require` may reject the request before the password is hashed. `field` is the name of
/// the password in errors.
pub fn reauthenticate(
    app: &App,
    viewer: &Viewer,
    field: &'static str,
    password: &str,
    require: impl FnOnce(&Tx<'_>, &Account) -> Result<()>,
) -> Result<VerifiedPassword> {
    let credentials = Credentials::verify(app, viewer);
    let (account, hash, attempt) = Tx::run_with(app, &credentials, |tx| {
        let account = tx.caller.require_verified()?;
        require(tx, account)?;
        let hash = store::accounts::find_password_hash(tx, account.id)?;
        let attempt = PasswordAttempt::begin(tx, Some(account), &account.username)?;
        Ok((account.clone(), hash, attempt))
    })?;
    if app.hasher.verify(password, hash.as_deref()) == PasswordCheck::Wrong {
        Tx::run_with(app, &credentials, |tx| tx.record(account.id, Event::PasswordRefused))?;
        return Err(FieldErrors::of(field, FieldError::INVALID_PASSWORD).into());
    }
    Ok(VerifiedPassword { credentials, account, attempt })
}

impl VerifiedPassword {
    /// Runs a rule for the account, and takes the attempt back even if the rule rejects the request.
    pub fn run<T>(self, app: &App, rule: impl FnOnce(&Tx<'_>, &Account) -> Result<T>) -> Result<T> {
        Tx::run_with(app, &self.credentials, |tx| {
            let account = tx.caller.require_verified()?;
            if let Some(attempt) = self.attempt {
                attempt.succeeded(tx, account)?;
                tx.keep_on_rejection()?;
            }
            rule(tx, account)
        })
    }
}
