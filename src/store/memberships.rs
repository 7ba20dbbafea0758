//! Who belongs to which working group, and who speaks for it.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Row, params};

use super::accounts::{Account, AccountId, COLUMNS, TABLES, account};
use super::batch::rows_for;
use super::groups::GroupId;
use super::{Reader, Result, Writer};

/// That an account belongs to a working group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// What the account is in it.
    pub role: MemberRole,
}

/// What somebody is in a working group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberRole {
    /// One of those who belong to it.
    Member,
    /// The one who speaks for it.
    Representative,
}

impl MemberRole {
    fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Representative => "representative",
        }
    }
}

impl FromSql for MemberRole {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let role = value.as_str()?;
        let known = [Self::Member, Self::Representative].into_iter().find(|known| known.as_str() == role);
        known.ok_or(FromSqlError::InvalidType)
    }
}

/// The membership in two columns from `first` on; none where they are null.
pub(super) fn membership(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Membership>> {
    let Some(group) = row.get(first)? else { return Ok(None) };
    Ok(Some(Membership { group, role: row.get(first + 1)? }))
}

/// The members of these groups, in the order in which they were registered.
pub fn list_members(db: &Reader<'_>, groups: &[GroupId]) -> Result<Vec<Account>> {
    let sql = |keys: &str| {
        format!("SELECT {COLUMNS} FROM {TABLES} WHERE m.working_group_id IN ({keys}) ORDER BY a.id")
    };
    rows_for(db, groups, sql, account)
}

/// Those who speak for these groups.
pub fn list_representatives(db: &Reader<'_>, groups: &[GroupId]) -> Result<Vec<Account>> {
    let sql = |keys: &str| {
        format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE m.role = 'representative' AND m.working_group_id IN ({keys})"
        )
    };
    rows_for(db, groups, sql, account)
}

/// Takes somebody who has no group into one; false if they have one, or the group has a representative already and
/// they were to be that.
pub fn insert(db: &Writer<'_>, account: AccountId, group: &str, role: MemberRole) -> Result<bool> {
    let sql = "INSERT INTO memberships (account_id, working_group_id, role) VALUES ($1, $2, $3) \
         ON CONFLICT DO NOTHING";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![account, group, role.as_str()])? == 1)
}

/// Changes what somebody is in a group; false if they are not in it.
pub fn set_role(db: &Writer<'_>, account: AccountId, group: &str, role: MemberRole) -> Result<bool> {
    let sql = "UPDATE memberships SET role = $1 WHERE account_id = $2 AND working_group_id = $3";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![role.as_str(), account, group])? == 1)
}

/// Takes somebody out of their group; false if they had none.
pub fn delete(db: &Writer<'_>, account: AccountId) -> Result<bool> {
    Ok(db.0.0.prepare_cached("DELETE FROM memberships WHERE account_id = $1")?.execute(params![account])?
        == 1)
}
