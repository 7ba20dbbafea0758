//! The check for mutations that ask a logged-in user for the password again.

use std::time::Duration;

use super::audit::Event;
use super::throttle::PasswordAttempt;
use super::{Credentials, Tx, Viewer};
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{FieldError, FieldErrors, Result};
use crate::passwords::PasswordCheck;
use crate::store;
use crate::store::accounts::Account;
use crate::store::sessions::CookieSession;

/// Evidence that the viewer has just sent the correct password, with an attempt that was counted before the check, or has done so
/// within [`RECENT`].
pub struct Reauthenticated {
    credentials: Credentials,
    /// The account at the time of the check.
    pub account: Account,
    /// `None` if no password was checked now, or if limits are turned off.
    attempt: Option<PasswordAttempt>,
}

/// How the viewer proves that they know the password.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    Password(&'a str),
    /// The viewer is logged in on the pages, and entered the password within [`RECENT`].
    RecentLogin,
}

/// How long a login on the pages counts as recent (OWASP ASVS 7.5.3).
pub const RECENT: Duration = Duration::from_mins(5);

impl Tx<'_> {
    /// Rejects a caller that is not logged in on the pages, or entered the password too long ago.
    pub fn require_recent_login(&self) -> Result<()> {
        let page = self.caller.cookie_session.as_ref().ok_or(FieldError::UNAUTHENTICATED)?;
        if page.is_recent(self.now) { Ok(()) } else { Err(FieldError::PASSWORD_NEEDED.into()) }
    }
}

impl CookieSession {
    /// Whether the owner entered the password within [`RECENT`].
    pub fn is_recent(&self, now: Timestamp) -> bool {
        // The clock may have been set back since then.
        now.since(self.authenticated_at) <= RECENT && self.authenticated_at.since(now) <= RECENT
    }
}

/// Checks the password of the viewer. `precondition` may reject the request before the password is hashed. `field` is the
/// argument that errors refer to.
pub fn reauthenticate(
    app: &App,
    viewer: &Viewer,
    field: &'static str,
    proof: Proof<'_>,
    precondition: impl Fn(&Tx<'_>, &Account) -> Result<()>,
) -> Result<Reauthenticated> {
    let credentials = Credentials::from_viewer(app, viewer);
    if credentials.is_anonymous() {
        return Err(FieldError::UNAUTHENTICATED.into());
    }
    let password = match proof {
        Proof::Password(password) => password,
        Proof::RecentLogin => {
            let account = Tx::run_with(app, &credentials, |tx| {
                let account = tx.caller.require_verified()?;
                tx.require_recent_login()?;
                precondition(tx, account)?;
                Ok(account.clone())
            })?;
            return Ok(Reauthenticated { credentials, account, attempt: None });
        }
    };
    let (account, session, hash, attempt) = Tx::run_with(app, &credentials, |tx| {
        let account = tx.caller.require_verified()?;
        precondition(tx, account)?;
        let hash = store::accounts::find_password_hash(tx, account.id)?;
        let attempt = PasswordAttempt::begin(tx, Some(account), &account.username)?;
        Ok((account.clone(), tx.caller.session.clone(), hash, attempt))
    })?;
    if app.hasher.verify(password, hash.as_deref()) == PasswordCheck::Wrong {
        Tx::run_anonymous(app, viewer, |tx| {
            tx.record_in_session(account.id, session.as_deref(), Event::PasswordRefused)
        })?;
        return Err(FieldErrors::of(field, FieldError::INVALID_PASSWORD).into());
    }
    Ok(Reauthenticated { credentials, account, attempt })
}

impl Reauthenticated {
    /// Runs a rule in a transaction. The attempt no longer counts, even if the rule rejects the request.
    pub fn run<T>(self, app: &App, rule: impl Fn(&Tx<'_>, &Account) -> Result<T>) -> Result<T> {
        Tx::run_with(app, &self.credentials, |tx| {
            let account = tx.caller.require_verified()?;
            if account.id != self.account.id {
                return Err(FieldError::UNAUTHENTICATED.into());
            }
            if let Some(attempt) = &self.attempt {
                attempt.take_back(tx, account)?;
                tx.keep_on_rejection();
            }
            rule(tx, account)
        })
    }
}
