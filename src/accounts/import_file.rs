//! The format in which institutions, research fields and users are imported; `tests/seed.json` is an example.
//!
//! A member that is null counts as missing. Texts are taken as they stand, addresses without the white space around them.

mod reader;

use std::time::UNIX_EPOCH;

use super::{email, text, validation};
use crate::passwords;
pub use crate::store::directory::{Institution, ResearchField};
use reader::{Object, Reader};

const FILE: &[&str] = &["about", "institutions", "researchfields", "users"];
const INSTITUTION: &[&str] = &["id", "name", "city", "state", "country"];
const RESEARCH_FIELD: &[&str] = &["id", "field", "subfield"];
const USER: &[&str] = &[
    "email",
    "username",
    // Only test data has it: the password behind the hash.
    "plain",
    "password",
    "first_name",
    "last_name",
    "academic_title",
    "is_active",
    "is_staff",
    "date_joined",
    "status",
];
const STATUS: &[&str] = &["verified", "archived", "secondary_email"];

/// What an import file holds.
pub struct ImportFile {
    /// The institutions, in the order of the file.
    pub institutions: Vec<Institution>,
    /// The research fields, in the order of the file.
    pub research_fields: Vec<ResearchField>,
    /// The users, in the order of the file.
    pub users: Vec<User>,
}

/// A user of the file; without `Debug`, because the hash must not reach a log.
pub struct User {
    /// The primary address.
    pub email: String,
    /// The name of the account.
    pub username: String,
    /// The hash as Django writes it; empty or starting with `!` if no password opens the account.
    pub password: String,
    /// The given name, maybe empty.
    pub first_name: String,
    /// The family name, maybe empty.
    pub last_name: String,
    /// `PROF`, `DR` or empty.
    pub academic_title: String,
    /// Whether the account may be used at all.
    pub is_active: bool,
    /// Whether the user runs the site.
    pub is_staff: bool,
    /// When the account was made, in microseconds since 1970.
    pub date_joined: Option<i64>,
    /// Whether the primary address is proven.
    pub verified: bool,
    /// Whether the user has put the account away.
    pub archived: bool,
    /// A second address that is proven.
    pub secondary_email: Option<String>,
}

/// Something that has to be changed before the file can be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as in `users[3].email`; `file` if it is about the whole.
    pub path: String,
    /// What to do, in a sentence.
    pub problem: String,
}

/// Reads an import file, or says everything that is wrong with it.
pub fn parse(json: &str) -> Result<ImportFile, Vec<Fault>> {
    let value = serde_json::from_str(json).map_err(|error| {
        vec![Fault { path: "file".to_owned(), problem: format!("Correct the JSON: {error}.") }]
    })?;
    let mut reader = Reader::default();
    let content = reader.file(&value, FILE).map(|file| import_file(&mut reader, &file));
    match content {
        Some(content) if reader.faults.is_empty() => Ok(content),
        _ => Err(reader.faults),
    }
}

fn import_file(reader: &mut Reader, file: &Object<'_>) -> ImportFile {
    ImportFile {
        institutions: reader.list(file, "institutions", INSTITUTION, institution),
        research_fields: reader.list(file, "researchfields", RESEARCH_FIELD, research_field),
        users: reader.list(file, "users", USER, user),
    }
}

fn institution(reader: &mut Reader, object: &Object<'_>) -> Institution {
    Institution {
        id: institution_id(reader, object).unwrap_or_default(),
        name: name(reader, object, "name", 200).unwrap_or_default(),
        city: name(reader, object, "city", 100).unwrap_or_default(),
        state: limited_text(reader, object, "state", 100),
        country: name(reader, object, "country", 100).unwrap_or_default(),
    }
}

fn institution_id(reader: &mut Reader, object: &Object<'_>) -> Option<String> {
    let id = uuid(reader, object, "id")?;
    reader.must_be_unique(object, "id", "institution id", id.clone());
    Some(id)
}

fn uuid(reader: &mut Reader, object: &Object<'_>, key: &str) -> Option<String> {
    let text = reader.required_text(object, key)?;
    let uuid = text::uuid(&text);
    if uuid.is_none() {
        let problem = "Write a UUID, such as 0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01.";
        reader.refuse(object, key, problem);
    }
    uuid
}

