//! Sessions, which begin with a login.

use std::time::Duration;

use super::accounts::{Account, AccountId, COLUMN_COUNT, COLUMNS, TABLES, read_account, select_where};
use super::bulk::{self, Row};
use super::value::Value;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Random, and contained in access tokens.
    pub id: String,
    pub account: AccountId,
    pub began_at: Timestamp,
    pub last_use: Use,
}

/// A use of a session: a login or a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub at: Timestamp,
    /// When both tokens that were issued at this use have expired.
    pub expires_at: Timestamp,
    /// The IP address, if known.
    pub address: Option<String>,
    pub user_agent: String,
}

pub fn insert(db: &Writer<'_>, session: &Session) -> Result<()> {
    let sql = "INSERT INTO sessions (id, account_id, began_at, last_used_at, expires_at, address, user_agent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let Session { id, account, began_at, last_use } = session;
    let Use { at, expires_at, address, user_agent } = last_use;
    db.execute(sql, (id, account, began_at, at, expires_at, address, user_agent))
}

/// Adds many sessions.
pub fn insert_many(db: &Writer<'_>, sessions: &[Session]) -> Result<()> {
    let row = |Session { id, account, began_at, last_use }: &Session| -> Row {
        vec![
            Value::owned(id),
            Value::owned(account),
            Value::owned(began_at),
            Value::owned(last_use.at),
            Value::owned(last_use.expires_at),
            Value::owned(&last_use.address),
            Value::owned(&last_use.user_agent),
            Value::owned(None::<i64>),
            Value::owned(None::<i64>),
            Value::owned(None::<i64>),
        ]
    };
    bulk::insert_into(db, "sessions", &sessions.iter().map(row).collect::<Vec<_>>())
}

pub fn set_last_use(db: &Writer<'_>, id: &str, last_use: &Use) -> Result<()> {
    let sql =
        "UPDATE sessions SET last_used_at = $1, expires_at = $2, address = $3, user_agent = $4 WHERE id = $5";
    let Use { at, expires_at, address, user_agent } = last_use;
    db.execute(sql, (at, expires_at, address, user_agent, id))
}

/// Makes a session without refresh token expire with its access token, whose lifetime is `lifetime`. Never prolongs it.
pub fn shorten(db: &Writer<'_>, id: &str, lifetime: Duration) -> Result<()> {
    // One second more, because an access token is valid until the end of the second in which it expires.
    let micros = Timestamp::from_micros(0).plus(lifetime).plus(Duration::from_secs(1)).micros();
    let sql =
        "UPDATE sessions SET expires_at = last_used_at + $1 WHERE id = $2 AND expires_at > last_used_at + $1";
    db.execute(sql, (micros, id))
}

/// Returns the account if the session belongs to it.
pub fn find_account(db: &Reader<'_>, session_id: &str, account_id: AccountId) -> Result<Option<Account>> {
    let sql = select_where("a.id = (SELECT account_id FROM sessions WHERE id = $1) AND a.id = $2");
    db.find(&sql, (session_id, account_id), read_account)
}

/// A login on the pages, with the account of its owner.
#[derive(Debug, Clone)]
pub struct CookieSession {
    pub account: Account,
    pub id: String,
    pub began_at: Timestamp,
    pub last_used_at: Timestamp,
    /// When the owner last entered the password.
    pub authenticated_at: Timestamp,
    /// When the pages for operators were last used.
    pub admin_used_at: Option<Timestamp>,
}

/// Makes a session one of the pages, or replaces its cookie, after the owner has entered the password.
pub fn set_cookie(db: &Writer<'_>, id: &str, cookie_hash: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE sessions SET cookie_hash = $1, authenticated_at = $2 WHERE id = $3";
    db.execute(sql, (cookie_hash, now, id))
}

pub fn set_admin_used(db: &Writer<'_>, id: &str, now: Timestamp) -> Result<()> {
    db.execute("UPDATE sessions SET admin_used_at = $1 WHERE id = $2", (now, id))
}

