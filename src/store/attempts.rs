//! Counters of attempts, each with a name that its user chooses.

use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// The number of attempts that are remembered as of `counted_at`.
    pub counted: i64,
    /// When the last attempt was made.
    pub counted_at: Timestamp,
    /// When all attempts are forgotten.
    pub forgotten_at: Timestamp,
}

pub fn find(db: &Reader<'_>, name: &str) -> Result<Option<Attempts>> {
    let sql = "SELECT counted, counted_at, forgotten_at FROM attempts WHERE name = $1";
    db.find(sql, [name], |row| {
        Ok(Attempts { counted: row.get(0)?, counted_at: row.get(1)?, forgotten_at: row.get(2)? })
    })
}

pub fn upsert(db: &Writer<'_>, name: &str, attempts: Attempts) -> Result<()> {
    let sql = "INSERT INTO attempts (name, counted, counted_at, forgotten_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (name) DO UPDATE SET counted = excluded.counted, counted_at = excluded.counted_at, \
         forgotten_at = excluded.forgotten_at";
    db.execute(sql, (name, attempts.counted, attempts.counted_at, attempts.forgotten_at))
}

/// Takes back an attempt that was counted at `counted_at`. If no attempt followed, `before` becomes the time of the
/// last one.
pub fn take_back(
    db: &Writer<'_>,
    name: &str,
    counted_at: Timestamp,
    before: Option<Timestamp>,
) -> Result<()> {
    let sql = "UPDATE attempts SET counted = counted - 1, \
         counted_at = CASE WHEN counted_at <= $1 THEN COALESCE($2, counted_at) ELSE counted_at END \
         WHERE name = $3 AND counted > 0";
    db.execute(sql, (counted_at, before, name))
}

pub fn delete(db: &Writer<'_>, name: &str) -> Result<()> {
    db.execute("DELETE FROM attempts WHERE name = $1", [name])
}
