//! Memberships of working groups, and their representatives.

use rusqlite::Row;

use super::accounts::{Account, AccountId, read_account, select_where};
use super::groups::GroupId;
use super::{Reader, Result, Writer};

/// The membership of an account in a working group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub group: GroupId,
    pub role: MemberRole,
}

/// The role of an account in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum MemberRole {
    /// A member who does not represent the group.
    Member,
    Representative,
}

/// Reads a membership from two columns, starting at `first`; `None` if they are null.
pub(super) fn read_membership(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Membership>> {
    let Some(group) = row.get(first)? else { return Ok(None) };
    Ok(Some(Membership { group, role: row.get(first + 1)? }))
}

/// Returns the members of these groups in order of registration.
pub fn list_members(db: &Reader<'_>, groups: &[GroupId]) -> Result<Vec<Account>> {
    db.list_by_keys(&select_where("m.working_group_id IN ($keys) ORDER BY a.id"), groups, read_account)
}

pub fn list_representatives(db: &Reader<'_>, groups: &[GroupId]) -> Result<Vec<Account>> {
    let sql = select_where("m.role = 'representative' AND m.working_group_id IN ($keys)");
    db.list_by_keys(&sql, groups, read_account)
}

/// Adds an account to a group. Returns false if the account is in a group already, or if it would be a second
/// representative.
pub fn insert(db: &Writer<'_>, account: AccountId, group: &str, role: MemberRole) -> Result<bool> {
    let sql = "INSERT INTO memberships (account_id, working_group_id, role) VALUES ($1, $2, $3) \
         ON CONFLICT DO NOTHING";
    db.change(sql, (account, group, role))
}

/// Changes the role of an account in a group. Returns false if the account is not in the group.
pub fn set_role(db: &Writer<'_>, account: AccountId, group: &str, role: MemberRole) -> Result<bool> {
    let sql = "UPDATE memberships SET role = $1 WHERE account_id = $2 AND working_group_id = $3";
    db.change(sql, (role, account, group))
}

/// Removes an account from its group. Returns false if it has none.
pub fn delete(db: &Writer<'_>, account: AccountId) -> Result<bool> {
    db.change("DELETE FROM memberships WHERE account_id = $1", [account])
}
