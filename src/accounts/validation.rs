//! Validation of fields, with the errors of Django and django-graphql-auth in the same order.

use crate::app::App;
use crate::django::email_validator;
use crate::django::password_validators::{self, Owner};
use crate::django::text::strip;
use crate::email;
use crate::error::{FieldError, FieldErrors};

pub(super) type Checked<T> = Result<T, Vec<FieldError>>;

// The most characters per field.
pub const EMAIL_OF_ACCOUNT: usize = 255;
pub const EMAIL: usize = 254;
pub const USERNAME: usize = 100;
pub const NAME: usize = 25;
/// Django permits so many for usernames and names of people. An import keeps them.
pub const IMPORTED_NAME: usize = 150;
pub const GROUP_NAME: usize = 200;
pub const TITLES: [&str; 2] = ["PROF", "DR"];

/// Cleans and checks the primary address of an account.
pub(super) fn email_of_account(raw: &str) -> Checked<String> {
    clean_email(raw, EMAIL_OF_ACCOUNT).map(|clean| email::normalize(&clean))
}

/// Cleans and checks an address that a request names, but does not make the primary address of an account.
pub fn email(raw: &str) -> Result<String, FieldErrors> {
    let mut errors = FieldErrors::default();
    let clean = errors.keep("email", clean_email(raw, EMAIL));
    clean.map(|clean| email::normalize(&clean)).ok_or(errors)
}

/// Removes white space around an address and checks it, like Django's `EmailField`.
pub fn clean_email(raw: &str, max_length: usize) -> Checked<String> {
    let address = strip(raw);
    if address.is_empty() {
        return Err(vec![FieldError::REQUIRED]);
    }
    let invalid = (!email_validator::is_valid(address)).then_some(FieldError::INVALID_EMAIL);
    let errors: Vec<FieldError> = invalid.into_iter().chain(text_errors(address, max_length)).collect();
    if errors.is_empty() { Ok(address.to_owned()) } else { Err(errors) }
}

pub(super) fn username(raw: &str) -> Checked<String> {
    clean_text(raw, USERNAME)
}

/// Cleans and checks a first or last name.
pub(super) fn name(raw: &str) -> Checked<String> {
    clean_text(raw, NAME)
}

/// Removes white space around a string and checks it, like Django's `CharField`.
pub fn clean_text(raw: &str, max_length: usize) -> Checked<String> {
    let text = strip(raw);
    let errors = text_errors(text, max_length);
    if errors.is_empty() { Ok(text.to_owned()) } else { Err(errors) }
}

/// Returns the errors of a string of any kind: too many characters, or a null character.
pub fn text_errors(text: &str, max_length: usize) -> Vec<FieldError> {
    let length = text.chars().count();
    let too_long = (length > max_length).then(|| FieldError::too_long(max_length, length));
    let with_nul = text.contains('\0').then_some(FieldError::NULL_CHARACTERS);
    too_long.into_iter().chain(with_nul).collect()
}

/// Checks an academic title. An empty string means that there is none.
pub(super) fn academic_title(raw: &str) -> Checked<String> {
    if raw.is_empty() || TITLES.contains(&raw) {
        Ok(raw.to_owned())
    } else {
        Err(vec![FieldError::invalid_choice(raw)])
    }
}

/// Checks the code of a language. An empty string means that there is none.
pub(super) fn language(app: &App, raw: &str) -> Checked<Option<String>> {
    match raw {
        "" => Ok(None),
        raw if app.languages.find(raw).is_some() => Ok(Some(raw.to_owned())),
        raw => Err(vec![FieldError::invalid_choice(raw)]),
    }
}

/// Checks a new password and its repetition. `fields` are the names of both in errors.
pub(super) fn new_password(
    app: &App,
    fields: [&'static str; 2],
    passwords: [&str; 2],
    owner: &Owner<'_>,
) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    let [first, second] = passwords.map(password);
    let first = errors.keep(fields[0], first);
    let Some(second) = errors.keep(fields[1], second) else { return Err(errors) };
    if first.is_some_and(|first| first != second) {
        errors.add(fields[1], [FieldError::PASSWORD_MISMATCH]);
    } else {
        let weaknesses = password_validators::weaknesses(second, owner, app.config.passwords.min_length);
        errors.add(fields[1], weaknesses.into_iter().map(FieldError::from));
    }
    errors.into_result()
}

fn password(raw: &str) -> Checked<&str> {
    match raw {
        "" => Err(vec![FieldError::REQUIRED]),
        raw if raw.contains('\0') => Err(vec![FieldError::NULL_CHARACTERS]),
        raw => Ok(raw),
    }
}

impl From<password_validators::Weakness> for FieldError {
    fn from(weakness: password_validators::Weakness) -> Self {
        Self { message: weakness.message, code: weakness.code, retry_after: None }
    }
}
