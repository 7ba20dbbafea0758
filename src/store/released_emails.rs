//! Addresses that an account has released.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// Records that an address was released.
pub fn upsert(db: &Writer<'_>, hash: &str, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO released_emails (address_hash, released_at) VALUES ($1, $2) \
         ON CONFLICT (address_hash) DO UPDATE SET released_at = excluded.released_at";
    db.0.0.prepare_cached(sql)?.execute(params![hash, now.micros()])?;
    Ok(())
}

/// Returns when an address was last released.
pub fn find_released_at(db: &Reader<'_>, hash: &str) -> Result<Option<Timestamp>> {
    let sql = "SELECT released_at FROM released_emails WHERE address_hash = $1";
    let released_at: Option<i64> =
        db.0.prepare_cached(sql)?.query_row(params![hash], |row| row.get(0)).optional()?;
    Ok(released_at.map(Timestamp::from_micros))
}

/// Deletes at most `limit` addresses that were released before `moment` and returns their number.
pub fn delete_before(db: &Writer<'_>, moment: Timestamp, limit: i64) -> Result<usize> {
    let sql = "DELETE FROM released_emails \
         WHERE address_hash IN (SELECT address_hash FROM released_emails WHERE released_at < $1 LIMIT $2)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![moment.micros(), limit])?)
}
