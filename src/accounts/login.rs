//! `tokenAuth`: an address and a password for a session.

use super::audit::{Actor, Event, LoginFailure};
use super::sessions::{self, Tokens};
use super::throttle::{AttemptTarget, PasswordAttempt};
use super::{Account, Error, FieldError, Result, Viewer, audit, email};
use crate::app::App;
use crate::config::LoginField;
use crate::passwords::PasswordCheck;
use crate::store::{self, Reader};

/// Numbers of accounts begin with 1.
const NOBODY: store::accounts::AccountId = 0;

/// Somebody who has just logged in.
pub struct LoggedIn {
    /// The account, as it is now.
    pub account: Account,
    /// What lets its owner in from here on.
    pub tokens: Tokens,
    /// Whether this took the account out of the archive.
    pub unarchiving: bool,
}

/// Who wants to log in: by one of the two.
#[derive(Default)]
pub struct Name {
    /// A primary or secondary address.
    pub email: Option<String>,
    /// A username.
    pub username: Option<String>,
}

impl Name {
    /// Returns what attempts are counted under if no account has the name. An address and a username have separate
    /// counters, because no account has both under one name. A shared counter would show that nobody has the name.
    fn counted_as(&self) -> String {
        match (&self.email, &self.username) {
            (Some(address), _) => format!("email:{}", email::key(address)),
            (None, username) => format!("username:{}", username.as_deref().unwrap_or_default()),
        }
    }
}

/// Logs somebody in. A name that nobody has costs as much time as a wrong password.
///
/// # Errors
/// A refusal that does not tell the two apart; whoever knows the password learns that the account is unverified.
pub fn log_in(app: &App, viewer: &Viewer, name: &Name, password: &str) -> Result<LoggedIn> {
    let (account, hash) = app.store.read(|db| -> Result<_> {
        let account = find_by_name(app, db, name)?;
        // Looked for in any case: what is left out for nobody can be measured.
        let id = account.as_ref().map_or(NOBODY, |account| account.id);
        Ok((account, store::accounts::find_password_hash(db, id)?))
    })?;
    let target = account.as_ref().map_or_else(|| AttemptTarget::Nobody(name.counted_as()), AttemptTarget::Of);
    let attempt = PasswordAttempt::begin(app, viewer, &target)?;
    let known = account.as_ref().map(|account| account.id);
    let verdict = app.hasher.verify(password, hash.as_deref());
    let (Some(account), Some(hash), PasswordCheck::Right | PasswordCheck::RightButOutdated) =
        (account, hash, verdict)
    else {
        audit::refused_login(app, viewer, known, LoginFailure::WrongPassword)?;
        return Err(FieldError::INVALID_CREDENTIALS.into());
    };
    if account.verified_at.is_none() && !app.config.accounts.login_unverified {
        audit::refused_login(app, viewer, known, LoginFailure::NotVerified)?;
        // Who registers an address and then logs in would learn whether that made an account.
        let hides = app.config.accounts.hide_existence;
        return Err(if hides { FieldError::INVALID_CREDENTIALS } else { FieldError::NOT_VERIFIED }.into());
    }
    if account.deactivated_at.is_some() {
        audit::refused_login(app, viewer, known, LoginFailure::Deactivated)?;
        return Err(FieldError::INVALID_CREDENTIALS.into());
    }
    let better_hash = match verdict {
        PasswordCheck::RightButOutdated => Some(app.hasher.hash(password)?),
        _ => None,
    };
    let begun = begin_session(app, viewer, &account, attempt, &hash, better_hash.as_deref());
    if let Err(Error::Refused(_)) = begun {
        audit::refused_login(app, viewer, known, LoginFailure::ChangedMeanwhile)?;
    }
    begun
}

fn find_by_name(app: &App, db: &Reader<'_>, name: &Name) -> Result<Option<Account>> {
    let settings = &app.config.accounts;
    match (&name.email, &name.username) {
        (Some(address), None) if settings.login_fields.contains(&LoginField::Email) => {
            let key = email::key(address);
            let account = store::accounts::find_by_email(db, &key)?;
            let admitted =
                |account: &Account| settings.login_with_secondary_email || email::key(&account.email) == key;
            Ok(account.filter(admitted))
        }
        (None, Some(username)) if settings.login_fields.contains(&LoginField::Username) => {
            Ok(store::accounts::find_by_username(db, username)?)
        }
        _ => {
            let fields: Vec<&str> = settings.login_fields.iter().map(|field| field.as_str()).collect();
            let sentence = format!(
                "Must login with password and one of the following fields ['{}'].",
                fields.join("', '")
            );
            Err(Error::BadRequest(sentence.into()))
        }
    }
}

/// The write behind a login. The account may have changed since its password was checked: then the login is refused.
fn begin_session(
    app: &App,
    viewer: &Viewer,
    checked: &Account,
    attempt: Option<PasswordAttempt>,
    hash: &str,
    better_hash: Option<&str>,
) -> Result<LoggedIn> {
    app.write(|tx| {
        let account = store::accounts::find_by_id(tx, checked.id)?;
        let account = account.filter(|now| now.epoch == checked.epoch && now.deactivated_at.is_none());
        let mut account = account.ok_or(FieldError::INVALID_CREDENTIALS)?;
        if let Some(better_hash) = better_hash {
            store::accounts::replace_password_hash(tx, account.id, hash, better_hash)?;
        }
        if let Some(attempt) = attempt {
            attempt.succeeded(app, tx, &account)?;
        }
        let unarchiving = store::accounts::set_archived(tx, account.id, None)?;
        account.archived_at = None;
        if unarchiving {
            audit::record(app, tx, Actor::Bearer(viewer), account.id, Event::Unarchived)?;
        }
        let tokens = sessions::begin(app, tx, &account, viewer.client())?;
        audit::record(app, tx, Actor::Bearer(viewer), account.id, Event::LoggedIn(&tokens.session))?;
        Ok(LoggedIn { account, tokens, unarchiving })
    })
}
