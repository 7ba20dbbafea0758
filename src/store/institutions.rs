//! Institutions and research fields.

use super::statement::{Row, escape_like};
use super::value::{ToValue as _, Value};
use super::{Reader, Result, Writer};
use crate::text::search_key;

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Institution {
    /// A UUID.
    pub id: String,
    pub name: String,
    pub city: String,
    /// The state, if the country has states.
    pub state: Option<String>,
    pub country: String,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ResearchField {
    pub id: i64,
    /// The wider field.
    pub field: String,
    pub subfield: String,
}

impl Institution {
    /// Returns what a search for an institution looks at: its name and place.
    fn search_key(&self) -> String {
        let Self { name, city, state, country, .. } = self;
        search_key(&format!("{name} {city} {} {country}", state.as_deref().unwrap_or_default()))
    }
}

/// Reads an institution from five columns, starting at `first`.
pub(super) fn read_institution(row: &Row<'_>, first: usize) -> Result<Institution> {
    Ok(Institution {
        id: row.get(first)?,
        name: row.get(first + 1)?,
        city: row.get(first + 2)?,
        state: row.get(first + 3)?,
        country: row.get(first + 4)?,
    })
}

/// Returns the institutions whose `search_key` contains all words, in the order in which they were imported: at most
/// `limit`, after skipping `offset`.
pub fn list_institutions(
    db: &Reader<'_>,
    words: &[String],
    limit: i64,
    offset: i64,
) -> Result<Vec<Institution>> {
    let condition = |number| format!(" AND search_key LIKE ${number} ESCAPE '\\'");
    let conditions: String = (1..=words.len()).map(condition).collect();
    let (limit_number, offset_number) = (words.len() + 1, words.len() + 2);
    let sql = format!(
        "SELECT id, name, city, state, country FROM institutions WHERE 1 = 1{conditions} \
         ORDER BY position LIMIT ${limit_number} OFFSET ${offset_number}"
    );
    let patterns = words.iter().map(|word| Value::from(format!("%{}%", escape_like(word))));
    let values: Vec<_> = patterns.chain([limit.to_value(), offset.to_value()]).collect();
    db.list(&sql, values, |row| read_institution(row, 0))
}

pub fn find_institution(db: &Reader<'_>, id: &str) -> Result<Option<Institution>> {
    let sql = "SELECT id, name, city, state, country FROM institutions WHERE id = $1";
    db.find(sql, [id], |row| read_institution(row, 0))
}

pub fn find_research_field(db: &Reader<'_>, id: i64) -> Result<Option<ResearchField>> {
    let sql = "SELECT id, field, subfield FROM research_fields WHERE id = $1";
    db.find(sql, [id], |row| Ok(ResearchField { id: row.get(0)?, field: row.get(1)?, subfield: row.get(2)? }))
}

/// Returns the greatest id of a research field, or 0 if there is none.
pub fn max_research_field_id(db: &Reader<'_>) -> Result<i64> {
    db.value("SELECT COALESCE(MAX(id), 0) FROM research_fields", ())
}

/// Deletes an institution, which must have no groups.
pub fn delete_institution(db: &Writer<'_>, id: &str) -> Result<()> {
    db.execute("DELETE FROM institutions WHERE id = $1", [id])
}

/// Deletes a research field, which must have no groups.
pub fn delete_research_field(db: &Writer<'_>, id: i64) -> Result<()> {
    db.execute("DELETE FROM research_fields WHERE id = $1", [id])
}

pub fn has_institution(db: &Reader<'_>, id: &str) -> Result<bool> {
    db.exists("SELECT 1 FROM institutions WHERE id = $1", [id])
}

pub fn has_research_field(db: &Reader<'_>, id: i64) -> Result<bool> {
    db.exists("SELECT 1 FROM research_fields WHERE id = $1", [id])
}

/// Returns all research fields, ordered by id.
pub fn list_research_fields(db: &Reader<'_>) -> Result<Vec<ResearchField>> {
    let sql = "SELECT id, field, subfield FROM research_fields ORDER BY id";
    db.list(sql, (), |row| Ok(ResearchField { id: row.get(0)?, field: row.get(1)?, subfield: row.get(2)? }))
}

/// Adds an institution at the end of the list, or updates it. Returns false if nothing changes.
pub fn upsert_institution(db: &Writer<'_>, institution: &Institution) -> Result<bool> {
    let sql = "INSERT INTO institutions (id, position, name, city, state, country, search_key) \
         VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM institutions), $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE \
         SET name = excluded.name, city = excluded.city, state = excluded.state, country = excluded.country, \
         search_key = excluded.search_key \
         WHERE institutions.name <> excluded.name OR institutions.city <> excluded.city \
         OR institutions.country <> excluded.country OR institutions.search_key <> excluded.search_key \
         OR COALESCE(institutions.state, '') <> COALESCE(excluded.state, '')";
    let Institution { id, name, city, state, country } = institution;
    db.change(sql, (id, name, city, state, country, institution.search_key()))
}

/// Adds or updates a research field. Returns false if nothing changes.
pub fn upsert_research_field(db: &Writer<'_>, new: &ResearchField) -> Result<bool> {
    let sql = "INSERT INTO research_fields (id, field, subfield) VALUES ($1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET field = excluded.field, subfield = excluded.subfield \
         WHERE research_fields.field <> excluded.field OR research_fields.subfield <> excluded.subfield";
    db.change(sql, (new.id, &new.field, &new.subfield))
}
