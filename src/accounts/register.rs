use anyhow::anyhow;

use super::invitations::Invitation;
use super::sessions::{self, Tokens};
use super::validation::{self, Checked};
use super::{Account, activation, erasure, invitations, password};
use crate::app::App;
use crate::config::{RegisterField, RegistrationMode};
use crate::django::password_validators::Owner;
use crate::email;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::security::audit::Event;
use crate::security::{Tx, Viewer, notices, second_factor, throttle};
use crate::store;
use crate::store::accounts::{NewAccount, Role};
use crate::store::sessions::{Authenticated, Authentication};

/// The arguments of `register`. The settings decide which are required.
#[derive(Default)]
pub struct Registration {
    pub email: Option<String>,
    pub username: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub academic_title: Option<String>,
    /// The code of a language. An empty string counts as missing.
    pub language: Option<String>,
    pub password1: Option<String>,
    pub password2: Option<String>,
    /// The token of an invitation.
    pub invitation: Option<String>,
    /// Whether the owner agrees to the terms of the site.
    pub accept_terms: Option<bool>,
    /// Whether the client uses the tokens of a session, if the settings let unverified accounts log in.
    pub begins_session: bool,
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
    /// The token of an invitation.
    pub(super) invitation: Option<String>,
    /// The version of the terms that the owner agrees to.
    pub(super) terms_version: Option<String>,
    pub(super) begins_session: bool,
}

/// Registers an account and enqueues its mails. Returns the tokens of a new session if the account has a password and may
/// log in before it is verified. If the address is taken and `hide_existence` is on, only mails its owner. An invitation
/// verifies the account, because its link was mailed to the address, and leads into its group. It replaces an account that
/// somebody else made with the address.
pub fn register(app: &App, viewer: &Viewer, registration: Registration) -> Result<Option<Tokens>> {
    let valid = validate(app, viewer, registration)?;
    let hash = valid.password.as_deref().map(|password| app.hasher.hash(password)).transpose()?;
    let tokens = Tx::run_anonymous(app, viewer, |tx| {
        let invitation = find_invitation(tx, &valid)?;
        throttle::registration_mail(tx, &valid.email)?;
        // The owner of an invited address may know that it has an account.
        if app.config.accounts.hide_existence
            && invitation.is_none()
            && let Some(owner) = store::accounts::find_by_email(tx, &email::key(&valid.email))?
        {
            // Uses up an id. Otherwise the id of the next account would reveal that this registration created none.
            let placeholder = insert(tx, &ValidRegistration::default(), None)?;
            store::accounts::delete(tx, placeholder.id)?;
            tx.record_anonymous(owner.id, Event::RegisteredAgain)?;
            notices::enqueue_hint(tx, &owner, &valid.email, notices::REGISTERED_AGAIN)?;
            return Ok(None);
        }
        if let Some(invitation) = &invitation
            && let Some(unproven) = invitations::find_unproven(tx, invitation)?
        {
            erasure::erase_unproven(tx, &unproven)?;
        }
        let account = insert(tx, &valid, hash.as_deref())?;
        if app.config.mail.activation && invitation.is_none() {
            activation::enqueue_mail(tx, &account)?;
        }
        if hash.is_none() && app.config.mail.password_set {
            password::enqueue_first(tx, &account)?;
        }
        let logs_in = app.config.accounts.login_unverified
            && hash.is_some()
            && valid.begins_session
            && !second_factor::is_required(app, &account);
        let authenticated = Authenticated { authentication: Authentication::Password, at: tx.now };
        let tokens = logs_in.then(|| sessions::begin_with_tokens(tx, &account, authenticated)).transpose()?;
        let session = tokens.as_ref().map(|(session, _)| session.as_str());
        tx.record_anonymous(account.id, Event::Registered(session))?;
        if let Some(invitation) = &invitation {
            let account = activation::activate(tx, account)?;
            invitations::redeem(tx, &account, invitation)?;
        }
        Ok(tokens)
    })?;
    tokens.map(|(_, tokens)| tokens.sign(app)).transpose()
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
    let language = form.language.map_or(Ok(None), |code| validation::language(app, &code));
    let language = errors.keep("language", language).flatten();

    let is_passwordless = app.config.accounts.passwordless_registration;
    let [first, second] = [form.password1, form.password2].map(Option::unwrap_or_default);
    if !is_passwordless {
        let owner =
            Owner { username: &username, first_name: &first_name, last_name: &last_name, email: &email };
        errors.extend(validation::new_password(app, ["password1", "password2"], [&first, &second], &owner));
    }
    let terms = &app.config.accounts.terms;
    if let Some(url) = terms.url.as_ref().filter(|_| form.accept_terms != Some(true)) {
        errors.add("acceptTerms", [FieldError::terms_required(url)]);
    }
    let mut valid = ValidRegistration {
        email,
        username: (!username.is_empty()).then_some(username),
        first_name,
        last_name,
        academic_title,
        language,
        password: (!is_passwordless).then_some(first),
        invitation: form.invitation,
        terms_version: terms.version.clone(),
        begins_session: form.begins_session,
    };
    let invited_email = Tx::run_anonymous(app, viewer, |tx| {
        throttle::registration(tx)?;
        tx.keep_on_rejection();
        let invitation = match require_admission(tx, &valid) {
            Ok(invitation) => invitation,
            // These errors do not depend on accounts. Others could reveal something to a client that may not register.
            Err(Error::Refused(admission)) => {
                let mut errors = errors.clone();
                errors.extend(Err(admission));
                return Err(errors.into());
            }
            Err(error) => return Err(error),
        };
        reject_errors_and_taken(tx, errors.clone(), &valid, invitation.as_ref())?;
        Ok(invitation.map(|invitation| invitation.email))
    })?;
    // The link proved that this spelling of the address reaches its owner.
    if let Some(email) = invited_email {
        valid.email = email;
    }
    Ok(valid)
}

