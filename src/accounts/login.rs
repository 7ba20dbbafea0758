//! `tokenAuth`: an address and a password for a session.

use super::sessions::{self, Tokens};
use super::{Account, Error, FieldError, Result, email};
use crate::app::App;
use crate::passwords::Verdict;
use crate::store;

/// Somebody who has just logged in.
pub struct LoggedIn {
    /// The account, as it is now.
    pub account: Account,
    /// What lets its owner in from here on.
    pub tokens: Tokens,
    /// Whether this took the account out of the archive.
    pub unarchiving: bool,
}

/// Logs somebody in. An address that nobody has costs as much time as a wrong password.
///
/// # Errors
/// A refusal that does not tell the two apart; whoever knows the password learns that the account is unverified.
pub fn log_in(app: &App, address: Option<&str>, password: &str) -> Result<LoggedIn> {
    let Some(address) = address else {
        return Err(Error::Misused(
            "Must login with password and one of the following fields ['email'].".into(),
        ));
    };
    let (account, hash) = app.store.read(|db| -> store::Result<_> {
        let account = store::accounts::find_by_email(db, &email::key(address))?;
        let hash = match &account {
            Some(account) => store::accounts::find_password_hash(db, account.id)?,
            None => None,
        };
        Ok((account, hash))
    })?;
    let verdict = app.hasher.verify(password, hash.as_deref());
    let (Some(account), Some(hash), Verdict::Right | Verdict::RightButOutdated) = (account, hash, verdict)
    else {
        return Err(FieldError::INVALID_CREDENTIALS.into());
    };
    if account.verified_at.is_none() {
        return Err(FieldError::NOT_VERIFIED.into());
    }
    if account.deactivated_at.is_some() {
        return Err(FieldError::INVALID_CREDENTIALS.into());
    }
    let better_hash = match verdict {
        Verdict::RightButOutdated => Some(app.hasher.hash(password)?),
        _ => None,
    };
    begin_session(app, &account, &hash, better_hash.as_deref())
}

/// The write behind a login. The account may have changed since its password was checked: then the login is refused.
fn begin_session(app: &App, checked: &Account, hash: &str, better_hash: Option<&str>) -> Result<LoggedIn> {
    app.write(|tx| {
        let account = store::accounts::find_by_id(tx, checked.id)?;
        let account = account.filter(|now| now.epoch == checked.epoch && now.deactivated_at.is_none());
        let mut account = account.ok_or(FieldError::INVALID_CREDENTIALS)?;
        if let Some(better_hash) = better_hash {
            store::accounts::replace_password_hash(tx, account.id, hash, better_hash)?;
        }
        let unarchiving = store::accounts::set_archived(tx, account.id, None)?;
        account.archived_at = None;
        let tokens = sessions::begin(app, tx, &account)?;
        Ok(LoggedIn { account, tokens, unarchiving })
    })
}
