//! Secondary addresses that were requested and are not confirmed yet.

use rusqlite::{OptionalExtension, params};

use super::accounts::AccountId;
use super::{Reader, Result, Writer};

/// Returns the hash of the address that an account requested.
pub fn find_hash(db: &Reader<'_>, account: AccountId) -> Result<Option<String>> {
    let sql = "SELECT address_hash FROM pending_emails WHERE account_id = $1";
    Ok(db.0.prepare_cached(sql)?.query_row(params![account], |row| row.get(0)).optional()?)
}

/// Records the address that an account requests, in place of an earlier one.
pub fn upsert(db: &Writer<'_>, account: AccountId, hash: &str) -> Result<()> {
    let sql = "INSERT INTO pending_emails (account_id, address_hash) VALUES ($1, $2) \
         ON CONFLICT (account_id) DO UPDATE SET address_hash = excluded.address_hash";
    db.0.0.prepare_cached(sql)?.execute(params![account, hash])?;
    Ok(())
}

/// Records that an account requests no address.
pub fn delete(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.0.0.prepare_cached("DELETE FROM pending_emails WHERE account_id = $1")?.execute(params![account])?;
    Ok(())
}
