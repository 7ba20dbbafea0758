//! Second factors: which an account has and needs, and the check of codes.

use super::audit::Event;
use super::{Tx, notices, throttle};
use crate::app::App;
use crate::config::RequiredFor;
use crate::error::{FieldError, FieldErrors, Result};
use crate::store::accounts::{Account, AccountId};
use crate::store::second_factors::Factors;
use crate::store::{self, Reader};
use crate::tokens::{recovery_code, seal, totp};

/// The number of recovery codes of an account.
const RECOVERY_CODES: usize = 10;

/// Returns the second factors of an account, or none if the settings turn them off.
pub fn find_usable(app: &App, db: &Reader<'_>, account: AccountId) -> Result<Factors> {
    Ok(usable(app, store::second_factors::find(db, account)?))
}

/// Returns no second factors if the settings turn them off. A passkey counts also while this server has no passkeys: its owner
/// then needs a code, and the password alone is not enough.
pub fn usable(app: &App, factors: Factors) -> Factors {
    if app.config.second_factor.enabled { factors } else { Factors::default() }
}

/// Returns whether the settings require a second factor of an account.
pub fn is_required(app: &App, account: &Account) -> bool {
    match app.config.second_factor.required_for {
        RequiredFor::Nobody => false,
        RequiredFor::Staff => account.is_staff || account.represents().is_some(),
        RequiredFor::All => true,
    }
}

/// Rejects a session of the API for an account that needs a second factor and has none.
pub fn require_set_up(tx: &Tx<'_>, account: &Account) -> Result<()> {
    if !is_required(tx.app, account) || find_usable(tx.app, tx, account.id)?.exist() {
        return Ok(());
    }
    let page = format!("{}/account/second-factor", tx.app.config.public_url);
    Err(FieldError::second_factor_missing(&page).into())
}

pub fn require_enabled(app: &App) -> Result<()> {
    if app.config.second_factor.enabled { Ok(()) } else { Err(FieldError::SECOND_FACTOR_OFF.into()) }
}

/// Returns the error that asks for a second factor. `for_passkey` is the error for an account that has only passkeys.
pub fn missing(app: &App, factors: Factors, for_passkey: FieldError) -> FieldError {
    if factors.authenticator {
        FieldError::CODE_REQUIRED
    } else if app.passkeys.is_none() {
        FieldError::RECOVERY_CODE_REQUIRED
    } else {
        for_passkey
    }
}

/// Checks a code of the authenticator app or a recovery code of an account, and uses it up. A code is counted before it is
/// checked, and remains used if the rule rejects the request later.
pub fn use_code(tx: &Tx<'_>, account: &Account, code: &str) -> Result<()> {
    throttle::count_code(tx, account.id)?;
    if use_app_code(tx, account.id, code, true)? {
        throttle::forget_codes(tx, account.id)?;
    } else if use_recovery_code(tx, account.id, code)? {
        throttle::forget_codes(tx, account.id)?;
        tx.record_by_owner(account.id, Event::RecoveryCodeUsed)?;
        notices::enqueue(tx, account, notices::RECOVERY_CODE_USED)?;
    } else {
        return reject_code(tx, account, FieldError::INVALID_CODE);
    }
    tx.keep_on_rejection();
    Ok(())
}

/// Checks the first code of an app that is being set up, and uses it up.
pub fn use_first_code(tx: &Tx<'_>, account: &Account, code: &str) -> Result<()> {
    throttle::count_code(tx, account.id)?;
    if !use_app_code(tx, account.id, code, false)? {
        return reject_code(tx, account, FieldError::INVALID_FIRST_CODE);
    }
    throttle::forget_codes(tx, account.id)
}

fn reject_code<T>(tx: &Tx<'_>, account: &Account, error: FieldError) -> Result<T> {
    tx.record(account.id, Event::SecondFactorRefused)?;
    tx.keep_on_rejection();
    Err(FieldErrors::of("code", error).into())
}

/// Returns whether the code is right and was not used before.
fn use_app_code(tx: &Tx<'_>, account: AccountId, code: &str, is_confirmed: bool) -> Result<bool> {
    let Some(app) = store::authenticators::find(tx, account)? else { return Ok(false) };
    if app.confirmed_at.is_some() != is_confirmed {
        return Ok(false);
    }
    let Some(secret) = open_secret(tx.app, account, &app.sealed_secret) else { return Ok(false) };
    // Apps show the digits in groups.
    let digits: String = code.chars().filter(|character| !character.is_whitespace()).collect();
    match totp::check(&secret, &digits, tx.now) {
        Some(step) => Ok(store::authenticators::use_step(tx, account, step, tx.now)?),
        None => Ok(false),
    }
}

fn use_recovery_code(tx: &Tx<'_>, account: AccountId, code: &str) -> Result<bool> {
    match recovery_code::hash(&tx.app.signing_key, account, code) {
        Some(hash) => Ok(store::authenticators::use_recovery_code(tx, account, &hash)?),
        None => Ok(false),
    }
}

/// Replaces the recovery codes of an account, and returns the new ones.
pub fn renew_recovery_codes(tx: &Tx<'_>, account: AccountId) -> Result<Vec<String>> {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code::issue(&tx.app.random)).collect();
    let hashes: Vec<String> =
        codes.iter().filter_map(|code| recovery_code::hash(&tx.app.signing_key, account, code)).collect();
    store::authenticators::replace_recovery_codes(tx, account, &hashes, tx.now)?;
    Ok(codes)
}

/// Encrypts the secret of an authenticator app, so that only this account can use it.
pub fn seal_secret(app: &App, account: AccountId, secret: &[u8]) -> Result<String> {
    Ok(seal::seal(&app.signing_key, &app.random, &context(account), secret)?)
}

/// Decrypts the secret of an authenticator app. Logs an error if the secret key has changed since the set-up.
pub fn open_secret(app: &App, account: AccountId, sealed: &str) -> Option<Vec<u8>> {
    let secret = seal::open(&app.signing_key, &context(account), sealed);
    if secret.is_none() {
        tracing::error!(
            "the authenticator app of account {account} cannot be used, because it was set up with another secret key; \
             restore that key, or run `user second-factor {account} --remove`"
        );
    }
    secret
}

fn context(account: AccountId) -> String {
    format!("authenticator app of account {account}")
}
