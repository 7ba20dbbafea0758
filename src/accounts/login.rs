//! The mutations `tokenAuth` and `tokenAuthSecondFactor`.

use super::sessions::{self, Tokens, UnsignedTokens};
use super::{Account, AccountId, passkey_login};
use crate::app::App;
use crate::config::LoginField;
use crate::email;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::passwords::PasswordCheck;
use crate::security::audit::{Event, LoginFailure};
use crate::security::throttle::{self, PasswordAttempt};
use crate::security::{Tx, Viewer, challenges, second_factor};
use crate::store::sessions::{Authenticated, Authentication};
use crate::store::{self, Reader};
use crate::tokens::challenge::Purpose;

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

/// What a login with a password consists of.
#[derive(Clone, Copy)]
pub struct PasswordLogin<'a> {
    pub name: &'a Name,
    pub password: &'a str,
    /// The code of an authenticator app, or a recovery code.
    pub code: Option<&'a str>,
}

/// Checks the password and, if the account has one, the second factor, and begins a session. An unknown name and a wrong
/// password cause the same reply in the same time. If only the second factor is missing, the rejection contains what
/// [`log_in_with_code`] and [`super::passkey_login::log_in`] need.
pub fn log_in(app: &App, viewer: &Viewer, login: PasswordLogin<'_>) -> Result<LoggedIn> {
    log_in_with(app, viewer, login, app.config.second_factor.code_behind_password, begin_api_session)?
        .sign(app)
}

/// Finishes a login whose password was right.
pub fn log_in_with_code(app: &App, viewer: &Viewer, challenge: &str, code: &str) -> Result<LoggedIn> {
    finish_with_code(app, viewer, challenge, code, begin_api_session)?.sign(app)
}

/// Begins a session of the API for a login that has passed all checks.
pub(super) fn begin_api_session(
    tx: &Tx<'_>,
    account: &Account,
    authenticated: Authenticated,
) -> Result<(String, UnsignedTokens)> {
    second_factor::require_set_up(tx, account)?;
    sessions::begin_with_tokens(tx, account, authenticated)
}

/// A successful login, with the secrets of its session.
pub(super) struct Accepted<S> {
    account: Account,
    pub(super) secrets: S,
    pub(super) was_archived: bool,
}

impl Accepted<UnsignedTokens> {
    pub(super) fn sign(self, app: &App) -> Result<LoggedIn> {
        let Self { account, secrets, was_archived } = self;
        Ok(LoggedIn { account, tokens: secrets.sign(app)?, was_archived })
    }
}

/// Checks the password and the second factor, and begins a session with `begin`, which returns its id and its secrets.
pub(super) fn log_in_with<S>(
    app: &App,
    viewer: &Viewer,
    login: PasswordLogin<'_>,
    accepts_code_behind_password: bool,
    begin: impl Fn(&Tx<'_>, &Account, Authenticated) -> Result<(String, S)>,
) -> Result<Accepted<S>> {
    let PasswordLogin { name, password, code } = login;
    let code = code.filter(|code| !code.is_empty());
    let (account, hash, attempt, accepts_code_behind_password) = Tx::run(app, viewer, |tx| {
        let account = find_by_name(app, tx, name)?;
        // An unknown name must cause the same statements.
        let id = account.as_ref().map_or(NO_ACCOUNT, |account| account.id);
        let hash = store::accounts::find_password_hash(tx, id)?;
        let accepts_code_behind_password =
            accepts_code_behind_password && second_factor::find_usable(app, tx, id)?.authenticator;
        let attempt = PasswordAttempt::begin(tx, account.as_ref(), &name.counter_name())?;
        Ok((account, hash, attempt, accepts_code_behind_password))
    })?;
    let (password, code) = match split_code(password) {
        Some((password, behind)) if accepts_code_behind_password && code.is_none() => {
            (password, Some(behind))
        }
        _ => (password, code),
    };
    let check = app.hasher.verify(password, hash.as_deref());
    let id = account.as_ref().map(|account| account.id);
    let accepted = match account {
        None => Err(LoginFailure::UnknownAccount),
        Some(_) if check == PasswordCheck::Wrong => Err(LoginFailure::WrongPassword),
        Some(account) => require_usable(app, account),
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
            attempt.take_back(tx)?;
        }
        tx.keep_on_rejection();
        let authentication = require_second_factor(tx, &account, code, accepts_code_behind_password)?;
        accept(tx, account, authentication, &begin)
    })
}

/// Splits `password 123456`.
fn split_code(password: &str) -> Option<(&str, &str)> {
    let (password, code) = password.rsplit_once(' ')?;
    (code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit())).then_some((password, code))
}

/// Rejects an account that may not log in.
pub(super) fn require_usable(app: &App, account: Account) -> std::result::Result<Account, LoginFailure> {
    if account.verified_at.is_none() && !app.config.accounts.login_unverified {
        Err(LoginFailure::NotVerified)
    } else if account.deactivated_at.is_some() {
        Err(LoginFailure::Deactivated)
    } else {
        Ok(account)
    }
}

/// Checks the second factor of an account whose password was right. Without a code, rejects the login with a challenge.
fn require_second_factor(
    tx: &Tx<'_>,
    account: &Account,
    code: Option<&str>,
    accepts_code_behind_password: bool,
) -> Result<Authentication> {
    let factors = second_factor::find_usable(tx.app, tx, account.id)?;
    if !factors.exist() {
        return Ok(Authentication::Password);
    }
    if let Some(code) = code {
        second_factor::use_code(tx, account, code)?;
        return Ok(Authentication::PasswordAndCode);
    }
    tx.record_by_owner(account.id, Event::PasswordAccepted)?;
    tx.keep_on_rejection();
    let error = if accepts_code_behind_password {
        FieldError::CODE_REQUIRED_BEHIND_PASSWORD
    } else {
        second_factor::missing(tx.app, factors, FieldError::PASSKEY_REQUIRED)
    };
    let next_step = passkey_login::next_step(tx, account, factors)?;
    Err(FieldErrors::second_factor_required(error, next_step).into())
}

/// Checks the code of a login whose password was right, and begins a session with `begin`.
pub(super) fn finish_with_code<S>(
    app: &App,
    viewer: &Viewer,
    token: &str,
    code: &str,
    begin: impl Fn(&Tx<'_>, &Account, Authenticated) -> Result<(String, S)>,
) -> Result<Accepted<S>> {
    let challenge = challenges::read(app, viewer, &[Purpose::SecondFactor], token)?;
    Tx::run_anonymous(app, viewer, |tx| {
        let account = challenges::find_account(tx, &challenge)?;
        second_factor::use_code(tx, &account, code)?;
        challenges::consume(tx, token, &challenge)?;
        accept(tx, account, Authentication::PasswordAndCode, &begin)
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

/// Begins the session of a login that has passed all checks.
pub(super) fn accept<S>(
    tx: &Tx<'_>,
    account: Account,
    authentication: Authentication,
    begin: impl Fn(&Tx<'_>, &Account, Authenticated) -> Result<(String, S)>,
) -> Result<Accepted<S>> {
    throttle::remember_client(tx, &account)?;
    let was_archived = account.archived_at.is_some();
    if was_archived {
        store::accounts::set_archived(tx, account.id, None)?;
        tx.record_by_owner(account.id, Event::Unarchived)?;
    }
    let (session, secrets) = begin(tx, &account, Authenticated { authentication, at: tx.now })?;
    tx.record_by_owner(account.id, Event::LoggedIn(&session))?;
    Ok(Accepted { account: Account { archived_at: None, ..account }, secrets, was_archived })
}
