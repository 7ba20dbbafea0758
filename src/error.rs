//! The errors of rules. Rejections have a message for the client. All other errors are logged, and the client gets
//! "Internal server error" or, if it should retry, 503. [`Error`] does not implement `Display`, so `?` cannot put an
//! internal message into a response.

mod second_factor;

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::store;
pub use second_factor::NextStep;

pub type Result<T> = std::result::Result<T, Error>;

pub enum Error {
    /// The request is rejected, with errors by field.
    Refused(FieldErrors),
    /// The request is rejected as a whole, or its payload has no field for errors.
    BadRequest(Cow<'static, str>),
    /// The request may succeed if it is repeated later.
    Unavailable(Unavailable),
    /// The connection to the database broke during the commit, so the changes may be stored or not. The error is logged.
    OutcomeUnknown,
    Internal(anyhow::Error),
}

impl Error {
    pub fn bad_request(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::BadRequest(sentence.into())
    }

    pub fn is_rejection(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::BadRequest(_))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable {
    pub sentence: &'static str,
    /// The seconds until the next attempt.
    pub retry_after: u32,
}

impl Unavailable {
    /// The disk is full or broken, another process has locked the database, or PostgreSQL cannot be reached.
    const STORAGE: Self =
        Self { sentence: "Nothing can be saved at the moment. Please try again later.", retry_after: 30 };
}

impl From<Unavailable> for Error {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// Logs storage errors, because only [`Error::Internal`] keeps the cause.
impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        if store::is_commit_unknown(&error) {
            tracing::error!("changes may be stored or not: {error:#}");
            return Self::OutcomeUnknown;
        }
        if !store::is_storage_error(&error) {
            return Self::Internal(error);
        }
        tracing::error!("the database cannot be used: {error:#}");
        Self::Unavailable(Unavailable::STORAGE)
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Refused(errors)
    }
}

/// Adds the error to the field `nonFieldErrors`.
impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Refused(FieldErrors::of("nonFieldErrors", error))
    }
}

/// A message for people with a code for programs, most of them as in django-graphql-auth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    pub message: Cow<'static, str>,
    pub code: &'static str,
    /// The seconds until the next attempt, if the request is throttled.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

impl FieldError {
    const fn new(message: &'static str, code: &'static str) -> Self {
        Self { message: Cow::Borrowed(message), code, retry_after: None }
    }

    pub const UNAUTHENTICATED: Self = Self::new("Unauthenticated.", "unauthenticated");
    pub const NOT_VERIFIED: Self = Self::new("Please verify your account.", "not_verified");
    pub const NOT_VERIFIED_PASSWORD_RESET: Self =
        Self::new("Verify your account. A new verification email was sent.", "not_verified");
    /// The reply to a failed login, whether the account is unknown or the password is wrong.
    pub const INVALID_CREDENTIALS: Self =
        Self::new("Please, enter valid credentials.", "invalid_credentials");
    /// Returned only to pages, if the last proof is too old or too weak.
    pub const PASSWORD_NEEDED: Self = Self::new("Please enter your password.", "password_needed");
    pub const INVALID_PASSWORD: Self = Self::new("Invalid password.", "invalid_password");
    pub const INVALID_TOKEN: Self = Self::new("Invalid token.", "invalid_token");
    pub const EXPIRED_TOKEN: Self = Self::new("Expired token.", "expired_token");
    pub const NO_SUCH_SESSION: Self = Self::new("There is no such session.", "not_found");
    pub const PASSWORD_ALREADY_SET: Self =
        Self::new("Password already set for account.", "password_already_set");
    pub const ALREADY_VERIFIED: Self = Self::new("Account already verified.", "already_verified");
    /// The address of a registration is the secondary address of an account, or a requested secondary address is taken.
    pub const EMAIL_IN_USE: Self = Self::new("A user with that email already exists.", "unique");
    /// The address of a registration is the primary address of an account.
    pub const EMAIL_TAKEN: Self = Self::new("User with this Email already exists.", "unique");
    pub const USERNAME_TAKEN: Self = Self::new("User with this Username already exists.", "unique");
    pub const REGISTRATION_BY_INVITATION: Self = Self::new(
        "Registration is by invitation. Ask the operator of this site, or the representative of your working group, to invite \
         this address, and follow the link in the mail.",
        "registration_by_invitation",
    );
    pub const REGISTRATION_DOMAIN: Self = Self::new(
        "Addresses at this domain cannot register. Use an address of your institution, or ask for an invitation.",
        "registration_domain",
    );
    /// An invitation was used, revoked or replaced, or never existed; or its maker no longer represents the group.
    pub const INVALID_INVITATION: Self = Self::new(
        "This invitation is not valid or was used already. Ask for another one.",
        "invalid_invitation",
    );
    pub const EXPIRED_INVITATION: Self =
        Self::new("This invitation has expired. Ask for another one.", "expired_invitation");
    pub const INVITATION_OF_ANOTHER: Self = Self::new(
        "This invitation is for another address. Use the invited one.",
        "invitation_of_another_address",
    );
    pub const MEMBER_ALREADY: Self =
        Self::new("You are already a member of this working group.", "member_already");
    pub const IN_ANOTHER_WORKING_GROUP: Self = Self::new(
        "You are in another working group. Leave it, then accept the invitation.",
        "in_another_working_group",
    );
    pub const REPRESENTATIVES_ONLY: Self =
        Self::new("Only group representatives have permission to perform this action.", "not_representative");
    pub const NO_SUCH_INVITATION: Self = Self::new("There is no such invitation.", "not_found");
    pub const SECONDARY_EMAIL_REQUIRED: Self =
        Self::new("You need to setup a secondary email to proceed.", "secondary_email_required");
    pub const REPRESENTS_WORKING_GROUP: Self = Self::new(
        "You are the representative of a working group. Please hand it over or delete it first.",
        "represents_working_group",
    );
    pub const REQUIRED: Self = Self::new("This field is required.", "required");
    pub const PASSWORD_MISMATCH: Self =
        Self::new("The two password fields didn’t match.", "password_mismatch");
    pub const INVALID_EMAIL: Self = Self::new("Enter a valid email address.", "invalid");
    pub const NULL_CHARACTERS: Self =
        Self::new("Null characters are not allowed.", "null_characters_not_allowed");

