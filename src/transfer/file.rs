//! The file format of imported institutions, research fields, users and working groups; `tests/seed.json` is an
//! example.
//!
//! A member that is null counts as missing. Strings are taken unchanged, except that whitespace around addresses is
//! removed.

mod reader;

use std::time::UNIX_EPOCH;

use crate::accounts::{email, text, validation};
use crate::passwords;
pub use crate::store::institutions::{Institution, ResearchField};
pub use crate::store::join_requests::Status;
use reader::{Object, Reader};

const FILE: &[&str] = &["about", "institutions", "researchfields", "users", "workinggroups"];
const INSTITUTION: &[&str] = &["id", "name", "city", "state", "country"];
const RESEARCH_FIELD: &[&str] = &["id", "field", "subfield"];
const USER: &[&str] = &[
    "email",
    "username",
    // Only in test data: the password that belongs to the hash.
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

const GROUP: &[&str] = &[
    "id",
    "name",
    "institution",
    "researchfield",
    "n_employees",
    "is_public",
    "representative",
    "members",
    "joinrequests",
];
const JOIN_REQUEST: &[&str] = &["id", "user", "timestamp", "status"];

/// The content of an import file.
#[derive(Default)]
pub struct ImportFile {
    pub institutions: Vec<Institution>,
    pub research_fields: Vec<ResearchField>,
    pub users: Vec<User>,
    pub groups: Vec<WorkingGroup>,
}

impl ImportFile {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.institutions.len() + self.research_fields.len() + self.users.len() + self.groups.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A user of the file. It does not implement `Debug`, because the hash must not reach a log.
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
    pub is_active: bool,
    pub is_staff: bool,
    /// When the account was registered, in microseconds since 1970.
    pub date_joined: Option<i64>,
    /// Whether the primary address is confirmed.
    pub verified: bool,
    pub archived: bool,
    /// The confirmed secondary address.
    pub secondary_email: Option<String>,
}

/// A working group of the file. Accounts are referred to by their primary address.
pub struct WorkingGroup {
    /// A UUID, in lower case with dashes.
    pub id: String,
    /// Unique within the institution.
    pub name: String,
    /// The id of the institution.
    pub institution: Option<String>,
    /// The id of the research field.
    pub research_field: i64,
    pub employees: Option<i64>,
    /// Whether every user who is logged in can find the group.
    pub is_public: bool,
    pub representative: Option<String>,
    /// The members other than the representative.
    pub members: Vec<String>,
    pub join_requests: Vec<JoinRequest>,
}

/// A join request of the file.
pub struct JoinRequest {
    /// A UUID, in lower case with dashes.
    pub id: String,
    /// The primary address of the account that made the request.
    pub user: String,
    /// When the request was made, in microseconds since 1970.
    pub timestamp: Option<i64>,
    pub status: Status,
}

/// An error in the file, which must be fixed before the import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The path of the value, such as `users[3].email`, or `file` for the whole file.
    pub path: String,
    /// A sentence that says what to do.
    pub problem: String,
}

/// Parses an import file, or returns all errors in it.
pub fn parse(json: &str) -> Result<ImportFile, Vec<Fault>> {
    let value = serde_json::from_str(json).map_err(|error| {
        vec![Fault { path: "file".to_owned(), problem: format!("Correct the JSON: {error}.") }]
    })?;
    let mut reader = Reader::default();
    let content = reader.file(&value, FILE).map(|file| contents(&mut reader, &file));
    match content {
        Some(content) if reader.faults.is_empty() => Ok(content),
        _ => Err(reader.faults),
    }
}

fn contents(reader: &mut Reader, file: &Object<'_>) -> ImportFile {
    ImportFile {
        institutions: reader.list(file, "institutions", INSTITUTION, institution),
        research_fields: reader.list(file, "researchfields", RESEARCH_FIELD, research_field),
        users: reader.list(file, "users", USER, user),
        groups: reader.list(file, "workinggroups", GROUP, working_group),
    }
}

fn institution(reader: &mut Reader, object: &Object<'_>) -> Institution {
    Institution {
        id: unique_id(reader, object, "institution id").unwrap_or_default(),
        name: name(reader, object, "name", 200).unwrap_or_default(),
        city: name(reader, object, "city", 100).unwrap_or_default(),
        state: limited_text(reader, object, "state", 100),
        country: name(reader, object, "country", 100).unwrap_or_default(),
    }
}

fn unique_id(reader: &mut Reader, object: &Object<'_>, kind: &'static str) -> Option<String> {
    let id = uuid(reader, object, "id")?;
    reader.must_be_unique(object, "id", kind, id.clone());
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
        date_joined: moment(reader, object, "date_joined"),
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

/// Returns a required string that is not empty.
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

/// An address must be unique, whether it is primary or secondary.
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

fn moment(reader: &mut Reader, object: &Object<'_>, key: &str) -> Option<i64> {
    let text = reader.text(object, key)?;
    let moment = microseconds(&text);
    if moment.is_none() {
        reader.refuse(object, key, "Write a moment since 1970 in UTC, such as 2021-08-08T17:22:56Z.");
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

fn working_group(reader: &mut Reader, object: &Object<'_>) -> WorkingGroup {
    let representative = reader.text(object, "representative").map(|address| email::key(&address));
    let members: Vec<_> =
        reader.texts(object, "members").into_iter().map(|address| email::key(&address)).collect();
    let people = representative.iter().map(|one| ("representative", one));
    for (member, address) in people.chain(members.iter().map(|one| ("members", one))) {
        reader.must_be_unique(object, member, "member of a working group", address.clone());
    }
    let has_institution = object.has("institution");
    WorkingGroup {
        id: unique_id(reader, object, "working group id").unwrap_or_default(),
        name: name(reader, object, "name", validation::GROUP_NAME).unwrap_or_default(),
        institution: if has_institution { uuid(reader, object, "institution") } else { None },
        research_field: reader.required_number(object, "researchfield").unwrap_or_default(),
        employees: reader.number(object, "n_employees", 0),
        is_public: reader.flag(object, "is_public", false),
        representative,
        members,
        join_requests: reader.list(object, "joinrequests", JOIN_REQUEST, join_request),
    }
}

fn join_request(reader: &mut Reader, object: &Object<'_>) -> JoinRequest {
    let status = reader.text(object, "status").unwrap_or_else(|| Status::Pending.into_str().to_owned());
    let known = status.parse().ok();
    if known.is_none() {
        reader.refuse(object, "status", "Write pending, approved or declined.");
    }
    JoinRequest {
        id: unique_id(reader, object, "join request id").unwrap_or_default(),
        user: email::key(&reader.required_text(object, "user").unwrap_or_default()),
        timestamp: moment(reader, object, "timestamp"),
        status: known.unwrap_or(Status::Pending),
    }
}
