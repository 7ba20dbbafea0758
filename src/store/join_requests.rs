//! Requests to join a working group.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{OptionalExtension, Row, params};

use super::accounts::AccountId;
use super::batch::rows_for;
use super::groups::GroupId;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// A request to join a working group.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    /// A UUID in lower case with dashes.
    pub id: String,
    /// The account that made the request.
    pub account: AccountId,
    /// The group to join.
    pub group: GroupId,
    pub made_at: Timestamp,
    pub status: Status,
}

/// The status of a join request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The request waits for an answer.
    Pending,
    /// The request was approved.
    Approved,
    /// The request was declined.
    Declined,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Declined => "declined",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Approved, Self::Declined].into_iter().find(|status| status.as_str() == name)
    }
}

impl FromSql for Status {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_name(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

const COLUMNS: &str = "id, account_id, working_group_id, made_at, status";

fn join_request(row: &Row<'_>) -> rusqlite::Result<JoinRequest> {
    Ok(JoinRequest {
        id: row.get(0)?,
        account: row.get(1)?,
        group: row.get(2)?,
        made_at: Timestamp::from_micros(row.get(3)?),
        status: row.get(4)?,
    })
}

pub fn find_by_id(db: &Reader<'_>, id: &str) -> Result<Option<JoinRequest>> {
    let sql = format!("SELECT {COLUMNS} FROM join_requests WHERE id = $1");
    Ok(db.0.prepare_cached(&sql)?.query_row(params![id], join_request).optional()?)
}

/// Returns the requests of these accounts in the order in which they were made.
pub fn list_by_accounts(db: &Reader<'_>, accounts: &[AccountId]) -> Result<Vec<JoinRequest>> {
    let sql = |keys: &str| {
        format!("SELECT {COLUMNS} FROM join_requests WHERE account_id IN ({keys}) ORDER BY made_at, position")
    };
    rows_for(db, accounts, sql, join_request)
}

/// Returns the requests to join these groups in the order in which they were made.
pub fn list_by_groups(db: &Reader<'_>, groups: &[GroupId]) -> Result<Vec<JoinRequest>> {
    let sql = |keys: &str| {
        format!(
            "SELECT {COLUMNS} FROM join_requests WHERE working_group_id IN ({keys}) ORDER BY made_at, position"
        )
    };
    rows_for(db, groups, sql, join_request)
}

/// Adds a request. Returns false if the account has a pending request to the group already, or if the id is taken.
pub fn insert(db: &Writer<'_>, new: &JoinRequest) -> Result<bool> {
    let sql = "INSERT INTO join_requests (id, position, account_id, working_group_id, made_at, status) \
         VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM join_requests), $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING";
    let JoinRequest { id, account, group, made_at, status } = new;
    let values = params![id, account, group, made_at.micros(), status.as_str()];
    Ok(db.0.0.prepare_cached(sql)?.execute(values)? == 1)
}

/// Answers a request. Returns false if it has been answered already.
pub fn answer(db: &Writer<'_>, id: &str, status: Status) -> Result<bool> {
    let sql = "UPDATE join_requests SET status = $1 WHERE id = $2 AND status = 'pending'";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![status.as_str(), id])? == 1)
}
