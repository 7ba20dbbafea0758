//! The file format of imports and exports. `tests/seed.json` is an example.
//!
//! A value that is null counts as missing. Strings are taken unchanged, except that white space around email addresses is
//! removed.

mod decoder;
mod fields;
mod groups;
mod users;

pub use crate::store::institutions::{Institution, ResearchField};
use decoder::{Decoder, Object};
pub(super) use fields::parse_time;
pub use groups::{JoinRequest, WorkingGroup};
pub use users::User;

// The names that objects may contain. "about" describes the file, and is ignored.
const FILE: &[&str] = &["about", "institutions", "researchfields", "users", "workinggroups"];
const INSTITUTION: &[&str] = &["id", "name", "city", "state", "country"];
const RESEARCH_FIELD: &[&str] = &["id", "field", "subfield"];

#[derive(Default)]
pub struct ImportFile {
    pub institutions: Vec<Institution>,
    pub research_fields: Vec<ResearchField>,
    pub users: Vec<User>,
    pub groups: Vec<WorkingGroup>,
}

impl ImportFile {
    /// Returns the number of all entries.
    pub fn len(&self) -> usize {
        self.institutions.len() + self.research_fields.len() + self.users.len() + self.groups.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An error in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The path of the value, such as `users[3].email`, or `file` for the whole file.
    pub path: String,
    /// A sentence that says how to fix the error.
    pub problem: String,
}

/// Parses an import file, or returns all errors in it.
pub fn parse(json: &str) -> Result<ImportFile, Vec<Fault>> {
    let value = serde_json::from_str(json).map_err(|error| {
        vec![Fault { path: "file".to_owned(), problem: format!("Correct the JSON: {error}.") }]
    })?;
    let mut decoder = Decoder::default();
    let file = decoder.file(&value, FILE).map(|file| ImportFile {
        institutions: decoder.list(&file, "institutions", INSTITUTION, institution),
        research_fields: decoder.list(&file, "researchfields", RESEARCH_FIELD, research_field),
        users: decoder.list(&file, "users", users::FIELDS, users::user),
        groups: decoder.list(&file, "workinggroups", groups::FIELDS, groups::working_group),
    });
    match file {
        Some(file) if decoder.faults.is_empty() => Ok(file),
        _ => Err(decoder.faults),
    }
}

fn institution(decoder: &mut Decoder, object: &Object<'_>) -> Institution {
    Institution {
        id: decoder.unique_id(object, "institution id"),
        name: decoder.name(object, "name", 200),
        city: decoder.name(object, "city", 100),
        state: decoder.limited_string(object, "state", 100),
        country: decoder.name(object, "country", 100),
    }
}

fn research_field(decoder: &mut Decoder, object: &Object<'_>) -> ResearchField {
    let id = decoder.required_number(object, "id");
    if let Some(id) = id {
        decoder.must_be_unique(object, "id", "research field id", id.to_string());
    }
    ResearchField {
        id: id.unwrap_or_default(),
        field: decoder.name(object, "field", 100),
        subfield: decoder.name(object, "subfield", 100),
    }
}
