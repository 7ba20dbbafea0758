//! Logins with passkeys (WebAuthn): without a password, or after it as a second factor.

use serde_json::Value;

use super::Account;
use super::login::{Accepted, LoggedIn, accept, begin_api_session, require_usable};
use crate::app::App;
use crate::error::{Error, FieldError, NextStep, Result};
use crate::passkeys::{Ceremony, Passkeys, Used};
use crate::security::audit::Event;
use crate::security::{Tx, Viewer, challenges, throttle};
use crate::store;
use crate::store::passkeys::Passkey;
use crate::store::second_factors::Factors;
use crate::store::sessions::{Authenticated, Authentication};
use crate::tokens::challenge::{Challenge, Purpose};

/// What a browser needs to ask for a passkey.
pub struct PasskeyRequest {
    /// Returned with the answer.
    pub challenge: String,
    /// The options for the browser, in the JSON of WebAuthn level 3.
    pub options: Value,
}

/// Begins a login without a password. Stores nothing.
pub fn start(app: &App) -> Result<PasskeyRequest> {
    let Ceremony { options, state } = require_passkeys(app)?.start_login()?;
    Ok(PasskeyRequest {
        challenge: challenges::issue(app, Purpose::PasskeyLogin, None, Some(state))?,
        options,
    })
}

/// Returns what the second request of a login needs.
pub(super) fn next_step(tx: &Tx<'_>, account: &Account, factors: Factors) -> Result<NextStep> {
    let ceremony = match &tx.app.passkeys {
        Some(passkeys) if factors.passkeys => {
            let credentials = credentials(&store::passkeys::list(tx, account.id)?);
            // The owner can still enter a code.
            let started = passkeys.start_second_factor(&credentials);
            started.inspect_err(|error| tracing::error!("a login cannot ask for a passkey: {error:#}")).ok()
        }
        _ => None,
    };
    let (passkey_options, state) = ceremony.map(|ceremony| (ceremony.options, ceremony.state)).unzip();
    let challenge = challenges::issue(tx.app, Purpose::SecondFactor, Some(account), state)?;
    Ok(NextStep { challenge, passkey_options })
}

/// Finishes a login with the answer of an authenticator, and begins a session of the API. The challenge is from [`start`] or
/// from a login with a password.
pub fn log_in(app: &App, viewer: &Viewer, challenge: &str, answer: &str) -> Result<LoggedIn> {
    log_in_with(app, viewer, challenge, answer, begin_api_session)?.sign(app)
}

/// Finishes a login with the answer of an authenticator, and begins a session with `begin`.
pub(super) fn log_in_with<S>(
    app: &App,
    viewer: &Viewer,
    token: &str,
    answer: &str,
    begin: impl Fn(&Tx<'_>, &Account, Authenticated) -> Result<(String, S)>,
) -> Result<Accepted<S>> {
    let checked = check(app, viewer, token, answer)?;
    Tx::run_anonymous(app, viewer, |tx| {
        let account = checked.consume(tx)?;
        accept(tx, account, checked.authentication, &begin)
    })
}

/// A passkey whose signature was right, before its use is recorded.
pub(super) struct CheckedPasskey<'a> {
    token: &'a str,
    challenge: Challenge,
    passkey: Passkey,
    used: Used,
    pub(super) authentication: Authentication,
}

/// Checks the answer of an authenticator to a challenge, which may have been used.
pub(super) fn check<'a>(
    app: &App,
    viewer: &Viewer,
    token: &'a str,
    answer: &str,
) -> Result<CheckedPasskey<'a>> {
    let passkeys = require_passkeys(app)?;
    let challenge = challenges::read(app, viewer, &[Purpose::PasskeyLogin, Purpose::SecondFactor], token)?;
    let Some(state) = &challenge.passkey_state else { return Err(FieldError::INVALID_TOKEN.into()) };
    let account = challenge.account_and_epoch.map(|(account, _)| account);
    let checked = match account {
        None => check_login(app, passkeys, state, answer)?,
        Some(account) => {
            let stored = app.store.read_latest(|db| store::passkeys::list(db, account))?;
            let outcome = passkeys.finish_second_factor(state, answer, &credentials(&stored)).ok();
            outcome.and_then(|(id, used)| Some((stored.into_iter().find(|passkey| passkey.id == id)?, used)))
        }
    };
    let Some((passkey, used)) = checked else {
        throttle::invalid_token(app, viewer)?;
        // An entry without an account would tell nothing.
        if account.is_some() {
            Tx::run_anonymous(app, viewer, |tx| tx.record_anonymous(account, Event::SecondFactorRefused))?;
        }
        return Err(FieldError::INVALID_PASSKEY.into());
    };
    let authentication =
        if account.is_some() { Authentication::PasswordAndPasskey } else { Authentication::Passkey };
    Ok(CheckedPasskey { token, challenge, passkey, used, authentication })
}

/// Checks the answer to a login without a password. Returns `None` if it is wrong.
fn check_login(app: &App, passkeys: &Passkeys, state: &str, answer: &str) -> Result<Option<(Passkey, Used)>> {
    let Some((account, id)) = passkeys.claimed(answer) else { return Ok(None) };
    let stored = app.store.read_latest(|db| store::passkeys::find(db, &id))?;
    // Authenticators keep passkeys that were removed from the account.
    let Some(passkey) = stored.filter(|passkey| passkey.account == account) else {
        return Err(FieldError::UNKNOWN_PASSKEY.into());
    };
    let used = passkeys.finish_login(state, answer, &passkey.credential).ok();
    Ok(used.map(|used| (passkey, used)))
}

impl CheckedPasskey<'_> {
    /// Uses the challenge, records the use of the passkey, and returns its account. Rejects an account that may not log in.
    pub(super) fn consume(&self, tx: &Tx<'_>) -> Result<Account> {
        challenges::consume(tx, self.token, &self.challenge)?;
        let account = if self.challenge.account_and_epoch.is_some() {
            challenges::find_account(tx, &self.challenge)?
        } else {
            let account = store::accounts::find_by_id(tx, self.passkey.account)?;
            account.ok_or(FieldError::UNKNOWN_PASSKEY)?
        };
        let id = account.id;
        let account = match require_usable(tx.app, account) {
            Ok(account) => account,
            Err(failure) => {
                tx.record_anonymous(id, Event::LoginRefused(failure))?;
                tx.keep_on_rejection();
                return Err(FieldError::UNKNOWN_PASSKEY.into());
            }
        };
        let Passkey { id, credential, .. } = &self.passkey;
        let Used { credential: changed, is_backed_up, .. } = &self.used;
        let changed = changed.as_ref().unwrap_or(credential);
        // Another request may have used the passkey since its counter was read.
        if !store::passkeys::record_use(tx, id, credential, changed, *is_backed_up, tx.now)? {
            return Err(FieldError::INVALID_PASSKEY.into());
        }
        Ok(account)
    }
}

pub(super) fn require_passkeys(app: &App) -> Result<&Passkeys> {
    app.passkeys.as_ref().ok_or_else(|| Error::from(FieldError::PASSKEYS_OFF))
}

pub(super) fn credentials(passkeys: &[Passkey]) -> Vec<String> {
    passkeys.iter().map(|passkey| passkey.credential.clone()).collect()
}
