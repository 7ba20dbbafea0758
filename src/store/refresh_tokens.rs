//! Refresh tokens, stored by their hash. An exchange consumes a token and issues its successor. If the token is exchanged
//! again, a new successor replaces the unused one.

use super::bulk::{self, Row};
use super::value::Value;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

pub struct NewToken<'a> {
    pub hash: &'a str,
    pub session: &'a str,
    /// The hash of the token that was exchanged for this one; `None` after a login.
    pub predecessor: Option<&'a str>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

pub struct SupersededToken {
    /// When another successor replaced the token.
    pub replaced_at: Option<Timestamp>,
    /// Whether a successor of the token has been consumed.
    pub is_outdated: bool,
}

pub fn insert(db: &Writer<'_>, new: &NewToken<'_>) -> Result<()> {
    let sql = "INSERT INTO refresh_tokens (token_hash, session_id, predecessor_hash, issued_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5)";
    db.execute(sql, (new.hash, new.session, new.predecessor, new.issued_at, new.expires_at))
}

/// Adds many tokens.
pub fn insert_many(db: &Writer<'_>, tokens: &[NewToken<'_>]) -> Result<()> {
    let row = |token: &NewToken<'_>| -> Row {
        vec![
            Value::owned(token.hash),
            Value::owned(token.session),
            Value::owned(token.predecessor),
            Value::owned(token.issued_at),
            Value::owned(token.expires_at),
            Value::owned(None::<Timestamp>),
            Value::owned(None::<Timestamp>),
        ]
    };
    bulk::insert_into(db, "refresh_tokens", &tokens.iter().map(row).collect::<Vec<_>>())
}

/// Deletes all but the newest `max` tokens of a session.
pub fn delete_beyond(db: &Writer<'_>, session: &str, max: i64) -> Result<()> {
    // SQLite has no OFFSET without LIMIT.
    let sql = "DELETE FROM refresh_tokens WHERE token_hash IN (SELECT token_hash FROM refresh_tokens \
         WHERE session_id = $1 ORDER BY issued_at DESC LIMIT $2 OFFSET $3)";
    db.execute(sql, (session, i64::MAX, max))
}

/// Consumes a valid token and returns its session, or `None` if the token is unknown or no longer valid.
pub fn consume(db: &Writer<'_>, hash: &str, now: Timestamp) -> Result<Option<String>> {
    let sql = "UPDATE refresh_tokens SET spent_at = $1 WHERE token_hash = $2 \
         AND spent_at IS NULL AND replaced_at IS NULL AND expires_at >= $1 RETURNING session_id";
    db.find(sql, (now, hash), |row| row.get(0))
}

/// Marks the unused successor of a token as replaced, and returns the session. Returns `None` if there is none, or if the
/// token has expired.
pub fn replace_successor(db: &Writer<'_>, hash: &str, now: Timestamp) -> Result<Option<String>> {
    let sql = "UPDATE refresh_tokens SET replaced_at = $1 WHERE predecessor_hash = $2 \
         AND spent_at IS NULL AND replaced_at IS NULL \
         AND EXISTS (SELECT 1 FROM refresh_tokens p WHERE p.token_hash = $2 AND p.expires_at >= $1) \
         RETURNING session_id";
    db.find(sql, (now, hash), |row| row.get(0))
}

/// Returns the state of a token that [`consume`] rejected, or `None` if the token is unknown.
pub fn find_superseded(db: &Reader<'_>, hash: &str) -> Result<Option<SupersededToken>> {
    let sql = "SELECT t.replaced_at, EXISTS (SELECT 1 FROM refresh_tokens n \
         WHERE n.predecessor_hash = t.token_hash AND n.spent_at IS NOT NULL) \
         FROM refresh_tokens t WHERE t.token_hash = $1";
    db.find(sql, [hash], |row| Ok(SupersededToken { replaced_at: row.get(0)?, is_outdated: row.get(1)? }))
}

/// Deletes all tokens of the session that a token belongs to, in any state, and returns the session, or `None` if the
/// token is unknown.
pub fn delete_family(db: &Writer<'_>, hash: &str) -> Result<Option<String>> {
    let sql = "DELETE FROM refresh_tokens WHERE session_id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1) \
         RETURNING session_id";
    Ok(db.list(sql, [hash], |row| row.get(0))?.pop())
}
