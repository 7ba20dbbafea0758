//! What fields may hold: the forms of Django and django-graphql-auth, complaint for complaint.

use super::text::clean_text;
use super::{FieldError, FieldErrors, email};
use crate::django::password_validators::{self, Owner};

/// What a check answers.
pub(super) type Checked<T> = Result<T, Vec<FieldError>>;

/// Most characters of an address at registration.
pub const EMAIL_OF_ACCOUNT: usize = 255;
/// Most characters of an address elsewhere.
pub const EMAIL: usize = 254;
/// Most characters of a username.
pub const USERNAME: usize = 100;
/// Most characters of a first or last name.
pub const NAME: usize = 25;
/// Most characters of the name of a working group.
pub const GROUP_NAME: usize = 200;
/// The academic titles that there are.
pub const TITLES: [&str; 2] = ["PROF", "DR"];

/// The primary address of a new account.
pub(super) fn email_of_account(raw: &str) -> Checked<String> {
    email::clean(raw, EMAIL_OF_ACCOUNT).map(|clean| email::normalize(&clean))
}

/// An address that is looked for, or wanted besides: the field `email` of a request with no other to complain of.
pub(super) fn email(raw: &str) -> Result<String, FieldErrors> {
    let mut errors = FieldErrors::default();
    let clean = errors.keep("email", email::clean(raw, EMAIL));
    clean.map(|clean| email::normalize(&clean)).ok_or(errors)
}

/// A username: any characters.
pub(super) fn username(raw: &str) -> Checked<String> {
    clean_text(raw, USERNAME)
}

/// A first or last name.
pub(super) fn name(raw: &str) -> Checked<String> {
    clean_text(raw, NAME)
}

/// An academic title; empty is none.
pub(super) fn academic_title(raw: &str) -> Checked<String> {
    if raw.is_empty() || TITLES.contains(&raw) {
        Ok(raw.to_owned())
    } else {
        Err(vec![FieldError::invalid_choice(raw)])
    }
}

/// A new password, given twice; `fields` are the names of the two.
pub(super) fn new_password(
    errors: &mut FieldErrors,
    fields: [&'static str; 2],
    passwords: [&str; 2],
    owner: &Owner<'_>,
    min_length: usize,
) {
    let [first, second] = passwords.map(password);
    let first = errors.keep(fields[0], first);
    let Some(second) = errors.keep(fields[1], second) else { return };
    if first.is_some_and(|first| first != second) {
        errors.add(fields[1], [FieldError::PASSWORD_MISMATCH]);
        return;
    }
    let weaknesses = password_validators::weaknesses(second, owner, min_length);
    errors.add(fields[1], weaknesses.into_iter().map(FieldError::from));
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
