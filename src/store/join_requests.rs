//! Requests to join a working group.

use super::accounts::AccountId;
use super::groups::GroupId;
use super::statement::Row;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone)]
pub struct JoinRequest {
    /// A UUID in lower case with dashes.
    pub id: String,
    pub account: AccountId,
    pub group: GroupId,
    pub made_at: Timestamp,
    pub status: Status,
}

impl JoinRequest {
    pub fn is_pending(&self) -> bool {
        self.status == Status::Pending
    }
}

/// The status of a join request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Status {
    Pending,
    Approved,
    Declined,
}

const SELECT: &str = "SELECT id, account_id, working_group_id, made_at, status FROM join_requests";

fn read_join_request(row: &Row<'_>) -> Result<JoinRequest> {
    Ok(JoinRequest {
        id: row.get(0)?,
        account: row.get(1)?,
        group: row.get(2)?,
        made_at: row.get(3)?,
        status: row.get(4)?,
    })
}

pub fn find_by_id(db: &Reader<'_>, id: &str) -> Result<Option<JoinRequest>> {
    db.find(&format!("{SELECT} WHERE id = $1"), [id], read_join_request)
}

/// Returns the requests of these accounts in the order in which they were made.
pub fn list_by_accounts(db: &Reader<'_>, accounts: &[AccountId]) -> Result<Vec<JoinRequest>> {
    let sql = format!("{SELECT} WHERE account_id IN ($keys) ORDER BY made_at, position");
    db.list_by_keys(&sql, accounts, read_join_request)
}

/// Returns the requests to join these groups in the order in which they were made.
pub fn list_by_groups(db: &Reader<'_>, groups: &[GroupId]) -> Result<Vec<JoinRequest>> {
    let sql = format!("{SELECT} WHERE working_group_id IN ($keys) ORDER BY made_at, position");
    db.list_by_keys(&sql, groups, read_join_request)
}

/// Adds a request. Returns false if the account has a pending request to the group already, or if the id is taken.
pub fn insert(db: &Writer<'_>, new: &JoinRequest) -> Result<bool> {
    let sql = "INSERT INTO join_requests (id, position, account_id, working_group_id, made_at, status) \
         VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM join_requests), $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING";
    let JoinRequest { id, account, group, made_at, status } = new;
    db.change(sql, (id, account, group, made_at, status))
}

/// Answers a request. Returns false if it has been answered already.
pub fn answer(db: &Writer<'_>, id: &str, status: Status) -> Result<bool> {
    db.change("UPDATE join_requests SET status = $1 WHERE id = $2 AND status = 'pending'", (status, id))
}
