//! `register`.

use anyhow::anyhow;

use super::sessions::{self, Tokens};
use super::validation::{self, Checked};
use super::{Account, activation, notices};
use crate::app::App;
use crate::config::RegisterField;
use crate::django::password_validators::Owner;
use crate::email;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::mail::MailKind;
use crate::security::audit::Event;
use crate::security::{Tx, Viewer, action_links, throttle};
use crate::store;
use crate::store::accounts::{NewAccount, Role};
use crate::tokens::action::Action;

/// The arguments of `register`. The settings decide which are required.
#[derive(Default)]
pub struct Registration {
    pub email: Option<String>,
    pub username: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub academic_title: Option<String>,
    pub password1: Option<String>,
    pub password2: Option<String>,
}

/// A registration without errors.
#[derive(Default)]
pub(super) struct Accepted {
    pub(super) email: String,
    /// `None` if the id of the account becomes its username.
    pub(super) username: Option<String>,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) academic_title: String,
    /// `None` if a mailed link sets the password later.
    pub(super) password: Option<String>,
}

/// Registers an account and enqueues its mails. If accounts may log in before they are verified, a session begins.
pub fn register(app: &App, viewer: &Viewer, registration: Registration) -> Result<Option<Tokens>> {
    let accepted = accept(app, viewer, registration)?;
    let hash = accepted.password.as_deref().map(|password| app.hasher.hash(password)).transpose()?;
    Tx::run_anonymous(app, viewer, |tx| {
        throttle::registration_mail(tx, &accepted.email)?;
        if let Some(owner) = hidden_owner(tx, &accepted.email)? {
            // Ids count up, so the next new account would tell whether this registration created one.
            skip_id(tx)?;
            tx.record_anonymous(owner.id, Event::RegisteredAgain)?;
            notices::hint(tx, &owner, &accepted.email, notices::REGISTERED_AGAIN)?;
            return Ok(None);
        }
        let account = insert(tx, &accepted, hash.as_deref())?;
        if app.config.mail.activation {
            activation::enqueue_mail(tx, &account)?;
        }
        if hash.is_none() && app.config.mail.password_set {
            let token = action_links::issue(app, Action::PasswordSet, &account, None)?;
            tx.enqueue(&MailKind::PasswordSet(&token), &account.email, account.plain_salutation())?;
        }
        let logs_in = app.config.accounts.login_unverified && hash.is_some();
        let tokens = logs_in.then(|| sessions::begin(tx, &account)).transpose()?;
        let session = tokens.as_ref().map(|tokens| tokens.session.as_str());
        tx.record_anonymous(account.id, Event::Registered(session))?;
        Ok(tokens)
    })
}

fn accept(app: &App, viewer: &Viewer, form: Registration) -> Result<Accepted> {
    let mut errors = FieldErrors::default();
    let mut field = |field, name, value: &Option<String>, check: fn(&str) -> Checked<String>| {
        errors.keep(name, checked(app, field, value.as_deref(), check)).unwrap_or_default()
    };
    let email = field(RegisterField::Email, "email", &form.email, validation::email_of_account);
    let username = field(RegisterField::Username, "username", &form.username, validation::username);
    let first_name = field(RegisterField::FirstName, "firstName", &form.first_name, validation::name);
    let last_name = field(RegisterField::LastName, "lastName", &form.last_name, validation::name);
    let title = (&form.academic_title, validation::academic_title as fn(&str) -> _);
    let academic_title = field(RegisterField::AcademicTitle, "academicTitle", title.0, title.1);

    let passwordless = app.config.accounts.passwordless_registration;
    let [first, second] = [form.password1, form.password2].map(Option::unwrap_or_default);
    if !passwordless {
        let owner =
            Owner { username: &username, first_name: &first_name, last_name: &last_name, email: &email };
        let (fields, min_length) = (["password1", "password2"], app.config.passwords.min_length);
        errors.extend(validation::new_password(fields, [&first, &second], &owner, min_length));
    }
    Tx::run_anonymous(app, viewer, |tx| {
        throttle::registration(tx)?;
        tx.keep_on_rejection()?;
        require_free(tx, errors, &email, &username)
    })?;

    let username = (!username.is_empty()).then_some(username);
    let password = (!passwordless).then_some(first);
    Ok(Accepted { email, username, first_name, last_name, academic_title, password })
}

