use super::decoder::{Decoder, Object};
use crate::accounts::validation;
use crate::clock::Timestamp;
use crate::language::is_code;
use crate::passwords;

pub(super) const FIELDS: &[&str] = &[
    "email",
    "username",
    // The plain text of `password`, only in test data. It is ignored.
    "plain",
    "password",
    "first_name",
    "last_name",
    "academic_title",
    "language",
    "is_active",
    "is_staff",
    "date_joined",
    "status",
];
const STATUS_FIELDS: &[&str] = &["verified", "archived", "secondary_email"];

/// A user of the file. It does not implement `Debug`, because the hash must not reach a log.
#[derive(Default)]
pub struct User {
    /// The primary address.
    pub email: String,
    pub username: String,
    /// The password hash in Django's format; empty or starting with `!` if the account has no password.
    pub password: String,
    pub first_name: String,
    pub last_name: String,
    /// `PROF`, `DR` or empty.
    pub academic_title: String,
    /// The code of a language, which this server need not have.
    pub language: Option<String>,
    pub is_active: bool,
    pub is_staff: bool,
    pub date_joined: Option<Timestamp>,
    pub verified: bool,
    pub archived: bool,
    /// The confirmed secondary address.
    pub secondary_email: Option<String>,
}

pub(super) fn user(decoder: &mut Decoder, object: &Object<'_>) -> User {
    decoder.require(object, "email");
    let mut user = User {
        email: decoder.email(object, "email", validation::EMAIL_OF_ACCOUNT).unwrap_or_default(),
        username: username(decoder, object),
        password: password(decoder, object),
        first_name: decoder
            .limited_string(object, "first_name", validation::IMPORTED_NAME)
            .unwrap_or_default(),
        last_name: decoder.limited_string(object, "last_name", validation::IMPORTED_NAME).unwrap_or_default(),
        academic_title: academic_title(decoder, object),
        language: language(decoder, object),
        is_active: decoder.flag(object, "is_active", true),
        is_staff: decoder.flag(object, "is_staff", false),
        date_joined: decoder.time(object, "date_joined"),
        ..User::default()
    };
    if let Some(status) = decoder.child(object, "status", STATUS_FIELDS) {
        user.verified = decoder.flag(&status, "verified", false);
        user.archived = decoder.flag(&status, "archived", false);
        user.secondary_email = decoder.email(&status, "secondary_email", validation::EMAIL);
    }
    user
}

fn username(decoder: &mut Decoder, object: &Object<'_>) -> String {
    let username = decoder.name(object, "username", validation::IMPORTED_NAME);
    if !username.is_empty() {
        decoder.must_be_unique(object, "username", "username", username.clone());
    }
    username
}

fn password(decoder: &mut Decoder, object: &Object<'_>) -> String {
    let hash = decoder.required_string(object, "password").unwrap_or_default();
    if let Some(problem) = passwords::problem_with(&hash) {
        decoder.reject(object, "password", problem);
    }
    hash
}

fn academic_title(decoder: &mut Decoder, object: &Object<'_>) -> String {
    let title = decoder.string(object, "academic_title").unwrap_or_default();
    if !title.is_empty() && !validation::TITLES.contains(&title.as_str()) {
        decoder.reject(object, "academic_title", "Write PROF, DR or an empty string.");
    }
    title
}

fn language(decoder: &mut Decoder, object: &Object<'_>) -> Option<String> {
    let code = decoder.string(object, "language")?;
    if !is_code(&code) {
        decoder.reject(object, "language", "Write the code of a language in lower case, such as de.");
    }
    Some(code)
}
