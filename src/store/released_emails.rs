//! Addresses that an account has released.

use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

pub fn upsert(db: &Writer<'_>, hash: &str, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO released_emails (address_hash, released_at) VALUES ($1, $2) \
         ON CONFLICT (address_hash) DO UPDATE SET released_at = excluded.released_at";
    db.execute(sql, (hash, now))
}

pub fn find_released_at(db: &Reader<'_>, hash: &str) -> Result<Option<Timestamp>> {
    db.find("SELECT released_at FROM released_emails WHERE address_hash = $1", [hash], |row| row.get(0))
}

/// Deletes at most `limit` addresses that were released before `moment` and returns their number.
pub fn delete_before(db: &Writer<'_>, moment: Timestamp, limit: i64) -> Result<usize> {
    let sql = "DELETE FROM released_emails \
         WHERE address_hash IN (SELECT address_hash FROM released_emails WHERE released_at < $1 LIMIT $2)";
    db.change_many(sql, (moment, limit))
}