/// Returns the session of a cookie, unless it has expired.
pub fn find_by_cookie(db: &Reader<'_>, cookie_hash: &str, now: Timestamp) -> Result<Option<CookieSession>> {
    let sql = format!(
        "SELECT {COLUMNS}, o.id, o.began_at, o.last_used_at, o.authenticated_at, o.admin_used_at \
         FROM {TABLES} JOIN sessions o ON o.account_id = a.id WHERE o.cookie_hash = $1 AND o.expires_at >= $2"
    );
    db.find(&sql, (cookie_hash, now), |row| {
        Ok(CookieSession {
            account: read_account(row)?,
            id: row.get(COLUMN_COUNT)?,
            began_at: row.get(COLUMN_COUNT + 1)?,
            last_used_at: row.get(COLUMN_COUNT + 2)?,
            authenticated_at: row.get(COLUMN_COUNT + 3)?,
            admin_used_at: row.get(COLUMN_COUNT + 4)?,
        })
    })
}

/// Ends the session of a cookie. Returns the session and its account.
pub fn delete_by_cookie(db: &Writer<'_>, cookie_hash: &str) -> Result<Option<(String, AccountId)>> {
    let sql = "DELETE FROM sessions WHERE cookie_hash = $1 RETURNING id, account_id";
    db.find(sql, [cookie_hash], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Ends all sessions of an account but one.
pub fn delete_others(db: &Writer<'_>, account: AccountId, kept: &str) -> Result<()> {
    db.execute("DELETE FROM sessions WHERE account_id = $1 AND id <> $2", (account, kept))
}

/// Returns the account of a session, and when the session began.
pub fn find_owner(db: &Reader<'_>, id: &str) -> Result<Option<(Account, Timestamp)>> {
    let sql = format!(
        "SELECT {COLUMNS}, o.began_at \
         FROM {TABLES} JOIN sessions o ON o.account_id = a.id WHERE o.id = $1"
    );
    db.find(&sql, [id], |row| Ok((read_account(row)?, row.get(COLUMN_COUNT)?)))
}

/// Returns the sessions of an account that have not expired, most recently used first.
pub fn list_live(db: &Reader<'_>, account: AccountId, now: Timestamp) -> Result<Vec<Session>> {
    let sql = "SELECT id, account_id, began_at, last_used_at, expires_at, address, user_agent FROM sessions \
         WHERE account_id = $1 AND expires_at >= $2 ORDER BY last_used_at DESC, id DESC";
    db.list(sql, (account, now), |row| {
        let last_use =
            Use { at: row.get(3)?, expires_at: row.get(4)?, address: row.get(5)?, user_agent: row.get(6)? };
        Ok(Session { id: row.get(0)?, account: row.get(1)?, began_at: row.get(2)?, last_use })
    })
}

/// Ends a session. Returns false if the account has no session with this id.
pub fn delete(db: &Writer<'_>, account: AccountId, id: &str) -> Result<bool> {
    db.change("DELETE FROM sessions WHERE id = $1 AND account_id = $2", (id, account))
}

/// Ends the session of a refresh token. Returns the session and its account.
pub fn delete_by_refresh_token(db: &Writer<'_>, token_hash: &str) -> Result<Option<(String, AccountId)>> {
    let sql = "DELETE FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1) \
         RETURNING id, account_id";
    db.find(sql, [token_hash], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn delete_of_account(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.execute("DELETE FROM sessions WHERE account_id = $1", [account])
}

/// Ends the least recently used sessions of an account, so that at most `max` unexpired ones remain.
pub fn delete_beyond(db: &Writer<'_>, account: AccountId, max: i64, now: Timestamp) -> Result<()> {
    // SQLite has no OFFSET without LIMIT.
    let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE account_id = $1 AND expires_at >= $2 \
         ORDER BY last_used_at DESC, id DESC LIMIT $3 OFFSET $4)";
    db.execute(sql, (account, now, i64::MAX, max))
}
