//! Addresses that an account gave up.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Result, Writer};
use crate::clock::Moment;

/// Notes that an address was given up.
pub fn upsert(db: &Writer<'_>, hash: &str, now: Moment) -> Result<()> {
    let sql = "INSERT INTO freed_addresses (address_hash, freed_at) VALUES ($1, $2) \
         ON CONFLICT (address_hash) DO UPDATE SET freed_at = excluded.freed_at";
    db.0.0.prepare_cached(sql)?.execute(params![hash, now.micros()])?;
    Ok(())
}

/// When an address was given up the last time.
pub fn find_freed_at(db: &Reader<'_>, hash: &str) -> Result<Option<Moment>> {
    let sql = "SELECT freed_at FROM freed_addresses WHERE address_hash = $1";
    let freed_at: Option<i64> =
        db.0.prepare_cached(sql)?.query_row(params![hash], |row| row.get(0)).optional()?;
    Ok(freed_at.map(Moment::from_micros))
}

/// Forgets at most `limit` of those that were given up before `moment`, and answers how many.
pub fn delete_before(db: &Writer<'_>, moment: Moment, limit: i64) -> Result<usize> {
    let sql = "DELETE FROM freed_addresses \
         WHERE address_hash IN (SELECT address_hash FROM freed_addresses WHERE freed_at < $1 LIMIT $2)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![moment.micros(), limit])?)
}
