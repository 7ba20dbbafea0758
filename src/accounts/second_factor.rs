//! Authenticator apps and recovery codes: the mutations `setUpSecondFactor`, `confirmSecondFactor`, `removeSecondFactor` and
//! `renewRecoveryCodes`.

use std::time::Duration;

use super::Account;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{FieldError, FieldErrors, Result};
use crate::security::audit::Event;
use crate::security::reauthentication::{Proof, reauthenticate};
use crate::security::{Caller, Tx, Viewer, authentication, notices, second_factor, throttle};
use crate::store::authenticators::Authenticator;
use crate::store::passkeys::Passkey;
use crate::store::sessions::Authentication;
use crate::store::{self, Reader};
use crate::tokens::totp;

/// How long the first code is accepted after a set-up has begun.
const SET_UP_LIFETIME: Duration = Duration::from_hours(1);

/// What an authenticator app needs to know.
pub struct SetUp {
    /// For the QR code.
    pub uri: String,
    /// The secret in base32, for people who cannot scan the code.
    pub secret: String,
}

impl SetUp {
    fn new(app: &App, account: &Account, secret: &[u8]) -> Result<Self> {
        let uri = totp::uri(secret, app.config.site_name(), &account.email)?;
        Ok(Self { uri, secret: totp::to_base32(secret) })
    }
}

