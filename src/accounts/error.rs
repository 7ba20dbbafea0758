//! Two kinds of errors, never mixed: a refusal is the caller's, worded for people and shown; everything else is
//! ours, logged where it is handled and shown as "Internal server error", or as something to try again later where that
//! may help. There is no `Display`, so that no text of ours reaches a reply by way of `?`.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::store;

/// What rules answer.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something was not done.
pub enum Error {
    /// Expected, and the caller is told: a complaint for each field.
    Refused(FieldErrors),
    /// The request makes no sense as a whole, or its answer has no room for complaints; the caller is told in a sentence.
    BadRequest(Cow<'static, str>),
    /// Not now: the caller is told when to try again.
    Unavailable(Unavailable),
    /// Ours.
    Internal(anyhow::Error),
}

/// Why something cannot be done at present, although nothing is wrong with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable {
    /// For people.
    pub sentence: &'static str,
    /// Whole seconds after which it may be tried again.
    pub retry_after: u32,
}

impl Unavailable {
    /// The disk is full or fails, or another process keeps the database to itself.
    const STORAGE: Self =
        Self { sentence: "Nothing can be saved at the moment. Please try again later.", retry_after: 30 };
}

impl From<Unavailable> for Error {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// What cannot be stored is logged here, since its cause goes no further.
impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        let is_storage = error.is_storage();
        let error = error.into_inner();
        if !is_storage {
            return Self::Internal(error);
        }
        tracing::error!("the database cannot be used: {error:#}");
        Self::Unavailable(Unavailable::STORAGE)
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Refused(errors)
    }
}

/// A refusal of the whole request is filed under `nonFieldErrors`.
impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Refused(FieldErrors::of("nonFieldErrors", error))
    }
}

/// One complaint: a sentence for people and a code for programs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// The sentence.
    pub message: Cow<'static, str>,
    /// The code.
    pub code: &'static str,
    /// The seconds after which it may be tried again, where that is all that is wrong.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

impl FieldError {
    const fn new(message: &'static str, code: &'static str) -> Self {
        Self { message: Cow::Borrowed(message), code, retry_after: None }
    }

    /// Nobody, or not with that token.
    pub const UNAUTHENTICATED: Self = Self::new("Unauthenticated.", "unauthenticated");
    /// Not before the address is confirmed.
    pub const NOT_VERIFIED: Self = Self::new("Please verify your account.", "not_verified");
    /// Not before the address is confirmed, and here is how.
    pub const NOT_VERIFIED_PASSWORD_RESET: Self =
        Self::new("Verify your account. A new verification email was sent.", "not_verified");
    /// Wrong address or wrong password, which is not told.
    pub const INVALID_CREDENTIALS: Self =
        Self::new("Please, enter valid credentials.", "invalid_credentials");
    /// The password of somebody who is logged in.
    pub const INVALID_PASSWORD: Self = Self::new("Invalid password.", "invalid_password");
    /// No token of ours, or one that has done its work.
    pub const INVALID_TOKEN: Self = Self::new("Invalid token.", "invalid_token");
    /// A token of ours, too old.
    pub const EXPIRED_TOKEN: Self = Self::new("Expired token.", "expired_token");
    /// None of the asker's.
    pub const NO_SUCH_SESSION: Self = Self::new("There is no such session.", "not_found");
    /// Nothing to do.
    pub const PASSWORD_ALREADY_SET: Self =
        Self::new("Password already set for account.", "password_already_set");
    /// Nothing to do.
    pub const ALREADY_VERIFIED: Self = Self::new("Account already verified.", "already_verified");
    /// The address is somebody's secondary one, or was wanted as one.
    pub const EMAIL_IN_USE: Self = Self::new("A user with that email already exists.", "unique");
    /// The address is somebody's primary one.
    pub const EMAIL_TAKEN: Self = Self::new("User with this Email already exists.", "unique");
    /// The username is somebody's.
    pub const USERNAME_TAKEN: Self = Self::new("User with this Username already exists.", "unique");
    /// There is none.
    pub const SECONDARY_EMAIL_REQUIRED: Self =
        Self::new("You need to setup a secondary email to proceed.", "secondary_email_required");
    /// An account that a working group depends on.
    pub const REPRESENTS_WORKING_GROUP: Self = Self::new(
        "You are the representative of a working group. Please hand it over or delete it first.",
        "represents_working_group",
    );
    /// Empty or left out.
    pub const REQUIRED: Self = Self::new("This field is required.", "required");
    /// The second password is not the first.
    pub const PASSWORD_MISMATCH: Self =
        Self::new("The two password fields didn’t match.", "password_mismatch");
    /// No mail address.
    pub const INVALID_EMAIL: Self = Self::new("Enter a valid email address.", "invalid");
    /// Holds U+0000.
    pub const NULL_CHARACTERS: Self =
        Self::new("Null characters are not allowed.", "null_characters_not_allowed");

    /// Longer than `most` characters.
    pub fn too_long(most: usize, length: usize) -> Self {
        let message = format!("Ensure this value has at most {most} characters (it has {length}).");
        Self { message: message.into(), code: "max_length", retry_after: None }
    }

    /// Not one of the values that there are.
    pub fn invalid_choice(value: &str) -> Self {
        let message = format!("Select a valid choice. {value} is not one of the available choices.");
        Self { message: message.into(), code: "invalid_choice", retry_after: None }
    }
}

/// Complaints by field, in the order in which they were found. Fields are named as on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(&'static str, Vec<FieldError>)>);

impl FieldErrors {
    /// One complaint about one field.
    pub fn of(field: &'static str, error: FieldError) -> Self {
        Self(vec![(field, vec![error])])
    }

    /// Adds complaints about a field.
    pub fn add(&mut self, field: &'static str, errors: impl IntoIterator<Item = FieldError>) {
        let mut errors = errors.into_iter().peekable();
        if errors.peek().is_none() {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == field) {
            Some((_, list)) => list.extend(errors),
            None => self.0.push((field, errors.collect())),
        }
    }

    /// Notes the complaints of a check and answers its value if there were none.
    pub fn keep<T>(
        &mut self,
        field: &'static str,
        checked: std::result::Result<T, Vec<FieldError>>,
    ) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(errors) => {
                self.add(field, errors);
                None
            }
        }
    }

    /// The first complaint, for where there is room for one sentence.
    pub fn first_message(&self) -> String {
        self.messages().next().unwrap_or_default().to_owned()
    }

    /// Whether this is among the complaints.
    pub fn has(&self, error: &FieldError) -> bool {
        self.0.iter().any(|(_, errors)| errors.contains(error))
    }

    /// The seconds after which it may be tried again, if a complaint says so.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.iter().flat_map(|(_, errors)| errors).filter_map(|error| error.retry_after).max()
    }

    /// All complaints, whatever the field.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|(_, errors)| errors).map(|error| &*error.message)
    }

    /// The code of each complaint.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().flat_map(|(_, errors)| errors).map(|error| error.code)
    }

    /// An error if there is a complaint.
    ///
    /// # Errors
    /// The complaints.
    pub fn into_result(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Refused(self)) }
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (field, errors) in &self.0 {
            map.serialize_entry(field, errors)?;
        }
        map.end()
    }
}
