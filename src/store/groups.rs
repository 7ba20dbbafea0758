//! Working groups, with their institution and research field.

use super::institutions::{Institution, ResearchField, read_institution};
use super::statement::Row;
use super::{Reader, Result, Writer};

/// A UUID in lower case with dashes.
pub type GroupId = String;

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

pub struct NewGroup<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub institution_id: Option<&'a str>,
    pub research_field_id: i64,
    pub employees: Option<i64>,
    pub is_public: bool,
}

const SELECT: &str = "SELECT g.id, g.name, g.employees, g.is_public, f.id, f.field, f.subfield, \
     i.id, i.name, i.city, i.state, i.country FROM working_groups g \
     JOIN research_fields f ON f.id = g.research_field_id \
     LEFT JOIN institutions i ON i.id = g.institution_id";

fn read_group(row: &Row<'_>) -> Result<Group> {
    let institution_id: Option<String> = row.get(7)?;
    Ok(Group {
        id: row.get(0)?,
        name: row.get(1)?,
        institution: institution_id.map(|_| read_institution(row, 7)).transpose()?,
        research_field: ResearchField { id: row.get(4)?, field: row.get(5)?, subfield: row.get(6)? },
        employees: row.get(2)?,
        is_public: row.get(3)?,
    })
}

pub fn find_by_id(db: &Reader<'_>, id: &str) -> Result<Option<Group>> {
    db.find(&format!("{SELECT} WHERE g.id = $1"), [id], read_group)
}

/// Returns all groups in the order in which they were created.
pub fn list(db: &Reader<'_>) -> Result<Vec<Group>> {
    db.list(&format!("{SELECT} ORDER BY g.position"), (), read_group)
}

/// Returns all public groups in the order in which they were created.
pub fn list_public(db: &Reader<'_>) -> Result<Vec<Group>> {
    db.list(&format!("{SELECT} WHERE g.is_public = 1 ORDER BY g.position"), (), read_group)
}

pub fn list_by_ids(db: &Reader<'_>, ids: &[GroupId]) -> Result<Vec<Group>> {
    db.list_by_keys(&format!("{SELECT} WHERE g.id IN ($keys)"), ids, read_group)
}

/// Returns the groups whose ids begin with a prefix, in the order in which they were created.
pub fn list_by_id_prefix(db: &Reader<'_>, prefix: &str) -> Result<Vec<Group>> {
    let sql = format!("{SELECT} WHERE substr(g.id, 1, length($1)) = $1 ORDER BY g.position");
    db.list(&sql, [prefix], read_group)
}

/// Returns the groups at these institutions in the order in which they were created.
pub fn list_by_institutions(db: &Reader<'_>, ids: &[String]) -> Result<Vec<Group>> {
    let sql = format!("{SELECT} WHERE g.institution_id IN ($keys) ORDER BY g.position");
    db.list_by_keys(&sql, ids, read_group)
}

/// Returns the groups of these research fields in the order in which they were created.
pub fn list_by_research_fields(db: &Reader<'_>, ids: &[i64]) -> Result<Vec<Group>> {
    let sql = format!("{SELECT} WHERE g.research_field_id IN ($keys) ORDER BY g.position");
    db.list_by_keys(&sql, ids, read_group)
}

pub fn has_name(db: &Reader<'_>, institution_id: &str, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM working_groups WHERE institution_id = $1 AND name = $2";
    db.exists(sql, (institution_id, name))
}

/// Adds a group. Returns false if its institution has a group with that name.
pub fn insert(db: &Writer<'_>, new: &NewGroup<'_>) -> Result<bool> {
    let sql = "INSERT INTO working_groups \
         (id, position, name, institution_id, research_field_id, employees, is_public) \
         VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM working_groups), $2, $3, $4, $5, $6) \
         ON CONFLICT (institution_id, name) DO NOTHING";
    let NewGroup { id, name, institution_id, research_field_id, employees, is_public } = new;
    db.change(sql, (id, name, institution_id, research_field_id, employees, is_public))
}

/// Returns the names that groups of both institutions have.
pub fn list_names_in_both(db: &Reader<'_>, institution: &str, other: &str) -> Result<Vec<String>> {
    let sql = "SELECT g.name FROM working_groups g WHERE g.institution_id = $1 AND EXISTS \
         (SELECT 1 FROM working_groups o WHERE o.institution_id = $2 AND o.name = g.name) ORDER BY g.position";
    db.list(sql, (institution, other), |row| row.get(0))
}

/// Moves all groups of an institution to another one.
pub fn replace_institution(db: &Writer<'_>, from: &str, to: &str) -> Result<()> {
    db.execute("UPDATE working_groups SET institution_id = $1 WHERE institution_id = $2", (to, from))
}

/// Moves all groups of a research field to another one.
pub fn replace_research_field(db: &Writer<'_>, from: i64, to: i64) -> Result<()> {
    db.execute("UPDATE working_groups SET research_field_id = $1 WHERE research_field_id = $2", (to, from))
}

/// Deletes a group with its memberships and join requests.
pub fn delete(db: &Writer<'_>, id: &str) -> Result<()> {
    db.execute("DELETE FROM working_groups WHERE id = $1", [id])
}
