//! Logins on the pages: sessions with a cookie instead of tokens.

use std::time::Duration;

use secrecy::SecretString;

use super::login::{self, Accepted, Name, PasswordLogin};
use super::{Account, passkey_login, password, sessions};
use crate::app::App;
use crate::error::{Error, FieldError, Result};
use crate::security::audit::Event;
use crate::security::reauthentication::{Proof, reauthenticate};
use crate::security::{Tx, Viewer, authentication, throttle};
use crate::store;
use crate::store::sessions::{Authenticated, CookieSession};

/// The use of a session is recorded at most once in this time, so that most pages cause no write.
const USE_INTERVAL: Duration = Duration::from_mins(1);
/// The pages for operators ask for the password again after this time without use.
const MAX_ADMIN_IDLE: Duration = Duration::from_mins(30);

pub struct PageLogin {
    pub cookie: SecretString,
    /// Whether the account was archived until this login.
    pub was_archived: bool,
}

impl From<Accepted<SecretString>> for PageLogin {
    fn from(accepted: Accepted<SecretString>) -> Self {
        Self { cookie: accepted.secrets, was_archived: accepted.was_archived }
    }
}

/// The second step of a login.
#[derive(Clone, Copy)]
pub enum SecondStep<'a> {
    Code(&'a str),
    /// The answer of an authenticator.
    Passkey(&'a str),
}

/// Checks the password and begins a session. If only the second factor is missing, the rejection contains what [`continue_with`]
/// needs. The session of the cookie that the viewer sends ends.
pub fn log_in(app: &App, viewer: &Viewer, name: &Name, password: &str) -> Result<PageLogin> {
    let login = PasswordLogin { name, password, code: None };
    let begin = |tx: &Tx<'_>, account: &Account, how| begin_session(tx, viewer, account, how);
    login::log_in_with(app, viewer, login, false, begin).map(PageLogin::from)
}

/// Finishes a login whose password was right, or one with a passkey alone.
pub fn continue_with(app: &App, viewer: &Viewer, challenge: &str, step: SecondStep<'_>) -> Result<PageLogin> {
    let begin = |tx: &Tx<'_>, account: &Account, how| begin_session(tx, viewer, account, how);
    let accepted = match step {
        SecondStep::Code(code) => login::finish_with_code(app, viewer, challenge, code, begin),
        SecondStep::Passkey(answer) => passkey_login::log_in_with(app, viewer, challenge, answer, begin),
    };
    accepted.map(PageLogin::from)
}

fn begin_session(
    tx: &Tx<'_>,
    viewer: &Viewer,
    account: &Account,
    authenticated: Authenticated,
) -> Result<(String, SecretString)> {
    if let Some(former) = viewer.cookie_hash() {
        store::sessions::delete_by_cookie(tx, &former)?;
    }
    sessions::begin_with_cookie(tx, account, authenticated)
}

/// Returns the session of the viewer's cookie, if it lasts, and records its use.
pub fn find(app: &App, viewer: &Viewer) -> Result<Option<CookieSession>> {
    let caller = app.store.read_latest(|db| authentication::caller(app, db, viewer))?;
    let Some(page) = caller.cookie_session else { return Ok(None) };
    if app.clock.now().since(page.last_used_at) >= USE_INTERVAL {
        let recorded = Tx::run(app, viewer, |tx| {
            let last_use = sessions::cookie_use(tx, page.began_at);
            Ok(store::sessions::set_last_use(tx, &page.id, &last_use)?)
        });
        match recorded {
            // A page that only shows something also works while nothing can be saved.
            Ok(()) | Err(Error::Unavailable(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(page))
}

/// Checks the password and the second factor again, and replaces the cookie.
pub fn confirm(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<(SecretString, Authenticated)> {
    let verified = reauthenticate(app, viewer, "password", proof, |_, _| Ok(()))?;
    verified.run_with(app, |tx, account, authenticated| {
        let page = tx.caller.cookie_session.as_ref().ok_or(FieldError::UNAUTHENTICATED)?;
        throttle::account_change(tx, account.id)?;
        tx.record(account.id, Event::PasswordConfirmed)?;
        Ok((sessions::set_new_cookie(tx, &page.id, authenticated)?, authenticated))
    })
}

/// Checks a passkey of the viewer and replaces the cookie. The challenge is from [`passkey_login::start`].
pub fn confirm_with_passkey(
    app: &App,
    viewer: &Viewer,
    challenge: &str,
    answer: &str,
) -> Result<SecretString> {
    let checked = passkey_login::check(app, viewer, challenge, answer)?;
    Tx::run(app, viewer, |tx| {
        let page = tx.caller.cookie_session.as_ref().ok_or(FieldError::UNAUTHENTICATED)?;
        if checked.consume(tx)?.id != page.account.id {
            return Err(FieldError::PASSKEY_OF_OTHER_ACCOUNT.into());
        }
        throttle::account_change(tx, page.account.id)?;
        tx.record(page.account.id, Event::PasskeyConfirmed)?;
        let authenticated = Authenticated { authentication: checked.authentication, at: tx.now };
        sessions::set_new_cookie(tx, &page.id, authenticated)
    })
}

/// Changes the password. All sessions end, and one of the pages begins.
pub fn change_password(app: &App, viewer: &Viewer, proof: Proof<'_>, new: [&str; 2]) -> Result<SecretString> {
    password::change_with(app, viewer, proof, new, sessions::begin_with_cookie)
}

/// Ends the session of the viewer's cookie.
pub fn log_out(app: &App, viewer: &Viewer) -> Result<()> {
    let Some(cookie) = viewer.cookie_hash() else { return Ok(()) };
    Tx::run_anonymous(app, viewer, |tx| match store::sessions::delete_by_cookie(tx, &cookie)? {
        Some((session, account)) => tx.record_by_owner(account, Event::LoggedOut(&session)),
        None => Ok(()),
    })
}

/// Returns whether the viewer may use the pages for operators without another proof, and records their use.
pub fn enter_admin(app: &App, viewer: &Viewer, page: &CookieSession) -> Result<bool> {
    let now = app.clock.now();
    let used_at = page.admin_used_at.unwrap_or(page.authenticated.at).max(page.authenticated.at);
    let is_weak = page.factors.exist() && !page.authenticated.authentication.has_second_factor();
    if is_weak || now.since(used_at) > MAX_ADMIN_IDLE {
        return Ok(false);
    }
    if page.admin_used_at.is_none_or(|used_at| now.since(used_at) >= USE_INTERVAL) {
        Tx::run(app, viewer, |tx| Ok(store::sessions::set_admin_used(tx, &page.id, tx.now)?))?;
    }
    Ok(true)
}