/// Begins the set-up of an authenticator app. The app counts from [`confirm`] on, which works only in the same session: somebody
/// else who knows the password must not choose the secret that the owner confirms.
pub fn set_up(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<SetUp> {
    second_factor::require_enabled(app)?;
    let verified = reauthenticate(app, viewer, "password", proof, require_no_authenticator)?;
    verified.run(app, |tx, account| {
        require_no_authenticator(tx, account)?;
        throttle::account_change(tx, account.id)?;
        let secret = totp::new_secret(&app.random);
        let sealed = second_factor::seal_secret(app, account.id, &secret)?;
        store::authenticators::upsert(tx, account.id, &sealed, tx.caller.session.as_deref(), tx.now)?;
        SetUp::new(app, account, &secret)
    })
}

/// Finishes the set-up of an authenticator app with its first code. Returns new recovery codes, which replace earlier ones.
pub fn confirm(app: &App, viewer: &Viewer, code: &str) -> Result<Vec<String>> {
    second_factor::require_enabled(app)?;
    Tx::run(app, viewer, |tx| {
        let account = tx.caller.require_verified()?;
        let pending = store::authenticators::find(tx, account.id)?;
        if !pending.is_some_and(|pending| is_pending(&pending, &tx.caller, tx.now)) {
            return Err(FieldError::SET_UP_EXPIRED.into());
        }
        second_factor::use_first_code(tx, account, code)?;
        store::authenticators::set_confirmed(tx, account.id, tx.now)?;
        strengthen_session(tx, Authentication::PasswordAndCode)?;
        tx.record(account.id, Event::AuthenticatorAdded)?;
        notices::enqueue(tx, account, notices::AUTHENTICATOR_ADDED)?;
        second_factor::renew_recovery_codes(tx, account.id)
    })
}

/// Records in the session of the caller, if it began with a password, that the owner has proved a new second factor.
pub(super) fn strengthen_session(tx: &Tx<'_>, authentication: Authentication) -> Result<()> {
    let Some(session) = &tx.caller.session else { return Ok(()) };
    let authenticated = store::sessions::find_authenticated(tx, session)?;
    if authenticated.is_some_and(|session| session.authentication == Authentication::Password) {
        store::sessions::set_authentication(tx, session, authentication)?;
    }
    Ok(())
}

/// Removes the authenticator app, and the recovery codes unless the account has a passkey. `code` is one of the app, or a
/// recovery code.
pub fn remove(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<()> {
    second_factor::require_enabled(app)?;
    if matches!(proof, Proof::Password { code: None | Some(""), .. }) {
        return Err(FieldErrors::of("code", FieldError::REQUIRED).into());
    }
    let verified = reauthenticate(app, viewer, "password", proof, require_authenticator)?;
    verified.run(app, |tx, account| {
        require_authenticator(tx, account)?;
        throttle::account_change(tx, account.id)?;
        store::authenticators::delete(tx, account.id)?;
        delete_useless_codes(tx, account)?;
        tx.record(account.id, Event::AuthenticatorRemoved)?;
        notices::enqueue(tx, account, notices::AUTHENTICATOR_REMOVED)
    })
}

/// Deletes the recovery codes of an account that has no second factor any more.
pub(super) fn delete_useless_codes(tx: &Tx<'_>, account: &Account) -> Result<()> {
    if !store::second_factors::find(tx, account.id)?.exist() {
        store::authenticators::delete_recovery_codes(tx, account.id)?;
    }
    Ok(())
}

fn require_no_authenticator(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let exists = store::second_factors::find(tx, account.id)?.authenticator;
    if exists { Err(FieldError::AUTHENTICATOR_EXISTS.into()) } else { Ok(()) }
}

fn require_authenticator(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let exists = second_factor::find_usable(tx.app, tx, account.id)?.authenticator;
    if exists { Ok(()) } else { Err(FieldError::NO_AUTHENTICATOR.into()) }
}

/// Replaces the recovery codes.
pub fn renew_recovery_codes(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<Vec<String>> {
    second_factor::require_enabled(app)?;
    let require = |tx: &Tx<'_>, account: &Account| -> Result<()> {
        let exists = second_factor::find_usable(app, tx, account.id)?.exist();
        if exists { Ok(()) } else { Err(FieldError::NO_SECOND_FACTOR.into()) }
    };
    let verified = reauthenticate(app, viewer, "password", proof, require)?;
    verified.run(app, |tx, account| {
        require(tx, account)?;
        throttle::account_change(tx, account.id)?;
        tx.record(account.id, Event::RecoveryCodesRenewed)?;
        notices::enqueue(tx, account, notices::RECOVERY_CODES_RENEWED)?;
        second_factor::renew_recovery_codes(tx, account.id)
    })
}

/// The second factors of an account in detail.
pub struct Overview {
    /// Whether the settings require a second factor of the account.
    pub is_required: bool,
    /// `None` if there is no app, or if its set-up is not finished.
    pub authenticator: Option<Authenticator>,
    pub passkeys: Vec<Passkey>,
    pub recovery_codes_left: i64,
}

/// Returns the second factors of the viewer.
pub fn overview(app: &App, viewer: &Viewer) -> Result<Overview> {
    app.store.read(|db| {
        let caller = authentication::caller(app, db, viewer)?;
        let account = caller.require_verified()?;
        Ok(overview_of(app, db, account)?)
    })
}

/// Returns the second factors of an account, also while the settings turn them off.
pub fn overview_of(app: &App, db: &Reader<'_>, account: &Account) -> store::Result<Overview> {
    let authenticator = store::authenticators::find(db, account.id)?;
    let (recovery_codes_left, _) = store::authenticators::count_recovery_codes(db, account.id)?;
    Ok(Overview {
        is_required: second_factor::is_required(app, account),
        authenticator: authenticator.filter(|app| app.confirmed_at.is_some()),
        passkeys: store::passkeys::list(db, account.id)?,
        recovery_codes_left,
    })
}

/// Returns the secret of an app whose set-up has begun in the session of the viewer.
pub fn pending_set_up(app: &App, viewer: &Viewer) -> Result<Option<SetUp>> {
    app.store.read(|db| {
        let caller = authentication::caller(app, db, viewer)?;
        let account = caller.require_verified()?;
        let pending = store::authenticators::find(db, account.id)?;
        let is_pending = |pending: &Authenticator| is_pending(pending, &caller, app.clock.now());
        let Some(pending) = pending.filter(is_pending) else { return Ok(None) };
        let secret = second_factor::open_secret(app, account.id, &pending.sealed_secret);
        let Some(secret) = secret else { return Ok(None) };
        SetUp::new(app, account, &secret).map(Some)
    })
}

/// Returns whether the set-up of an app is not finished, began in the session of the caller, and has not expired.
fn is_pending(authenticator: &Authenticator, caller: &Caller, now: Timestamp) -> bool {
    authenticator.confirmed_at.is_none()
        && authenticator.session == caller.session
        && now.since(authenticator.added_at) <= SET_UP_LIFETIME
}
