//! Reads what is staged. Lists of users and tokens are read in pages.

use super::{Result, Staging};
use crate::clock::Timestamp;
use crate::store::accounts::AccountId;
use crate::store::institutions::{self, Institution, ResearchField, read_institution};
use crate::store::join_requests::Status;
use crate::store::statement::Row;

/// The order of users: by key if keys are integers, otherwise by the time of registration.
#[derive(Debug, Clone)]
pub struct Position {
    number: i64,
    joined_at: Timestamp,
    key: String,
}

impl Position {
    pub const START: Self =
        Self { number: i64::MIN, joined_at: Timestamp::from_micros(i64::MIN), key: String::new() };
}

pub struct StagedUser {
    pub key: String,
    /// The key if it is an integer, otherwise 0.
    pub number: i64,
    pub joined_at: Timestamp,
    pub email: String,
    pub email_key: String,
    /// `None` if the account gets its id as its username.
    pub username: Option<String>,
    /// The username before it was changed because of a conflict.
    pub username_in_django: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub academic_title: String,
    pub password_hash: Option<String>,
    pub is_active: bool,
    pub is_staff: bool,
    pub is_superuser: bool,
    pub last_login_at: Option<Timestamp>,
    pub verified: bool,
    pub archived: bool,
    pub secondary_email: Option<String>,
    pub secondary_key: Option<String>,
    /// The account here, as soon as there is one.
    pub account: Option<AccountId>,
}

impl StagedUser {
    pub fn position(&self) -> Position {
        Position { number: self.number, joined_at: self.joined_at, key: self.key.clone() }
    }
}

pub struct StagedGroup {
    pub key: String,
    pub name: String,
    pub institution_key: Option<String>,
    /// The id of the institution here.
    pub institution_id: Option<String>,
    pub research_field: i64,
    pub employees: Option<i64>,
    pub is_public: bool,
}

/// A member of a group, where the account or the group is new.
pub struct StagedMember {
    pub position: Position,
    pub account: AccountId,
    pub group_id: String,
    pub is_representative: bool,
}

pub struct StagedRequest {
    pub key: String,
    pub account: AccountId,
    pub group_id: String,
    pub made_at: Timestamp,
    pub status: Status,
    pub position: i64,
}

/// A refresh token that can still be used.
pub struct StagedToken {
    pub position: i64,
    pub hash: String,
    pub account: AccountId,
    pub created_at: Timestamp,
}

const USER: &str = "u.key, u.number, u.joined_at, u.email, u.email_key, u.username, u.first_name, u.last_name, \
     u.academic_title, u.password_hash, u.is_active, u.is_staff, u.is_superuser, u.last_login_at, \
     COALESCE(s.verified, 0), COALESCE(s.archived, 0), s.secondary_email, s.secondary_key, u.username_in_django, u.account_id \
     FROM users u LEFT JOIN statuses s ON s.user_key = u.key";

fn read_user(row: &Row<'_>) -> Result<StagedUser> {
    Ok(StagedUser {
        key: row.get(0)?,
        number: row.get(1)?,
        joined_at: row.get(2)?,
        email: row.get(3)?,
        email_key: row.get(4)?,
        username: row.get(5)?,
        first_name: row.get(6)?,
        last_name: row.get(7)?,
        academic_title: row.get(8)?,
        password_hash: row.get(9)?,
        is_active: row.get(10)?,
        is_staff: row.get(11)?,
        is_superuser: row.get(12)?,
        last_login_at: row.get(13)?,
        verified: row.get(14)?,
        archived: row.get(15)?,
        secondary_email: row.get(16)?,
        secondary_key: row.get(17)?,
        username_in_django: row.get(18)?,
        account: row.get(19)?,
    })
}

impl Staging {
    /// Returns the users that are not left out and were not imported before, at most `limit` after a position.
    pub fn list_new_users(&self, after: &Position, limit: i64) -> Result<Vec<StagedUser>> {
        self.list_users("AND NOT u.is_known AND NOT u.is_left_out", after, limit)
    }

    /// Returns all users, at most `limit` after a position.
    pub fn list_all_users(&self, after: &Position, limit: i64) -> Result<Vec<StagedUser>> {
        self.list_users("", after, limit)
    }

    fn list_users(&self, condition: &str, after: &Position, limit: i64) -> Result<Vec<StagedUser>> {
        let sql = format!(
            "SELECT {USER} WHERE (u.number, u.joined_at, u.key) > ($1, $2, $3) {condition} \
             ORDER BY u.number, u.joined_at, u.key LIMIT $4"
        );
        self.db().list(&sql, (after.number, after.joined_at, &after.key, limit), read_user)
    }

    /// Returns the institutions with their keys in Django as their ids.
    pub fn list_institutions(&self) -> Result<Vec<Institution>> {
        let sql = "SELECT key, name, city, state, country FROM institutions ORDER BY position";
        self.db().list(sql, (), |row| read_institution(row, 0))
    }

    pub fn list_research_fields(&self) -> Result<Vec<ResearchField>> {
        institutions::list_research_fields(&self.db())
    }

