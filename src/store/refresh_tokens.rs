//! Refresh tokens, known by their hash.

use rusqlite::{OptionalExtension, params};

use super::accounts::AccountId;
use super::{Reader, Result, Writer};
use crate::clock::Moment;

/// To whom a refresh token belongs.
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// What all tokens of one login have in common.
    pub session: String,
}

/// Adds a token.
pub fn insert(
    db: &Writer<'_>,
    hash: &str,
    owner: &Owner,
    issued_at: Moment,
    expires_at: Moment,
) -> Result<()> {
    let sql = "INSERT INTO refresh_tokens (token_hash, account_id, session_id, issued_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5)";
    let values = params![hash, owner.account, owner.session, issued_at.micros(), expires_at.micros()];
    db.0.0.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Spends a token that is good; none if there is no such token, or it is spent or expired.
pub fn spend(db: &Writer<'_>, hash: &str, now: Moment) -> Result<Option<Owner>> {
    let sql = "UPDATE refresh_tokens SET spent_at = $1 \
         WHERE token_hash = $2 AND spent_at IS NULL AND expires_at >= $1 RETURNING account_id, session_id";
    let mut statement = db.0.0.prepare_cached(sql)?;
    let owner = statement.query_row(params![now.micros(), hash], |row| {
        Ok(Owner { account: row.get(0)?, session: row.get(1)? })
    });
    Ok(owner.optional()?)
}

/// The session of a token that has been spent already: somebody uses it a second time.
pub fn find_session_of_spent(db: &Reader<'_>, hash: &str) -> Result<Option<String>> {
    let sql = "SELECT session_id FROM refresh_tokens WHERE token_hash = $1 AND spent_at IS NOT NULL";
    Ok(db.0.prepare_cached(sql)?.query_row(params![hash], |row| row.get(0)).optional()?)
}

/// Ends the session of a token, spent or not, expired or not; false if there is no such token.
pub fn delete_session_of(db: &Writer<'_>, hash: &str) -> Result<bool> {
    let sql = "DELETE FROM refresh_tokens \
         WHERE session_id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![hash])? > 0)
}

/// Ends a session.
pub fn delete_session(db: &Writer<'_>, session: &str) -> Result<()> {
    db.0.0.prepare_cached("DELETE FROM refresh_tokens WHERE session_id = $1")?.execute(params![session])?;
    Ok(())
}

/// Ends all sessions of an account.
pub fn delete_of_account(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.0.0.prepare_cached("DELETE FROM refresh_tokens WHERE account_id = $1")?.execute(params![account])?;
    Ok(())
}

/// Forgets the tokens of an account that have expired.
pub fn delete_expired_of_account(db: &Writer<'_>, account: AccountId, now: Moment) -> Result<()> {
    let sql = "DELETE FROM refresh_tokens WHERE account_id = $1 AND expires_at < $2";
    db.0.0.prepare_cached(sql)?.execute(params![account, now.micros()])?;
    Ok(())
}
