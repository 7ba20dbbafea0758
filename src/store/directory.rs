//! Institutions and research fields.

use rusqlite::params;

use super::{Reader, Result, Writer};

/// Where working groups are at home.
pub struct Institution {
    /// A UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// Its state, where the country has such.
    pub state: Option<String>,
    /// Its country.
    pub country: String,
}

/// What working groups work on.
pub struct ResearchField {
    /// Its number.
    pub id: i64,
    /// The wider field.
    pub field: String,
    /// The field proper.
    pub subfield: String,
}

/// All institutions, in the order in which they were imported.
pub fn list_institutions(db: &Reader<'_>) -> Result<Vec<Institution>> {
    let sql = "SELECT id, name, city, state, country FROM institutions ORDER BY position";
    let mut statement = db.0.prepare_cached(sql)?;
    let institutions = statement.query_map([], |row| {
        Ok(Institution {
            id: row.get(0)?,
            name: row.get(1)?,
            city: row.get(2)?,
            state: row.get(3)?,
            country: row.get(4)?,
        })
    })?;
    Ok(institutions.collect::<rusqlite::Result<_>>()?)
}

/// All research fields, by their number.
pub fn list_research_fields(db: &Reader<'_>) -> Result<Vec<ResearchField>> {
    let sql = "SELECT id, field, subfield FROM research_fields ORDER BY id";
    let mut statement = db.0.prepare_cached(sql)?;
    let fields = statement.query_map([], |row| {
        Ok(ResearchField { id: row.get(0)?, field: row.get(1)?, subfield: row.get(2)? })
    })?;
    Ok(fields.collect::<rusqlite::Result<_>>()?)
}

/// Adds an institution behind those that are there, or corrects it; false if it is there just so.
pub fn upsert_institution(
    db: &Writer<'_>,
    id: &str,
    name: &str,
    city: &str,
    state: Option<&str>,
    country: &str,
) -> Result<bool> {
    let sql = "INSERT INTO institutions (id, position, name, city, state, country) \
         VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM institutions), $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE \
         SET name = excluded.name, city = excluded.city, state = excluded.state, country = excluded.country \
         WHERE institutions.name <> excluded.name OR institutions.city <> excluded.city \
         OR institutions.country <> excluded.country OR COALESCE(institutions.state, '') <> COALESCE(excluded.state, '')";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![id, name, city, state, country])? == 1)
}

/// Adds a research field, or corrects it; false if it is there just so.
pub fn upsert_research_field(db: &Writer<'_>, id: i64, field: &str, subfield: &str) -> Result<bool> {
    let sql = "INSERT INTO research_fields (id, field, subfield) VALUES ($1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET field = excluded.field, subfield = excluded.subfield \
         WHERE research_fields.field <> excluded.field OR research_fields.subfield <> excluded.subfield";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![id, field, subfield])? == 1)
}