    /// Returns the keys of all groups.
    pub fn list_group_keys(&self) -> Result<Vec<String>> {
        self.db().list("SELECT key FROM groups ORDER BY position", (), |row| row.get(0))
    }

    /// Returns the keys of join requests with their positions, at most `limit` after a position.
    pub fn list_request_keys(&self, after: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        let sql = "SELECT position, key FROM requests WHERE position > $1 ORDER BY position LIMIT $2";
        self.db().list(sql, (after, limit), |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Whether a user that is not left out has this username.
    pub fn has_username(&self, username: &str) -> Result<bool> {
        self.db().exists("SELECT 1 FROM users WHERE username = $1 AND NOT is_left_out", [username])
    }

    /// Returns the largest key of a new user that is an integer and at most `max`: 0 if there is none.
    pub fn max_number(&self, max: i64) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(number), 0) FROM users WHERE NOT is_known AND NOT is_left_out AND number <= $1";
        self.db().value(sql, [max])
    }

    /// Returns the groups that are not left out and were not imported before, in their order.
    pub fn list_new_groups(&self) -> Result<Vec<StagedGroup>> {
        let sql = "SELECT g.key, g.name, g.institution_key, i.id, g.research_field, g.employees, g.is_public \
             FROM groups g LEFT JOIN institutions i ON i.key = g.institution_key \
             WHERE NOT g.is_known AND NOT g.is_left_out ORDER BY g.position";
        self.db().list(sql, (), |row| {
            Ok(StagedGroup {
                key: row.get(0)?,
                name: row.get(1)?,
                institution_key: row.get(2)?,
                institution_id: row.get(3)?,
                research_field: row.get(4)?,
                employees: row.get(5)?,
                is_public: row.get(6)?,
            })
        })
    }

    /// Returns the members of groups, where the account or the group is new, at most `limit` after a position.
    pub fn list_new_members(&self, after: &Position, limit: i64) -> Result<Vec<StagedMember>> {
        let sql = "SELECT u.number, u.joined_at, u.key, u.account_id, g.id, g.representative_key IS u.key AND NOT g.is_known \
             FROM users u JOIN groups g ON g.key = u.group_key \
             WHERE (u.number, u.joined_at, u.key) > ($1, $2, $3) \
             AND NOT u.is_left_out AND NOT g.is_left_out AND NOT (u.is_known AND g.is_known) \
             ORDER BY u.number, u.joined_at, u.key LIMIT $4";
        self.db().list(sql, (after.number, after.joined_at, &after.key, limit), |row| {
            Ok(StagedMember {
                position: Position { number: row.get(0)?, joined_at: row.get(1)?, key: row.get(2)? },
                account: row.get(3)?,
                group_id: row.get(4)?,
                is_representative: row.get(5)?,
            })
        })
    }

    /// Returns the join requests that are not left out and were not imported before, in the order in which they were made: at
    /// most `limit` after the time and position of the last one.
    pub fn list_new_requests(&self, after: (Timestamp, i64), limit: i64) -> Result<Vec<StagedRequest>> {
        let sql = "SELECT r.key, u.account_id, g.id, r.made_at, r.status, r.position FROM requests r \
             JOIN users u ON u.key = r.user_key JOIN groups g ON g.key = r.group_key \
             WHERE (r.made_at, r.position) > ($1, $2) AND NOT r.is_known AND NOT r.is_left_out \
             ORDER BY r.made_at, r.position LIMIT $3";
        self.db().list(sql, (after.0, after.1, limit), |row| {
            Ok(StagedRequest {
                key: row.get(0)?,
                account: row.get(1)?,
                group_id: row.get(2)?,
                made_at: row.get(3)?,
                status: row.get(4)?,
                position: row.get(5)?,
            })
        })
    }

    /// Returns the newest `per_account` tokens of each account. Tokens of accounts that were imported before must have been created
    /// after a time. Returns at most `limit` after a position.
    pub fn list_tokens(
        &self,
        created_after: Timestamp,
        per_account: i64,
        position: i64,
        limit: i64,
    ) -> Result<Vec<StagedToken>> {
        let sql = "SELECT t.position, t.hash, u.account_id, t.created_at FROM tokens t JOIN users u ON u.key = t.user_key \
             WHERE t.position > $1 AND (t.created_at > $2 OR NOT u.is_known) AND NOT u.is_left_out AND u.is_active \
             AND (SELECT COUNT(*) FROM (SELECT 1 FROM tokens n WHERE n.user_key = t.user_key \
              AND (n.created_at, n.position) > (t.created_at, t.position) LIMIT $3)) < $3 \
             ORDER BY t.position LIMIT $4";
        self.db().list(sql, (position, created_after, per_account, limit), |row| {
            Ok(StagedToken {
                position: row.get(0)?,
                hash: row.get(1)?,
                account: row.get(2)?,
                created_at: row.get(3)?,
            })
        })
    }

    /// Returns when the newest token was created.
    pub fn newest_token(&self) -> Result<Option<Timestamp>> {
        self.db().value("SELECT MAX(created_at) FROM tokens", ())
    }
}
