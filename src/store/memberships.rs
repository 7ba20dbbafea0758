use super::accounts::{AccountId, MemberRole};
use super::{Result, Writer};

/// Adds an account to a group. Returns false if it is in a group already, or would be a second representative.
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
