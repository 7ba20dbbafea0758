//! Sessions: what a login begins.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use super::accounts::{Account, AccountId, COLUMNS, TABLES, account};
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Random; access tokens name it.
    pub id: String,
    pub account: AccountId,
    /// When its owner logged in.
    pub began_at: Timestamp,
    /// When and from where its owner logged in or got new tokens the last time.
    pub last_use: Use,
}

/// A login or a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: Timestamp,
    /// When the last of the tokens that were handed out ends.
    pub expires_at: Timestamp,
    /// From where, if that is known.
    pub address: Option<String>,
    /// By which program, as it calls itself.
    pub user_agent: String,
}

/// Adds a session.
pub fn insert(db: &Writer<'_>, session: &Session) -> Result<()> {
    let sql = "INSERT INTO sessions (id, account_id, began_at, last_used_at, expires_at, address, user_agent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let Session { id, account, began_at, last_use } = session;
    let Use { at, expires_at, address, user_agent } = last_use;
    let values =
        params![id, account, began_at.micros(), at.micros(), expires_at.micros(), address, user_agent];
    db.0.0.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Notes that a session was used.
pub fn set_last_use(db: &Writer<'_>, id: &str, last_use: &Use) -> Result<()> {
    let sql =
        "UPDATE sessions SET last_used_at = $1, expires_at = $2, address = $3, user_agent = $4 WHERE id = $5";
    let Use { at, expires_at, address, user_agent } = last_use;
    db.0.0.prepare_cached(sql)?.execute(params![
        at.micros(),
        expires_at.micros(),
        address,
        user_agent,
        id
    ])?;
    Ok(())
}

/// Lets a session go on no longer than its access token, which has `lifetime` from the last use on.
pub fn set_ending(db: &Writer<'_>, id: &str, lifetime: Duration) -> Result<()> {
    let sql =
        "UPDATE sessions SET expires_at = last_used_at + $1 WHERE id = $2 AND expires_at > last_used_at + $1";
    // An access token is good to the end of a whole second.
    let lifetime = Timestamp::from_micros(0).plus(lifetime).plus(Duration::from_secs(1));
    db.0.0.prepare_cached(sql)?.execute(params![lifetime.micros(), id])?;
    Ok(())
}

/// The account with this number, if it has this session.
pub fn find_account(db: &Reader<'_>, id: &str, account_id: AccountId) -> Result<Option<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES} JOIN sessions o ON o.account_id = a.id WHERE o.id = $1 AND a.id = $2"
    );
    Ok(db.0.prepare_cached(&sql)?.query_row(params![id, account_id], account).optional()?)
}

/// The account that a session is of, and when that session began.
pub fn find_owner(db: &Reader<'_>, id: &str) -> Result<Option<(Account, Timestamp)>> {
    let sql = format!(
        "SELECT {COLUMNS}, o.began_at AS session_began_at \
         FROM {TABLES} JOIN sessions o ON o.account_id = a.id WHERE o.id = $1"
    );
    let mut statement = db.0.prepare_cached(&sql)?;
    let found = statement.query_row(params![id], |row| {
        Ok((account(row)?, Timestamp::from_micros(row.get("session_began_at")?)))
    });
    Ok(found.optional()?)
}

/// The sessions of an account that have not expired, the one used last first.
pub fn list_live(db: &Reader<'_>, account: AccountId, now: Timestamp) -> Result<Vec<Session>> {
    let sql = "SELECT id, account_id, began_at, last_used_at, expires_at, address, user_agent FROM sessions \
         WHERE account_id = $1 AND expires_at >= $2 ORDER BY last_used_at DESC, id DESC";
    let mut statement = db.0.prepare_cached(sql)?;
    let sessions = statement.query_map(params![account, now.micros()], |row| {
        let last_use = Use {
            at: Timestamp::from_micros(row.get(3)?),
            expires_at: Timestamp::from_micros(row.get(4)?),
            address: row.get(5)?,
            user_agent: row.get(6)?,
        };
        let began_at = Timestamp::from_micros(row.get(2)?);
        Ok(Session { id: row.get(0)?, account: row.get(1)?, began_at, last_use })
    })?;
    Ok(sessions.collect::<rusqlite::Result<_>>()?)
}

/// Ends a session; false if the account has none of this id.
pub fn delete(db: &Writer<'_>, account: AccountId, id: &str) -> Result<bool> {
    let sql = "DELETE FROM sessions WHERE id = $1 AND account_id = $2";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![id, account])? == 1)
}

/// Ends the session that a refresh token is of, and answers it and whose it was.
pub fn delete_by_refresh_token(db: &Writer<'_>, token_hash: &str) -> Result<Option<(String, AccountId)>> {
    let sql = "DELETE FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1) \
         RETURNING id, account_id";
    let mut statement = db.0.0.prepare_cached(sql)?;
    Ok(statement.query_row(params![token_hash], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Ends all sessions of an account.
pub fn delete_of_account(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.0.0.prepare_cached("DELETE FROM sessions WHERE account_id = $1")?.execute(params![account])?;
    Ok(())
}

/// Ends those sessions of an account that were used least recently, so that `most` are left.
pub fn delete_beyond(db: &Writer<'_>, account: AccountId, most: i64, now: Timestamp) -> Result<()> {
    // Not every engine takes an offset without a limit.
    let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE account_id = $1 AND expires_at >= $2 \
         ORDER BY last_used_at DESC, id DESC LIMIT $3 OFFSET $4)";
    db.0.0.prepare_cached(sql)?.execute(params![account, now.micros(), i64::MAX, most])?;
    Ok(())
}

/// Forgets at most `limit` sessions that have expired, and answers how many.
pub fn delete_expired(db: &Writer<'_>, now: Timestamp, limit: i64) -> Result<usize> {
    let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![now.micros(), limit])?)
}
