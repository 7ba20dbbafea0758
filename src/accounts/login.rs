//! The mutation `tokenAuth`.

use super::sessions::{self, Tokens};
use super::{Account, AccountId};
use crate::app::App;
use crate::config::LoginField;
use crate::email;
use crate::error::{Error, FieldError, Result};
use crate::passwords::PasswordCheck;
use crate::security::audit::{Event, LoginFailure};
use crate::security::throttle::PasswordAttempt;
use crate::security::{Tx, Viewer};
use crate::store::{self, Reader};

/// An id that no account has.
const NO_ACCOUNT: AccountId = 0;

pub struct LoggedIn {
    /// The account after the login.
    pub account: Account,
    pub tokens: Tokens,
    /// Whether the account was archived until this login.
    pub was_archived: bool,
}

/// The name of an account: either an address, primary or secondary, or a username.
#[derive(Default)]
pub struct Name {
    pub email: Option<String>,
    pub username: Option<String>,
}

impl Name {
    /// Returns the counter of attempts while no account has this name. The prefix separates an address from a username with
    /// the same text. If an attempt with one delayed the other, that would reveal that neither has an account, because
    /// attempts at accounts are counted by account.
    pub(super) fn counter_name(&self) -> String {
        match (&self.email, &self.username) {
            (Some(address), _) => format!("email:{}", email::key(address)),
            (None, username) => format!("username:{}", username.as_deref().unwrap_or_default()),
        }
    }
}

/// Checks the password and begins a session. An unknown name and a wrong password cause the same reply in the same time.
pub fn log_in(app: &App, viewer: &Viewer, name: &Name, password: &str) -> Result<LoggedIn> {
    let accepted = log_in_with(app, viewer, name, password, sessions::begin_with_tokens)?;
    let Accepted { account, secrets, was_archived } = accepted;
    Ok(LoggedIn { account, tokens: secrets.sign(app)?, was_archived })
}

/// A successful login, with the secrets of its session.
pub(super) struct Accepted<S> {
    account: Account,
    pub(super) secrets: S,
    pub(super) was_archived: bool,
}

/// Checks the password and begins a session with `begin`, which returns its id and its secrets.
pub(super) fn log_in_with<S>(
    app: &App,
    viewer: &Viewer,
    name: &Name,
    password: &str,
    begin: impl Fn(&Tx<'_>, &Account) -> Result<(String, S)>,
) -> Result<Accepted<S>> {
    let (account, hash, attempt) = Tx::run(app, viewer, |tx| {
        let account = find_by_name(app, tx, name)?;
        // An unknown name must cause the same statements.
        let id = account.as_ref().map_or(NO_ACCOUNT, |account| account.id);
        let hash = store::accounts::find_password_hash(tx, id)?;
        let attempt = PasswordAttempt::begin(tx, account.as_ref(), &name.counter_name())?;
        Ok((account, hash, attempt))
    })?;
    let check = app.hasher.verify(password, hash.as_deref());
    let id = account.as_ref().map(|account| account.id);
    let accepted = match account {
        None => Err(LoginFailure::UnknownAccount),
        Some(_) if check == PasswordCheck::Wrong => Err(LoginFailure::WrongPassword),
        Some(account) if account.verified_at.is_none() && !app.config.accounts.login_unverified => {
            Err(LoginFailure::NotVerified)
        }
        Some(account) if account.deactivated_at.is_some() => Err(LoginFailure::Deactivated),
        Some(account) => Ok(account),
    };
    let is_outdated = accepted.is_ok() && check == PasswordCheck::RightButOutdated;
    let new_hash = is_outdated.then(|| app.hasher.hash(password)).transpose()?;
    Tx::run_anonymous(app, viewer, |tx| {
        let checked = match &accepted {
            Ok(account) => account,
            Err(failure) => return reject(tx, id, *failure),
        };
        let account = store::accounts::find_by_id(tx, checked.id)?;
        let account = account.filter(|now| now.epoch == checked.epoch && now.deactivated_at.is_none());
        let Some(account) = account else { return reject(tx, id, LoginFailure::ChangedMeanwhile) };
        if let (Some(hash), Some(new_hash)) = (&hash, &new_hash) {
            store::accounts::replace_password_hash(tx, account.id, hash, new_hash)?;
        }
        if let Some(attempt) = &attempt {
            attempt.take_back(tx, &account)?;
        }
        begin_session(tx, account, &begin)
    })
}

fn find_by_name(app: &App, db: &Reader<'_>, name: &Name) -> Result<Option<Account>> {
    let settings = &app.config.accounts;
    match (&name.email, &name.username) {
        (Some(address), None) if settings.login_fields.contains(&LoginField::Email) => {
            let account = store::accounts::find_by_email(db, &email::key(address))?;
            Ok(account.filter(|account| {
                settings.login_with_secondary_email || email::is_same(&account.email, address)
            }))
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

fn reject<T>(tx: &Tx<'_>, account: Option<AccountId>, failure: LoginFailure) -> Result<T> {
    tx.record_anonymous(account, Event::LoginRefused(failure))?;
    tx.keep_on_rejection();
    // Anybody can register an address of somebody else and try to log in. `NOT_VERIFIED` would reveal that the registration
    // created an account. So with `hide_existence`, it is not returned.
    let is_explained = failure == LoginFailure::NotVerified && !tx.app.config.accounts.hide_existence;
    Err(if is_explained { FieldError::NOT_VERIFIED } else { FieldError::INVALID_CREDENTIALS }.into())
}

fn begin_session<S>(
    tx: &Tx<'_>,
    account: Account,
    begin: impl Fn(&Tx<'_>, &Account) -> Result<(String, S)>,
) -> Result<Accepted<S>> {
    let was_archived = account.archived_at.is_some();
    if was_archived {
        store::accounts::set_archived(tx, account.id, None)?;
        tx.record_by_owner(account.id, Event::Unarchived)?;
    }
    let (session, secrets) = begin(tx, &account)?;
    tx.record_by_owner(account.id, Event::LoggedIn(&session))?;
    Ok(Accepted { account: Account { archived_at: None, ..account }, secrets, was_archived })
}