/// Checks the value of a field. A field that the settings neither require nor allow is not in the schema.
fn checked(
    app: &App,
    field: RegisterField,
    value: Option<&str>,
    check: fn(&str) -> Checked<String>,
) -> Checked<String> {
    let value = value.map(check).transpose()?.unwrap_or_default();
    if value.is_empty() && app.config.accounts.register_required.contains(&field) {
        return Err(vec![FieldError::REQUIRED]);
    }
    Ok(value)
}

/// Adds an error for each name that is taken, so that the reply contains all errors. This is only a forecast: constraints
/// decide when the account is inserted.
fn require_free(tx: &Tx<'_>, mut errors: FieldErrors, email: &str, username: &str) -> Result<()> {
    let role = store::emails::find_role(tx, &email::key(email))?;
    let role = role.filter(|_| !tx.app.config.accounts.hide_existence);
    if role == Some(Role::Primary) {
        errors.add("email", [FieldError::EMAIL_TAKEN]);
    }
    if store::accounts::find_by_username(tx, username)?.is_some() {
        errors.add("username", [FieldError::USERNAME_TAKEN]);
    }
    errors.into_result()?;
    match role {
        Some(Role::Secondary) => Err(FieldErrors::of("email", FieldError::EMAIL_IN_USE).into()),
        _ => Ok(()),
    }
}

/// Returns the account that has this address, if the reply must not tell that the address is taken.
fn hidden_owner(tx: &Tx<'_>, email: &str) -> Result<Option<Account>> {
    if !tx.app.config.accounts.hide_existence {
        return Ok(None);
    }
    Ok(store::accounts::find_by_email(tx, &email::key(email))?)
}

/// Adds an account. Rejects a username or an address that is taken.
pub(super) fn insert(tx: &Tx<'_>, accepted: &Accepted, hash: Option<&str>) -> Result<Account> {
    // Without a username, the id becomes the username as soon as the database has assigned it.
    let temporary_name = tx.app.random.hex::<16>();
    let new = new_account(tx, accepted.username.as_deref().unwrap_or(&temporary_name), accepted, hash);
    let taken = |field, error| Error::from(FieldErrors::of(field, error));
    let id = store::accounts::insert(tx, &new)?;
    let id = id.ok_or_else(|| taken("username", FieldError::USERNAME_TAKEN))?;
    if !store::accounts::insert_email(tx, id, &accepted.email, &email::key(&accepted.email), Role::Primary)? {
        return Err(taken("email", FieldError::EMAIL_TAKEN));
    }
    if accepted.username.is_none() && !store::accounts::set_username(tx, id, &id.to_string())? {
        // Another account chose this number as its username.
        store::accounts::set_username(tx, id, &format!("{id}-{}", tx.app.random.hex::<4>()))?;
    }
    store::accounts::find_by_id(tx, id)?
        .ok_or_else(|| anyhow!("account {id} is missing after its insert").into())
}

fn new_account<'a>(
    tx: &Tx<'_>,
    username: &'a str,
    accepted: &'a Accepted,
    hash: Option<&'a str>,
) -> NewAccount<'a> {
    NewAccount {
        username,
        first_name: &accepted.first_name,
        last_name: &accepted.last_name,
        academic_title: &accepted.academic_title,
        password_hash: hash,
        is_staff: false,
        joined_at: tx.now,
        verified_at: None,
        archived_at: None,
        deactivated_at: None,
    }
}

/// Uses up the id that a new account would have got.
fn skip_id(tx: &Tx<'_>) -> Result<()> {
    let username = tx.app.random.hex::<16>();
    if let Some(id) = store::accounts::insert(tx, &new_account(tx, &username, &Accepted::default(), None))? {
        store::accounts::delete(tx, id)?;
    }
    Ok(())
}
