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