fn research_field(reader: &mut Reader, object: &Object<'_>) -> ResearchField {
    let id = reader.required_number(object, "id");
    if let Some(id) = id {
        reader.must_be_unique(object, "id", "research field id", id.to_string());
    }
    ResearchField {
        id: id.unwrap_or_default(),
        field: name(reader, object, "field", 100).unwrap_or_default(),
        subfield: name(reader, object, "subfield", 100).unwrap_or_default(),
    }
}

fn user(reader: &mut Reader, object: &Object<'_>) -> User {
    let email = reader
        .required_text(object, "email")
        .and_then(|raw| address(reader, object, "email", &raw, validation::EMAIL_OF_ACCOUNT));
    let username = name(reader, object, "username", validation::USERNAME);
    if let Some(username) = &username {
        reader.must_be_unique(object, "username", "username", username.clone());
    }
    let password = password(reader, object);
    let mut user = User {
        email: email.unwrap_or_default(),
        username: username.unwrap_or_default(),
        password: password.unwrap_or_default(),
        first_name: limited_text(reader, object, "first_name", validation::NAME).unwrap_or_default(),
        last_name: limited_text(reader, object, "last_name", validation::NAME).unwrap_or_default(),
        academic_title: academic_title(reader, object).unwrap_or_default(),
        is_active: reader.flag(object, "is_active", true),
        is_staff: reader.flag(object, "is_staff", false),
        date_joined: date_joined(reader, object),
        verified: false,
        archived: false,
        secondary_email: None,
    };
    if let Some(status) = reader.child(object, "status", STATUS) {
        user.verified = reader.flag(&status, "verified", false);
        user.archived = reader.flag(&status, "archived", false);
        user.secondary_email = reader
            .text(&status, "secondary_email")
            .and_then(|raw| address(reader, &status, "secondary_email", &raw, validation::EMAIL));
    }
    user
}

/// A text that must be there and say something.
fn name(reader: &mut Reader, object: &Object<'_>, key: &str, max_length: usize) -> Option<String> {
    let text = reader.required_text(object, key)?;
    if text.is_empty() {
        reader.refuse(object, key, "Write at least one character.");
        return None;
    }
    check_limits(reader, object, key, &text, max_length);
    Some(text)
}

fn limited_text(reader: &mut Reader, object: &Object<'_>, key: &str, max_length: usize) -> Option<String> {
    let text = reader.text(object, key)?;
    check_limits(reader, object, key, &text, max_length);
    Some(text)
}

fn check_limits(reader: &mut Reader, object: &Object<'_>, key: &str, text: &str, max_length: usize) {
    for complaint in text::complaints(text, max_length) {
        reader.refuse(object, key, complaint.message);
    }
}

/// An address is one account's, whether as its primary or as its secondary one.
fn address(
    reader: &mut Reader,
    object: &Object<'_>,
    key: &str,
    raw: &str,
    max_length: usize,
) -> Option<String> {
    match email::clean(raw, max_length) {
        Ok(email) => {
            reader.must_be_unique(object, key, "address", email::key(&email));
            Some(email)
        }
        Err(complaints) => {
            for complaint in complaints {
                reader.refuse(object, key, complaint.message);
            }
            None
        }
    }
}

fn academic_title(reader: &mut Reader, object: &Object<'_>) -> Option<String> {
    let title = reader.text(object, "academic_title")?;
    if !title.is_empty() && !validation::TITLES.contains(&title.as_str()) {
        reader.refuse(object, "academic_title", "Write PROF, DR or an empty text.");
    }
    Some(title)
}

fn date_joined(reader: &mut Reader, object: &Object<'_>) -> Option<i64> {
    let text = reader.text(object, "date_joined")?;
    let moment = microseconds(&text);
    if moment.is_none() {
        let problem = "Write a moment since 1970 in UTC, such as 2021-08-08T17:22:56Z.";
        reader.refuse(object, "date_joined", problem);
    }
    moment
}

fn microseconds(text: &str) -> Option<i64> {
    let utc = text.strip_suffix('Z').or(text.strip_suffix("+00:00"))?;
    let moment = humantime::parse_rfc3339(&format!("{utc}Z")).ok()?;
    let since_1970 = moment.duration_since(UNIX_EPOCH).ok()?;
    since_1970.as_micros().try_into().ok()
}

fn password(reader: &mut Reader, object: &Object<'_>) -> Option<String> {
    let hash = reader.required_text(object, "password")?;
    if let Some(complaint) = passwords::complaint_about(&hash) {
        reader.refuse(object, "password", complaint);
    }
    Some(hash)
}