/// Returns the invitation of a registration, if it has one. Rejects an address that may not register.
fn require_admission(tx: &Tx<'_>, valid: &ValidRegistration) -> Result<Option<Invitation>> {
    let invitation = find_invitation(tx, valid)?;
    let accounts = &tx.app.config.accounts;
    let error = match accounts.registration {
        _ if invitation.is_some() => return Ok(invitation),
        RegistrationMode::Open => return Ok(None),
        RegistrationMode::Invited => FieldError::REGISTRATION_BY_INVITATION,
        // An address that is missing or invalid has another error.
        RegistrationMode::Domains if valid.email.is_empty() => return Ok(None),
        RegistrationMode::Domains => {
            let mut domains = accounts.registration_domains.iter();
            if domains.any(|domain| email::is_at(&valid.email, domain)) {
                return Ok(None);
            }
            FieldError::REGISTRATION_DOMAIN
        }
    };
    Err(FieldErrors::of("email", error).into())
}

/// Returns the invitation whose token the registration contains. Rejects one that is not valid, or is for another address.
fn find_invitation(tx: &Tx<'_>, valid: &ValidRegistration) -> Result<Option<Invitation>> {
    let Some(token) = &valid.invitation else { return Ok(None) };
    let invitation = match invitations::find(tx, token, tx.now)? {
        Ok(invitation) if email::is_same(&invitation.email, &valid.email) => Ok(invitation),
        Ok(_) => Err(FieldError::INVITATION_OF_ANOTHER),
        Err(error) => Err(error),
    };
    Ok(Some(invitation.map_err(|error| FieldErrors::of("invitation", error))?))
}

/// Adds errors for an address and a username that are taken, and rejects the registration if there are any errors. As in
/// the original, the secondary address of another account is reported only if there are no other errors.
fn reject_errors_and_taken(
    tx: &Tx<'_>,
    mut errors: FieldErrors,
    valid: &ValidRegistration,
    invitation: Option<&Invitation>,
) -> Result<()> {
    let unproven =
        invitation.map(|invitation| invitations::find_unproven(tx, invitation)).transpose()?.flatten();
    let is_revealed = invitation.is_some() || !tx.app.config.accounts.hide_existence;
    let role = if unproven.is_some() || !is_revealed {
        None
    } else {
        store::emails::find_role(tx, &email::key(&valid.email))?
    };
    if role == Some(Role::Primary) {
        errors.add("email", [FieldError::EMAIL_TAKEN]);
    }
    let username = valid.username.as_deref().unwrap_or_default();
    let owner = store::accounts::find_by_username(tx, username)?.map(|owner| owner.id);
    if owner.is_some() && owner != unproven.map(|account| account.id) {
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
        terms_version: valid.terms_version.as_deref(),
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
