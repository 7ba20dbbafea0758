//! Tokens from mailed links that have been consumed.

use rusqlite::params;

use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// Consumes a token. Returns false if it was consumed before.
pub fn consume(db: &Writer<'_>, hash: &str, expires_at: Timestamp) -> Result<bool> {
    let sql = "INSERT INTO spent_action_tokens (token_hash, expires_at) VALUES ($1, $2) \
         ON CONFLICT (token_hash) DO NOTHING";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![hash, expires_at.micros()])? == 1)
}

pub fn is_spent(db: &Reader<'_>, hash: &str) -> Result<bool> {
    Ok(db
        .0
        .prepare_cached("SELECT 1 FROM spent_action_tokens WHERE token_hash = $1")?
        .exists(params![hash])?)
}

/// Deletes at most `limit` expired tokens, which are rejected anyway, and returns their number.
pub fn delete_expired(db: &Writer<'_>, now: Timestamp, limit: i64) -> Result<usize> {
    let sql = "DELETE FROM spent_action_tokens \
         WHERE token_hash IN (SELECT token_hash FROM spent_action_tokens WHERE expires_at < $1 LIMIT $2)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![now.micros(), limit])?)
}
