//! Challenges between the two requests of a login or of the registration of a passkey. Each can be used once.

use super::{Tx, Viewer, throttle};
use crate::app::App;
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::accounts::Account;
use crate::tokens::Unreadable;
use crate::tokens::challenge::{self, Challenge, Purpose};

/// Issues a challenge for an account, or for anybody. `passkey_state` is what the check of a passkey needs.
pub fn issue(
    app: &App,
    purpose: Purpose,
    account: Option<&Account>,
    passkey_state: Option<String>,
) -> Result<String> {
    let account_and_epoch = account.map(|account| (account.id, account.epoch));
    let challenge = Challenge::new(account_and_epoch, passkey_state, app.clock.now());
    Ok(challenge::issue(&app.signing_key, &app.random, purpose, &challenge)?)
}

/// Returns a challenge for one of the purposes that has not expired. It may have been used. Any other one
/// counts as an invalid token of the client.
pub fn read(app: &App, viewer: &Viewer, purposes: &[Purpose], token: &str) -> Result<Challenge> {
    let mut unreadable = Unreadable::Invalid;
    for purpose in purposes {
        match challenge::read(&app.signing_key, *purpose, token, app.clock.now()) {
            Ok(challenge) => return Ok(challenge),
            Err(Unreadable::Expired) => unreadable = Unreadable::Expired,
            Err(Unreadable::Invalid) => {}
        }
    }
    throttle::invalid_token(app, viewer)?;
    Err(unreadable.into())
}

/// Uses a challenge. Rejects one that was used before.
pub fn consume(tx: &Tx<'_>, token: &str, challenge: &Challenge) -> Result<()> {
    if store::action_tokens::consume(tx, &challenge::hash(token), challenge.expires_at())? {
        Ok(())
    } else {
        Err(FieldError::INVALID_TOKEN.into())
    }
}

/// Returns the account of a challenge. Rejects the challenge if the account has begun another epoch, for example with a new
/// password, or was deactivated.
pub fn find_account(tx: &Tx<'_>, challenge: &Challenge) -> Result<Account> {
    let invalid = || Error::from(FieldError::INVALID_TOKEN);
    let (id, epoch) = challenge.account_and_epoch.ok_or_else(invalid)?;
    let account = store::accounts::find_by_id(tx, id)?;
    account.filter(|account| account.epoch == epoch && account.deactivated_at.is_none()).ok_or_else(invalid)
}
