//! Invitations to register, and to join a working group if they name one.

use super::accounts::AccountId;
use super::groups::GroupId;
use super::statement::Row;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone)]
pub struct Invitation {
    /// A UUID in lower case with dashes.
    pub id: String,
    pub email: String,
    pub group: Option<GroupId>,
    /// The representative of the group. `None` if an operator made the invitation.
    pub invited_by: Option<AccountId>,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

const SELECT: &str =
    "SELECT i.id, i.email, i.working_group_id, i.invited_by, i.made_at, i.expires_at FROM invitations i";

/// The condition that an operator made the invitation, or an active account that still represents the group.
const AUTHORIZED: &str = "(i.invited_by IS NULL OR EXISTS (SELECT 1 FROM memberships m \
     JOIN accounts a ON a.id = m.account_id WHERE m.account_id = i.invited_by AND a.deactivated_at IS NULL \
     AND m.working_group_id = i.working_group_id AND m.role = 'representative'))";

fn read_invitation(row: &Row<'_>) -> Result<Invitation> {
    Ok(Invitation {
        id: row.get(0)?,
        email: row.get(1)?,
        group: row.get(2)?,
        invited_by: row.get(3)?,
        made_at: row.get(4)?,
        expires_at: row.get(5)?,
    })
}

/// Returns the invitation of a token, also after its end. An invitation of an account that no longer represents the group
/// counts as missing.
pub fn find_by_token(db: &Reader<'_>, token_hash: &str) -> Result<Option<Invitation>> {
    db.find(&format!("{SELECT} WHERE i.token_hash = $1 AND {AUTHORIZED}"), [token_hash], read_invitation)
}

pub fn find_by_id(db: &Reader<'_>, id: &str) -> Result<Option<Invitation>> {
    db.find(&format!("{SELECT} WHERE i.id = $1"), [id], read_invitation)
}

/// Returns the invitations that are valid at a time, in the order in which they were made.
pub fn list(db: &Reader<'_>, now: Timestamp) -> Result<Vec<Invitation>> {
    let sql = format!("{SELECT} WHERE i.expires_at > $1 AND {AUTHORIZED} ORDER BY i.made_at, i.id");
    db.list(&sql, [now], read_invitation)
}

/// Returns the invitations into a group that are valid at a time, in the order in which they were made.
pub fn list_by_group(db: &Reader<'_>, group: &str, now: Timestamp) -> Result<Vec<Invitation>> {
    let sql = format!(
        "{SELECT} WHERE i.working_group_id = $1 AND i.expires_at > $2 AND {AUTHORIZED} ORDER BY i.made_at, i.id"
    );
    db.list(&sql, (group, now), read_invitation)
}

pub fn insert(db: &Writer<'_>, new: &Invitation, token_hash: &str, email_key: &str) -> Result<()> {
    let sql = "INSERT INTO invitations \
         (id, token_hash, email, email_key, working_group_id, invited_by, made_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Invitation { id, email, group, invited_by, made_at, expires_at } = new;
    db.execute(sql, (id, token_hash, email, email_key, group, invited_by, made_at, expires_at))
}

/// Deletes an invitation. Returns false if there is none.
pub fn delete(db: &Writer<'_>, id: &str) -> Result<bool> {
    db.change("DELETE FROM invitations WHERE id = $1", [id])
}

/// Deletes the invitations of an address into a group, or those into none.
pub fn delete_of_address(db: &Writer<'_>, email_key: &str, group: Option<&str>) -> Result<()> {
    let sql = "DELETE FROM invitations WHERE email_key = $1 AND COALESCE(working_group_id, '') = $2";
    db.execute(sql, (email_key, group.unwrap_or_default()))
}
