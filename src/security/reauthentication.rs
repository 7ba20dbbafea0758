//! The check for mutations that ask a logged-in user for the password again.

use std::time::Duration;

use super::audit::Event;
use super::throttle::{self, PasswordAttempt};
use super::{Credentials, Tx, Viewer, second_factor};
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{FieldError, FieldErrors, Result};
use crate::passwords::PasswordCheck;
use crate::store;
use crate::store::accounts::Account;
use crate::store::sessions::{Authenticated, Authentication, CookieSession};

/// Evidence that the viewer has just sent the correct password, with an attempt that was counted before the check, or has proved
/// to be the owner within [`RECENT`].
pub struct Reauthenticated {
    credentials: Credentials,
    /// The account at the time of the check.
    pub account: Account,
    proven: Proven,
}

enum Proven {
    /// A second factor is still to be checked. The attempt is `None` if limits are turned off.
    Password {
        attempt: Option<PasswordAttempt>,
        code: Option<String>,
    },
    RecentLogin,
}

/// How the viewer proves to be the owner of the account.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// An account with a second factor also needs a code, or a login with a second factor within [`RECENT`].
    Password { password: &'a str, code: Option<&'a str> },
    /// The viewer is logged in on the pages, and proved to be the owner within [`RECENT`], with a second factor if the account
    /// has one.
    RecentLogin,
}

impl<'a> Proof<'a> {
    pub fn password(password: &'a str, code: Option<&'a str>) -> Self {
        Self::Password { password, code }
    }
}

/// How long a proof counts as recent (OWASP ASVS 7.5.3).
pub const RECENT: Duration = Duration::from_mins(5);

impl Tx<'_> {
    /// Rejects a caller that is not logged in on the pages, or whose last proof is too old or too weak.
    pub fn require_recent_login(&self) -> Result<Authenticated> {
        let page = self.caller.cookie_session.as_ref().ok_or(FieldError::UNAUTHENTICATED)?;
        if page.is_recent(self.now) {
            Ok(page.authenticated)
        } else {
            Err(FieldError::PASSWORD_NEEDED.into())
        }
    }

    /// Checks the second factor of the caller, who has sent the correct password. Without a code, a recent login with a second
    /// factor is enough. The result then has the time of that login, so that passwords alone cannot prolong it.
    fn require_second_factor(&self, account: &Account, code: Option<&str>) -> Result<Authenticated> {
        let factors = second_factor::find_usable(self.app, self, account.id)?;
        if !factors.exist() {
            return Ok(Authenticated { authentication: Authentication::Password, at: self.now });
        }
        if let Some(code) = code {
            second_factor::use_code(self, account, code)?;
            return Ok(Authenticated { authentication: Authentication::PasswordAndCode, at: self.now });
        }
        let session = match &self.caller.session {
            Some(session) => store::sessions::find_authenticated(self, session)?,
            None => None,
        };
        let is_enough =
            |login: &Authenticated| login.authentication.has_second_factor() && login.is_recent(self.now);
        session.filter(is_enough).ok_or_else(|| {
            second_factor::missing(self.app, factors, FieldError::PASSKEY_LOGIN_REQUIRED).into()
        })
    }
}

impl Authenticated {
    /// Whether the owner proved to be the owner within [`RECENT`].
    fn is_recent(self, now: Timestamp) -> bool {
        // The clock may have been set back since then.
        now.since(self.at) <= RECENT && self.at.since(now) <= RECENT
    }
}

impl CookieSession {
    /// Whether the owner proved to be the owner within [`RECENT`], with a second factor if the account has one.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        let is_strong = self.authenticated.authentication.has_second_factor() || !self.factors.exist();
        is_strong && self.authenticated.is_recent(now)
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
    let (password, code) = match proof {
        Proof::Password { password, code } => (password, code.filter(|code| !code.is_empty())),
        Proof::RecentLogin => {
            let account = Tx::run_with(app, &credentials, |tx| {
                let account = tx.caller.require_verified()?;
                tx.require_recent_login()?;
                precondition(tx, account)?;
                Ok(account.clone())
            })?;
            return Ok(Reauthenticated { credentials, account, proven: Proven::RecentLogin });
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
    let proven = Proven::Password { attempt, code: code.map(str::to_owned) };
    Ok(Reauthenticated { credentials, account, proven })
}

impl Reauthenticated {
    /// Takes the attempt back, because the password was right, without a check of the second factor.
    pub fn abandon(self, app: &App) -> Result<()> {
        match &self.proven {
            Proven::Password { attempt: Some(attempt), .. } => {
                Tx::run_with(app, &self.credentials, |tx| attempt.take_back(tx))
            }
            Proven::Password { attempt: None, .. } | Proven::RecentLogin => Ok(()),
        }
    }

    /// Runs a rule in a transaction, after the check of the second factor. The attempt no longer counts, even if the rule rejects
    /// the request.
    pub fn run<T>(self, app: &App, rule: impl Fn(&Tx<'_>, &Account) -> Result<T>) -> Result<T> {
        self.run_with(app, |tx, account, _| rule(tx, account))
    }

    /// As [`Self::run`], for a rule that begins or confirms a session, with how the viewer has proved to be the owner.
    pub fn run_with<T>(
        self,
        app: &App,
        rule: impl Fn(&Tx<'_>, &Account, Authenticated) -> Result<T>,
    ) -> Result<T> {
        Tx::run_with(app, &self.credentials, |tx| {
            let account = tx.caller.require_verified()?;
            if account.id != self.account.id {
                return Err(FieldError::UNAUTHENTICATED.into());
            }
            let authenticated = match &self.proven {
                Proven::RecentLogin => tx.require_recent_login()?,
                Proven::Password { attempt, code } => {
                    if let Some(attempt) = attempt {
                        attempt.take_back(tx)?;
                        tx.keep_on_rejection();
                    }
                    let authenticated = tx.require_second_factor(account, code.as_deref())?;
                    throttle::remember_client(tx, account)?;
                    tx.keep_on_rejection();
                    authenticated
                }
            };
            rule(tx, account, authenticated)
        })
    }
}
