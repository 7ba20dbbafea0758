use anyhow::anyhow;

use super::sessions::{self, Tokens};
use super::validation::{self, Checked};
use super::{Account, activation, notices};
use crate::app::App;
use crate::config::RegisterField;
use crate::django::password_validators::Owner;
use crate::email;
use crate::error::{FieldError, FieldErrors, Result};
use crate::mail::MailKind;
use crate::outbox::Recipient;
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

#[derive(Default)]
pub(super) struct ValidRegistration {
    pub(super) email: String,
    /// `None` if the id of the account becomes its username.
    pub(super) username: Option<String>,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) academic_title: String,
    /// The code of a language.
    pub(super) language: Option<String>,
    /// `None` if the owner sets a password later with a mailed link.
    pub(super) password: Option<String>,
}

/// Registers an account and enqueues its mails. Returns the tokens of a new session if the account has a password and may
/// log in before it is verified. If the address is taken and `hide_existence` is on, only mails its owner.
pub fn register(app: &App, viewer: &Viewer, registration: Registration) -> Result<Option<Tokens>> {
    let valid = validate(app, viewer, registration)?;
    let hash = valid.password.as_deref().map(|password| app.hasher.hash(password)).transpose()?;
    let tokens = Tx::run_anonymous(app, viewer, |tx| {
        throttle::registration_mail(tx, &valid.email)?;
        if app.config.accounts.hide_existence
            && let Some(owner) = store::accounts::find_by_email(tx, &email::key(&valid.email))?
        {
            // Uses up an id. Otherwise the id of the next account would reveal that this registration created none.
            let placeholder = insert(tx, &ValidRegistration::default(), None)?;
            store::accounts::delete(tx, placeholder.id)?;
            tx.record_anonymous(owner.id, Event::RegisteredAgain)?;
            notices::enqueue_hint(tx, &owner, &valid.email, notices::REGISTERED_AGAIN)?;
            return Ok(None);
        }
        let account = insert(tx, &valid, hash.as_deref())?;
        if app.config.mail.activation {
            activation::enqueue_mail(tx, &account)?;
        }
        if hash.is_none() && app.config.mail.password_set {
            let token = action_links::issue(app, Action::PasswordSet, &account, None)?;
            let recipient = Recipient::owner(&account, &account.email, account.plain_salutation());
            tx.enqueue(&MailKind::PasswordSet(&token), &recipient)?;
        }
        let logs_in = app.config.accounts.login_unverified && hash.is_some();
        let tokens = logs_in.then(|| sessions::begin(tx, &account)).transpose()?;
        let session = tokens.as_ref().map(|tokens| tokens.session.as_str());
        tx.record_anonymous(account.id, Event::Registered(session))?;
        Ok(tokens)
    })?;
    tokens.map(|tokens| tokens.sign(app)).transpose()
}

/// Validates a registration. A field that the settings do not offer is missing from the schema, so it is empty here.
fn validate(app: &App, viewer: &Viewer, form: Registration) -> Result<ValidRegistration> {
    let required = &app.config.accounts.register_required;
    let mut errors = FieldErrors::default();
    let mut field = |field, name, value: &Option<String>, check: fn(&str) -> Checked<String>| {
        let value = match value.as_deref().map_or_else(|| Ok(String::new()), check) {
            Ok(value) if value.is_empty() && required.contains(&field) => Err(vec![FieldError::REQUIRED]),
            value => value,
        };
        errors.keep(name, value).unwrap_or_default()
    };
    let email = field(RegisterField::Email, "email", &form.email, validation::email_of_account);
    let username = field(RegisterField::Username, "username", &form.username, validation::username);
    let first_name = field(RegisterField::FirstName, "firstName", &form.first_name, validation::name);
    let last_name = field(RegisterField::LastName, "lastName", &form.last_name, validation::name);
    let title = &form.academic_title;
    let academic_title =
        field(RegisterField::AcademicTitle, "academicTitle", title, validation::academic_title);

    let is_passwordless = app.config.accounts.passwordless_registration;
    let [first, second] = [form.password1, form.password2].map(Option::unwrap_or_default);
    if !is_passwordless {
        let owner =
            Owner { username: &username, first_name: &first_name, last_name: &last_name, email: &email };
        errors.extend(validation::new_password(app, ["password1", "password2"], [&first, &second], &owner));
    }
    Tx::run_anonymous(app, viewer, |tx| {
        throttle::registration(tx)?;
        tx.keep_on_rejection();
        reject_errors_and_taken(tx, errors.clone(), &email, &username)
    })?;

    let username = (!username.is_empty()).then_some(username);
    let password = (!is_passwordless).then_some(first);
    Ok(ValidRegistration { email, username, first_name, last_name, academic_title, language: None, password })
}

/// Adds errors for an address and a username that are taken, and rejects the registration if there are any errors. As in
/// the original, the secondary address of another account is reported only if there are no other errors.
fn reject_errors_and_taken(tx: &Tx<'_>, mut errors: FieldErrors, email: &str, username: &str) -> Result<()> {
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

/// Adds an account. Rejects a username or an address that is taken.
pub(super) fn insert(tx: &Tx<'_>, valid: &ValidRegistration, hash: Option<&str>) -> Result<Account> {
    // Without a username, the id becomes the username as soon as the database has assigned it.
    let temporary_name = tx.app.random.hex::<16>();
    let new = NewAccount {
        username: valid.username.as_deref().unwrap_or(&temporary_name),
        first_name: &valid.first_name,
        last_name: &valid.last_name,
        academic_title: &valid.academic_title,
        password_hash: hash,
        is_staff: false,
        joined_at: tx.now,
        verified_at: None,
        archived_at: None,
        deactivated_at: None,
        added_at: tx.now,
        language: valid.language.as_deref(),
        terms_version: None,
    };
    let id = store::accounts::insert(tx, &new)?;
    let id = id.ok_or_else(|| FieldErrors::of("username", FieldError::USERNAME_TAKEN))?;
    if !store::accounts::insert_email(tx, id, &valid.email, &email::key(&valid.email), Role::Primary)? {
        return Err(FieldErrors::of("email", FieldError::EMAIL_TAKEN).into());
    }
    if valid.username.is_none() && !store::accounts::set_username(tx, id, &id.to_string())? {
        // Another account chose this number as its username.
        store::accounts::set_username(tx, id, &format!("{id}-{}", tx.app.random.hex::<4>()))?;
    }
    store::accounts::find_by_id(tx, id)?
        .ok_or_else(|| anyhow!("account {id} is missing after its insert").into())
}
