//! The passkeys of an account: the mutations `startPasskeyRegistration`, `finishPasskeyRegistration`, `renamePasskey` and
//! `removePasskey`.

use serde::{Deserialize, Serialize};

use super::passkey_login::{PasskeyRequest, credentials, require_passkeys};
use super::second_factor::{delete_useless_codes, strengthen_session};
use super::{Account, validation};
use crate::app::App;
use crate::error::{FieldError, FieldErrors, Result};
use crate::passkeys::{Ceremony, NewPasskey, Owner};
use crate::security::audit::Event;
use crate::security::reauthentication::{Proof, reauthenticate};
use crate::security::{Tx, Viewer, challenges, notices, second_factor, throttle};
use crate::store;
use crate::store::passkeys::Passkey;
use crate::store::properties::{self, Property};
use crate::store::sessions::Authentication;
use crate::tokens::challenge::Purpose;

/// The most passkeys of an account.
const MAX_PASSKEYS: usize = 20;
/// The most characters of the name of a passkey.
const MAX_NAME: usize = 100;

/// What the end of a registration needs to know of its beginning.
#[derive(Serialize, Deserialize)]
struct Beginning {
    /// Whether the account had a second factor, so that the password alone was not enough.
    had_second_factor: bool,
    passkey_state: String,
}

/// Begins the registration of a passkey.
pub fn start_registration(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<PasskeyRequest> {
    let passkeys = require_passkeys(app)?;
    let verified = reauthenticate(app, viewer, "password", proof, |_, _| Ok(()))?;
    verified.run(app, |tx, account| {
        throttle::account_change(tx, account.id)?;
        let existing = list_below_limit(tx, account)?;
        let owner = Owner { account: account.id, email: &account.email, name: account.salutation() };
        let Ceremony { options, state } = passkeys.start_registration(&owner, &credentials(&existing))?;
        let had_second_factor = second_factor::find_usable(app, tx, account.id)?.exist();
        let beginning = Beginning { had_second_factor, passkey_state: state };
        let beginning = serde_json::to_string(&beginning).map_err(anyhow::Error::from)?;
        let challenge = challenges::issue(app, Purpose::PasskeyRegistration, Some(account), Some(beginning))?;
        Ok(PasskeyRequest { challenge, options })
    })
}

/// A passkey that was registered.
pub struct Registered {
    pub passkey: Passkey,
    /// The recovery codes, if the account had none.
    pub recovery_codes: Option<Vec<String>>,
}

/// Finishes the registration of a passkey with the answer of an authenticator to a challenge of [`start_registration`].
pub fn finish_registration(
    app: &App,
    viewer: &Viewer,
    token: &str,
    answer: &str,
    name: &str,
) -> Result<Registered> {
    let passkeys = require_passkeys(app)?;
    let name = checked_name(name)?;
    let challenge = challenges::read(app, viewer, &[Purpose::PasskeyRegistration], token)?;
    let beginning = challenge.passkey_state.as_deref().unwrap_or_default();
    let beginning: Beginning = serde_json::from_str(beginning).map_err(anyhow::Error::from)?;
    let Ok(new) = passkeys.finish_registration(&beginning.passkey_state, answer) else {
        return Err(FieldError::INVALID_PASSKEY.into());
    };
    let NewPasskey { id, credential, is_backed_up } = new;
    Tx::run(app, viewer, |tx| {
        let account = tx.caller.require_verified()?;
        // Another account, or the password has changed since the beginning.
        if challenges::find_account(tx, &challenge)?.id != account.id {
            return Err(FieldError::INVALID_TOKEN.into());
        }
        challenges::consume(tx, token, &challenge)?;
        // A thief with the password could have begun this, or the set-up of an app, before the owner added a second factor.
        if !beginning.had_second_factor && second_factor::find_usable(app, tx, account.id)?.exist() {
            return Err(FieldError::SET_UP_EXPIRED.into());
        }
        store::authenticators::delete_unconfirmed(tx, account.id)?;
        list_below_limit(tx, account)?;
        let passkey = Passkey {
            id: id.clone(),
            account: account.id,
            name: name.clone(),
            credential: credential.clone(),
            is_backed_up,
            added_at: tx.now,
            last_used_at: None,
        };
        if !store::passkeys::insert(tx, &passkey)? {
            return Err(FieldError::PASSKEY_EXISTS.into());
        }
        if let Some(domain) = app.config.passkey_domain() {
            properties::upsert(tx, Property::PasskeyDomain, &domain)?;
        }
        strengthen_session(tx, Authentication::PasswordAndPasskey)?;
        tx.record(account.id, Event::PasskeyAdded)?;
        notices::enqueue(tx, account, notices::PASSKEY_ADDED)?;
        let (codes, _) = store::authenticators::count_recovery_codes(tx, account.id)?;
        let renew = || second_factor::renew_recovery_codes(tx, account.id);
        let recovery_codes = (codes == 0).then(renew).transpose()?;
        Ok(Registered { passkey, recovery_codes })
    })
}

fn list_below_limit(tx: &Tx<'_>, account: &Account) -> Result<Vec<Passkey>> {
    let existing = store::passkeys::list(tx, account.id)?;
    if existing.len() < MAX_PASSKEYS { Ok(existing) } else { Err(FieldError::TOO_MANY_PASSKEYS.into()) }
}

fn checked_name(name: &str) -> Result<String> {
    let checked = match validation::clean_text(name, MAX_NAME) {
        Ok(name) if name.is_empty() => Err(vec![FieldError::REQUIRED]),
        checked => checked,
    };
    let mut errors = FieldErrors::default();
    let name = errors.keep("name", checked).unwrap_or_default();
    errors.into_result()?;
    Ok(name)
}

/// Renames a passkey of the viewer. A passkey of another account is treated as missing.
pub fn rename(app: &App, viewer: &Viewer, id: &str, name: &str) -> Result<()> {
    let name = checked_name(name)?;
    Tx::run(app, viewer, |tx| {
        let account = tx.caller.require_verified()?;
        throttle::account_change(tx, account.id)?;
        if !store::passkeys::rename(tx, account.id, id, &name)? {
            return Err(FieldErrors::of("id", FieldError::NO_SUCH_PASSKEY).into());
        }
        tx.record(account.id, Event::PasskeyRenamed)
    })
}

/// Removes a passkey, and the recovery codes with the last second factor.
pub fn remove(app: &App, viewer: &Viewer, id: &str, proof: Proof<'_>) -> Result<()> {
    let verified = reauthenticate(app, viewer, "password", proof, |_, _| Ok(()))?;
    verified.run(app, |tx, account| {
        throttle::account_change(tx, account.id)?;
        if !store::passkeys::delete(tx, account.id, id)? {
            return Err(FieldErrors::of("id", FieldError::NO_SUCH_PASSKEY).into());
        }
        delete_useless_codes(tx, account)?;
        tx.record(account.id, Event::PasskeyRemoved)?;
        notices::enqueue(tx, account, notices::PASSKEY_REMOVED)
    })
}

/// Returns what the operator should know if passkeys were registered for another domain than the present one.
pub fn domain_warning(app: &App) -> store::Result<Option<String>> {
    let Some(present) = app.config.passkey_domain() else { return Ok(None) };
    let stored = app.store.read(|db| properties::find(db, Property::PasskeyDomain))?;
    let former = stored.filter(|former| *former != present);
    Ok(former.map(|former| {
        format!(
            "second_factor.passkey_domain: passkeys were registered for {former}; they cannot be used until it is the domain again"
        )
    }))
}
