//! The membership of an account, which is read with the account.

use crate::store::Result;
use crate::store::groups::GroupId;
use crate::store::statement::Row;

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
pub(super) fn read_membership(row: &Row<'_>, first: usize) -> Result<Option<Membership>> {
    let Some(group) = row.get(first)? else { return Ok(None) };
    Ok(Some(Membership { group, role: row.get(first + 1)? }))
}
