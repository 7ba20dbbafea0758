//! `register`: a new account, unverified, and the mail that verifies it.

use super::audit::{Actor, Event};
use super::sessions::{self, Tokens};
use super::validation::{self, Checked};
use super::{
    Account, Error, FieldError, FieldErrors, Result, Viewer, action_links, activation, audit, email, notices,
    throttle,
};
use crate::app::App;
use crate::config::RegisterField;
use crate::django::password_validators::Owner;
use crate::mail::MailKind;
use crate::outbox;
use crate::store::accounts::{NewAccount, Role};
use crate::store::{self, Writer};
use crate::tokens::action::Action;

/// What somebody registers with; what is missing and what is too much the settings decide.
#[derive(Default)]
pub struct Registration {
    /// The primary address.
    pub email: Option<String>,
    /// The username.
    pub username: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The academic title.
    pub academic_title: Option<String>,
    /// The password.
    pub password1: Option<String>,
    /// The password again.
    pub password2: Option<String>,
}

/// What is left of a registration once it is found good.
#[derive(Default)]
pub(super) struct Accepted {
    pub(super) email: String,
    /// None where the account's number is to be its name.
    pub(super) username: Option<String>,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) academic_title: String,
    /// None where it is set later, by a mailed link.
    pub(super) password: Option<String>,
}

/// Registers an account and promises its mails. Where people may log in unverified, it begins their session.
///
/// # Errors
/// A refusal with all complaints at once.
pub fn register(app: &App, viewer: &Viewer, registration: Registration) -> Result<Option<Tokens>> {
    let accepted = accept(app, viewer, registration)?;
    let hash = accepted.password.as_deref().map(|password| app.hasher.hash(password)).transpose()?;
    app.write(|tx| {
        throttle::registration_mail(app, tx, viewer, &accepted.email)?;
        if let Some(owner) = hidden_owner(app, tx, &accepted.email)? {
            // Ids count up, so the next new account would tell whether this registration made one.
            skip_id(app, tx)?;
            audit::record(app, tx, Actor::Somebody(viewer), owner.id, Event::RegisteredAgain)?;
            notices::hint(app, tx, &owner, &accepted.email, notices::REGISTERED_AGAIN)?;
            return Ok(None);
        }
        let account = insert(app, tx, &accepted, hash.as_deref())?;
        if app.config.mail.activation {
            activation::enqueue_mail(app, tx, &account)?;
        }
        if hash.is_none() && app.config.mail.password_set {
            let token = action_links::issue(app, Action::PasswordSet, &account, None)?;
            outbox::enqueue(
                app,
                tx,
                &MailKind::PasswordSet(&token),
                &account.email,
                account.plain_salutation(),
            )?;
        }
        let logs_in = app.config.accounts.login_unverified && hash.is_some();
        let begin = || sessions::begin(app, tx, &account, viewer.client());
        let tokens = logs_in.then(begin).transpose()?;
        let session = tokens.as_ref().map(|tokens| tokens.session.as_str());
        audit::record(app, tx, Actor::Somebody(viewer), account.id, Event::Registered(session))?;
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
    let title = field(
        RegisterField::AcademicTitle,
        "academicTitle",
        &form.academic_title,
        validation::academic_title,
    );

    let passwordless = app.config.accounts.passwordless_registration;
    let [first, second] = [form.password1, form.password2].map(Option::unwrap_or_default);
    if !passwordless {
        let owner =
            Owner { username: &username, first_name: &first_name, last_name: &last_name, email: &email };
        let (fields, min_length) = (["password1", "password2"], app.config.passwords.min_length);
        validation::new_password(&mut errors, fields, [&first, &second], &owner, min_length);
    }
    throttle::registration(app, viewer)?;
    refuse_taken(app, errors, &email, &username)?;

    let username = (!username.is_empty()).then_some(username);
    let password = (!passwordless).then_some(first);
    Ok(Accepted { email, username, first_name, last_name, academic_title: title, password })
}

/// A value by its own rule, and by whether it is required. What is neither required nor optional the dialect does
/// not features.
fn checked(
    app: &App,
    field: RegisterField,
    value: Option<&str>,
    check: fn(&str) -> Checked<String>,
) -> Checked<String> {
    let required = app.config.accounts.register_required.contains(&field);
    let checked = match value {
        Some(value) => check(value),
        None => Ok(String::new()),
    };
    match checked {
        Ok(value) if value.is_empty() && required => Err(vec![FieldError::REQUIRED]),
        checked => checked,
    }
}

/// Adds what is taken to the complaints, so that people learn all of them at once. Whether something is taken is
/// decided by the constraints when the account is inserted.
fn refuse_taken(app: &App, mut errors: FieldErrors, email: &str, username: &str) -> Result<()> {
    let (role, username_taken) = app.store.read(|db| -> store::Result<_> {
        let role = store::emails::find_role(db, &email::key(email))?;
        Ok((role, store::accounts::is_username_taken(db, username)?))
    })?;
    let role = role.filter(|_| !app.config.accounts.hide_existence);
    if role == Some(Role::Primary) {
        errors.add("email", [FieldError::EMAIL_TAKEN]);
    }
    if username_taken {
        errors.add("username", [FieldError::USERNAME_TAKEN]);
    }
    errors.into_result()?;
    match role {
        Some(Role::Secondary) => Err(FieldErrors::of("email", FieldError::EMAIL_IN_USE).into()),
        _ => Ok(()),
    }
}

/// Returns the account that has this address, if the reply must not tell that the address is taken.
fn hidden_owner(app: &App, tx: &Writer<'_>, email: &str) -> Result<Option<Account>> {
    if !app.config.accounts.hide_existence {
        return Ok(None);
    }
    Ok(store::accounts::find_by_email(tx, &email::key(email))?)
}

/// Adds the account, or says which of its names is taken.
pub(super) fn insert(app: &App, tx: &Writer<'_>, accepted: &Accepted, hash: Option<&str>) -> Result<Account> {
    // Without a username the account is named after its number, which the database has yet to give.
    let passing_name = app.random.hex::<16>();
    let new = new_account(app, accepted.username.as_deref().unwrap_or(&passing_name), accepted, hash);
    let taken = |field, error| Error::from(FieldErrors::of(field, error));
    let id = store::accounts::insert(tx, &new)?;
    let id = id.ok_or_else(|| taken("username", FieldError::USERNAME_TAKEN))?;
    if !store::accounts::insert_email(tx, id, &accepted.email, &email::key(&accepted.email), Role::Primary)? {
        return Err(taken("email", FieldError::EMAIL_TAKEN));
    }
    if accepted.username.is_none() && !store::accounts::set_username(tx, id, &id.to_string())? {
        // Somebody chose just this number for a name.
        store::accounts::set_username(tx, id, &format!("{id}-{}", app.random.hex::<4>()))?;
    }
    store::accounts::find_by_id(tx, id)?
        .ok_or_else(|| anyhow::anyhow!("account {id} is not there after its insert").into())
}

fn new_account<'a>(
    app: &App,
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
        joined_at: app.clock.now(),
        verified_at: None,
        archived_at: None,
        deactivated_at: None,
    }
}

/// Uses up the id that an account would have got.
fn skip_id(app: &App, tx: &Writer<'_>) -> Result<()> {
    let username = app.random.hex::<16>();
    if let Some(id) = store::accounts::insert(tx, &new_account(app, &username, &Accepted::default(), None))? {
        store::accounts::delete(tx, id)?;
    }
    Ok(())
}