    pub fn terms_required(url: &str) -> Self {
        let message = format!("Please agree to the terms of this site: {url}");
        Self { message: message.into(), code: "terms_required", retry_after: None }
    }

    pub fn too_long(max: usize, length: usize) -> Self {
        let message = format!("Ensure this value has at most {max} characters (it has {length}).");
        Self { message: message.into(), code: "max_length", retry_after: None }
    }

    pub fn invalid_choice(value: &str) -> Self {
        let message = format!("Select a valid choice. {value} is not one of the available choices.");
        Self { message: message.into(), code: "invalid_choice", retry_after: None }
    }
}

/// Errors by field, in the order in which they were found. Fields are named as in GraphQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors {
    by_field: Vec<(&'static str, Vec<FieldError>)>,
    /// What a login needs to continue, if only the second factor is missing.
    pub next_step: Option<Box<NextStep>>,
}

impl FieldErrors {
    pub fn of(field: &'static str, error: FieldError) -> Self {
        Self { by_field: vec![(field, vec![error])], next_step: None }
    }

    pub fn add(&mut self, field: &'static str, errors: impl IntoIterator<Item = FieldError>) {
        let mut errors = errors.into_iter().peekable();
        if errors.peek().is_none() {
            return;
        }
        match self.by_field.iter_mut().find(|(known, _)| *known == field) {
            Some((_, list)) => list.extend(errors),
            None => self.by_field.push((field, errors.collect())),
        }
    }

    /// Returns the value of a successful check, or adds the errors of a failed one.
    pub fn keep<T>(
        &mut self,
        field: &'static str,
        checked: std::result::Result<T, Vec<FieldError>>,
    ) -> Option<T> {
        checked.map_err(|errors| self.add(field, errors)).ok()
    }

    /// Adds the errors of a failed check of several fields.
    pub fn extend(&mut self, checked: std::result::Result<(), Self>) {
        for (field, errors) in checked.err().into_iter().flat_map(|errors| errors.by_field) {
            self.add(field, errors);
        }
    }

    pub fn by_field(&self) -> impl Iterator<Item = (&'static str, &[FieldError])> {
        self.by_field.iter().map(|(field, errors)| (*field, errors.as_slice()))
    }

    fn errors(&self) -> impl Iterator<Item = &FieldError> {
        self.by_field.iter().flat_map(|(_, errors)| errors)
    }

    /// Returns the seconds until the next attempt, if the request is throttled.
    pub fn retry_after(&self) -> Option<u32> {
        self.errors().filter_map(|error| error.retry_after).max()
    }

    pub fn contains(&self, error: &FieldError) -> bool {
        self.errors().any(|own| own == error)
    }

    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.errors().map(|error| &*error.message)
    }

    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.errors().map(|error| error.code)
    }

    /// Returns the errors as a rejection, if there are any.
    pub fn into_result(self) -> std::result::Result<(), Self> {
        if self.by_field.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.by_field.iter().map(|(field, errors)| (field, errors)))
    }
}
