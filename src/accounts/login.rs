//! `tokenAuth`.

use super::sessions::{self, Tokens};
use super::{Account, AccountId};
use crate::app::App;
use crate::config::LoginField;
use crate::email;
use crate::error::{Error, FieldError, Result};
use crate::passwords::PasswordCheck;
use crate::security::audit::{Event, LoginFailure};
use crate::security::throttle::{AttemptTarget, PasswordAttempt};
use crate::security::{Tx, Viewer};
use crate::store::{self, Reader};

/// An id that no account has.
const NO_ACCOUNT: AccountId = 0;

pub struct LoggedIn {
    /// The account after the login.
    pub account: Account,
    pub tokens: Tokens,
    /// Whether the login unarchived the account.
    pub unarchiving: bool,
}

/// The name of an account: either an address, primary or secondary, or a username.
#[derive(Default)]
pub struct Name {
    pub email: Option<String>,
    pub username: Option<String>,
}

impl Name {
    /// Returns what attempts are counted under if no account has the name. An address and a username have separate
    /// counters, because no account has both under one name. A shared counter would show that no account has the name.
    fn counted_as(&self) -> String {
        match (&self.email, &self.username) {
            (Some(address), _) => format!("email:{}", email::key(address)),
            (None, username) => format!("username:{}", username.as_deref().unwrap_or_default()),
        }
    }
}

/// Begins a session, given the password. An unknown name and a wrong password get the same reply and take the same time.
pub fn log_in(app: &App, viewer: &Viewer, name: &Name, password: &str) -> Result<LoggedIn> {
    let (account, hash, attempt) = Tx::run(app, viewer, |tx| {
        let account = find_by_name(app, tx, name)?;
        // An unknown name must cost the same statements.
        let id = account.as_ref().map_or(NO_ACCOUNT, |account| account.id);
        let hash = store::accounts::find_password_hash(tx, id)?;
        let unknown = || AttemptTarget::UnknownName(name.counted_as());
        let target = account.as_ref().map_or_else(unknown, AttemptTarget::Account);
        let attempt = PasswordAttempt::begin(tx, &target)?;
        Ok((account, hash, attempt))
    })?;
    let check = app.hasher.verify(password, hash.as_deref());
    let failure = match &account {
        None => Some(LoginFailure::UnknownAccount),
        Some(_) if check == PasswordCheck::Wrong => Some(LoginFailure::WrongPassword),
        Some(account) if account.verified_at.is_none() && !app.config.accounts.login_unverified => {
            Some(LoginFailure::NotVerified)
        }
        Some(account) if account.deactivated_at.is_some() => Some(LoginFailure::Deactivated),
        Some(_) => None,
    };
    let is_outdated = failure.is_none() && check == PasswordCheck::RightButOutdated;
    let better_hash = is_outdated.then(|| app.hasher.hash(password)).transpose()?;
    Tx::run_anonymous(app, viewer, |tx| {
        let (None, Some(checked)) = (failure, &account) else {
            let id = account.as_ref().map(|account| account.id);
            return reject(tx, id, failure.unwrap_or(LoginFailure::UnknownAccount));
        };
        let now = store::accounts::find_by_id(tx, checked.id)?;
        let now = now.filter(|now| now.epoch == checked.epoch && now.deactivated_at.is_none());
        let Some(account) = now else { return reject(tx, Some(checked.id), LoginFailure::ChangedMeanwhile) };
        if let (Some(hash), Some(better_hash)) = (&hash, &better_hash) {
            store::accounts::replace_password_hash(tx, account.id, hash, better_hash)?;
        }
        if let Some(attempt) = attempt {
            attempt.succeeded(tx, &account)?;
        }
        begin_session(tx, account)
    })
}

fn find_by_name(app: &App, db: &Reader<'_>, name: &Name) -> Result<Option<Account>> {
    let settings = &app.config.accounts;
    match (&name.email, &name.username) {
        (Some(address), None) if settings.login_fields.contains(&LoginField::Email) => {
            let key = email::key(address);
            let account = store::accounts::find_by_email(db, &key)?;
            let is_accepted =
                |account: &Account| settings.login_with_secondary_email || email::key(&account.email) == key;
            Ok(account.filter(is_accepted))
        }
        (None, Some(username)) if settings.login_fields.contains(&LoginField::Username) => {
            Ok(store::accounts::find_by_username(db, username)?)
        }
        _ => {
            let fields: Vec<&str> = settings.login_fields.iter().map(Into::into).collect();
            Err(Error::bad_request(format!(
                "Must login with password and one of the following fields ['{}'].",
                fields.join("', '")
            )))
        }
    }
}

/// Records a failed login, which is all that it changes.
fn reject<T>(tx: &Tx<'_>, account: Option<AccountId>, failure: LoginFailure) -> Result<T> {
    tx.record_anonymous(account, Event::LoginRefused(failure))?;
    tx.keep_on_rejection()?;
    // If replies hide which addresses are taken, registering and logging in must not tell.
    let hides = tx.app.config.accounts.hide_existence;
    let tells = failure == LoginFailure::NotVerified && !hides;
    Err(if tells { FieldError::NOT_VERIFIED } else { FieldError::INVALID_CREDENTIALS }.into())
}

fn begin_session(tx: &Tx<'_>, mut account: Account) -> Result<LoggedIn> {
    let unarchiving = store::accounts::set_archived(tx, account.id, None)?;
    account.archived_at = None;
    if unarchiving {
        tx.record_by_owner(account.id, Event::Unarchived)?;
    }
    let tokens = sessions::begin(tx, &account)?;
    tx.record_by_owner(account.id, Event::LoggedIn(&tokens.session))?;
    Ok(LoggedIn { account, tokens, unarchiving })
}
