//! Tokens from mailed links that have been consumed.

use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// Consumes a token. Returns false if it was consumed before.
pub fn consume(db: &Writer<'_>, hash: &str, expires_at: Timestamp) -> Result<bool> {
    let sql = "INSERT INTO spent_action_tokens (token_hash, expires_at) VALUES ($1, $2) \
         ON CONFLICT (token_hash) DO NOTHING";
    db.change(sql, (hash, expires_at))
}

pub fn is_consumed(db: &Reader<'_>, hash: &str) -> Result<bool> {
    db.exists("SELECT 1 FROM spent_action_tokens WHERE token_hash = $1", [hash])
}
