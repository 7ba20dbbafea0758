//! Authenticator apps, and the recovery codes of accounts with a second factor.

use super::accounts::AccountId;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone)]
pub struct Authenticator {
    /// The shared secret, encrypted.
    pub sealed_secret: String,
    /// The session in which the set-up began.
    pub session: Option<String>,
    pub added_at: Timestamp,
    /// When the owner entered the first code. The app counts as a second factor from then on.
    pub confirmed_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

pub fn find(db: &Reader<'_>, account: AccountId) -> Result<Option<Authenticator>> {
    let sql = "SELECT sealed_secret, session_id, added_at, confirmed_at, last_used_at FROM authenticators WHERE account_id = $1";
    db.find(sql, [account], |row| {
        Ok(Authenticator {
            sealed_secret: row.get(0)?,
            session: row.get(1)?,
            added_at: row.get(2)?,
            confirmed_at: row.get(3)?,
            last_used_at: row.get(4)?,
        })
    })
}

/// Adds an app that is not confirmed yet. Replaces one.
pub fn upsert(
    db: &Writer<'_>,
    account: AccountId,
    sealed_secret: &str,
    session: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO authenticators (account_id, sealed_secret, session_id, added_at, last_step) \
         VALUES ($1, $2, $3, $4, 0) ON CONFLICT (account_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, \
         session_id = excluded.session_id, added_at = excluded.added_at, confirmed_at = NULL, last_step = 0, \
         last_used_at = NULL";
    db.execute(sql, (account, sealed_secret, session, now))
}

pub fn set_confirmed(db: &Writer<'_>, account: AccountId, now: Timestamp) -> Result<()> {
    db.execute("UPDATE authenticators SET confirmed_at = $1 WHERE account_id = $2", (now, account))
}

/// Uses the code of a time step. Returns false if this code or a newer one was used before (RFC 6238 §5.2).
pub fn use_step(db: &Writer<'_>, account: AccountId, step: i64, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE authenticators SET last_step = $1, last_used_at = $2 WHERE account_id = $3 AND last_step < $1";
    db.change(sql, (step, now, account))
}

pub fn delete(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.execute("DELETE FROM authenticators WHERE account_id = $1", [account])
}

/// Deletes an app that is not confirmed yet.
pub fn delete_unconfirmed(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.execute("DELETE FROM authenticators WHERE account_id = $1 AND confirmed_at IS NULL", [account])
}

/// Replaces the recovery codes of an account by those with these hashes.
pub fn replace_recovery_codes(
    db: &Writer<'_>,
    account: AccountId,
    hashes: &[String],
    now: Timestamp,
) -> Result<()> {
    delete_recovery_codes(db, account)?;
    let sql = "INSERT INTO recovery_codes (account_id, code_hash, made_at) VALUES ($1, $2, $3)";
    hashes.iter().try_for_each(|hash| db.execute(sql, (account, hash, now)))
}

/// Uses a recovery code. Returns false if the account has no such code.
pub fn use_recovery_code(db: &Writer<'_>, account: AccountId, hash: &str) -> Result<bool> {
    db.change("DELETE FROM recovery_codes WHERE account_id = $1 AND code_hash = $2", (account, hash))
}

/// Returns the number of unused recovery codes, and when they were made.
pub fn count_recovery_codes(db: &Reader<'_>, account: AccountId) -> Result<(i64, Option<Timestamp>)> {
    let sql = "SELECT COUNT(*), MAX(made_at) FROM recovery_codes WHERE account_id = $1";
    let found = db.find(sql, [account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.unwrap_or_default())
}

pub fn delete_recovery_codes(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.execute("DELETE FROM recovery_codes WHERE account_id = $1", [account])
}
