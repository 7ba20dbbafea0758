//! Working groups, with their institution and research field.

use rusqlite::{OptionalExtension, Row, params};

use super::batch::rows_for;
use super::institutions::{Institution, ResearchField};
use super::{Reader, Result, Writer};

/// A UUID in lower case with dashes.
pub type GroupId = String;

/// A working group.
#[derive(Debug, Clone)]
pub struct Group {
    pub id: GroupId,
    /// Unique within the institution.
    pub name: String,
    pub institution: Option<Institution>,
    pub research_field: ResearchField,
    /// The number of employees, as the group states it.
    pub employees: Option<i64>,
    /// Whether every user who is logged in can find the group.
    pub is_public: bool,
}

/// A working group to create.
pub struct NewGroup<'a> {
    pub id: &'a str,
    /// Unique within the institution.
    pub name: &'a str,
    /// The id of an existing institution.
    pub institution_id: Option<&'a str>,
    /// The id of an existing research field.
    pub research_field_id: i64,
    pub employees: Option<i64>,
    pub is_public: bool,
}

const COLUMNS: &str = "g.id, g.name, g.employees, g.is_public, f.id, f.field, f.subfield, \
     i.id, i.name, i.city, i.state, i.country";
const TABLES: &str = "working_groups g \
     JOIN research_fields f ON f.id = g.research_field_id \
     LEFT JOIN institutions i ON i.id = g.institution_id";

fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    let institution = match row.get::<_, Option<String>>(7)? {
        Some(id) => Some(Institution {
            id,
            name: row.get(8)?,
            city: row.get(9)?,
            state: row.get(10)?,
            country: row.get(11)?,
        }),
        None => None,
    };
    Ok(Group {
        id: row.get(0)?,
        name: row.get(1)?,
        institution,
        research_field: ResearchField { id: row.get(4)?, field: row.get(5)?, subfield: row.get(6)? },
        employees: row.get(2)?,
        is_public: row.get(3)?,
    })
}

pub fn find_by_id(db: &Reader<'_>, id: &str) -> Result<Option<Group>> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE g.id = $1");
    Ok(db.0.prepare_cached(&sql)?.query_row(params![id], group).optional()?)
}

/// Returns all groups in the order in which they were created.
pub fn list(db: &Reader<'_>) -> Result<Vec<Group>> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} ORDER BY g.position");
    let mut statement = db.0.prepare_cached(&sql)?;
    let groups = statement.query_map([], group)?.collect::<rusqlite::Result<_>>()?;
    Ok(groups)
}

/// Returns all public groups in the order in which they were created.
pub fn list_public(db: &Reader<'_>) -> Result<Vec<Group>> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE g.is_public = 1 ORDER BY g.position");
    let mut statement = db.0.prepare_cached(&sql)?;
    let groups = statement.query_map([], group)?.collect::<rusqlite::Result<_>>()?;
    Ok(groups)
}

pub fn list_by_ids(db: &Reader<'_>, ids: &[GroupId]) -> Result<Vec<Group>> {
    rows_for(db, ids, |keys| format!("SELECT {COLUMNS} FROM {TABLES} WHERE g.id IN ({keys})"), group)
}

/// Returns the groups whose ids begin with a prefix, in the order in which they were created.
pub fn list_by_id_prefix(db: &Reader<'_>, prefix: &str) -> Result<Vec<Group>> {
    let sql =
        format!("SELECT {COLUMNS} FROM {TABLES} WHERE substr(g.id, 1, length($1)) = $1 ORDER BY g.position");
    let mut statement = db.0.prepare_cached(&sql)?;
    let groups = statement.query_map(params![prefix], group)?.collect::<rusqlite::Result<_>>()?;
    Ok(groups)
}

/// Returns the groups at these institutions in the order in which they were created.
pub fn list_by_institutions(db: &Reader<'_>, ids: &[String]) -> Result<Vec<Group>> {
    let sql = |keys: &str| {
        format!("SELECT {COLUMNS} FROM {TABLES} WHERE g.institution_id IN ({keys}) ORDER BY g.position")
    };
    rows_for(db, ids, sql, group)
}

/// Returns the groups of these research fields in the order in which they were created.
pub fn list_by_research_fields(db: &Reader<'_>, ids: &[i64]) -> Result<Vec<Group>> {
    let sql = |keys: &str| {
        format!("SELECT {COLUMNS} FROM {TABLES} WHERE g.research_field_id IN ({keys}) ORDER BY g.position")
    };
    rows_for(db, ids, sql, group)
}

/// Adds a group. Returns false if its institution has a group with that name.
pub fn insert(db: &Writer<'_>, new: &NewGroup<'_>) -> Result<bool> {
    let sql = "INSERT INTO working_groups \
         (id, position, name, institution_id, research_field_id, employees, is_public) \
         VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM working_groups), $2, $3, $4, $5, $6) \
         ON CONFLICT (institution_id, name) DO NOTHING";
    let NewGroup { id, name, institution_id, research_field_id, employees, is_public } = new;
    let values = params![id, name, institution_id, research_field_id, employees, i64::from(*is_public)];
    Ok(db.0.0.prepare_cached(sql)?.execute(values)? == 1)
}

pub fn exists(db: &Reader<'_>, id: &str) -> Result<bool> {
    Ok(db.0.prepare_cached("SELECT 1 FROM working_groups WHERE id = $1")?.exists(params![id])?)
}

/// Deletes a group with its memberships and join requests.
pub fn delete(db: &Writer<'_>, id: &str) -> Result<()> {
    db.0.0.prepare_cached("DELETE FROM working_groups WHERE id = $1")?.execute(params![id])?;
    Ok(())
}
