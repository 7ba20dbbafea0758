//! Institutions and research fields.

use rusqlite::params;

use super::{Result, Writer};

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
