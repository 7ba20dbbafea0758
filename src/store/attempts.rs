//! Counters of attempts, such as those at a password. The calling code chooses their names.

use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// The number of attempts as of `counted_at`. The current number may be lower, because attempts are forgotten over time.
    pub counted: i64,
    /// When the last attempt was made.
    pub counted_at: Timestamp,
    /// The time by which all attempts will be forgotten.
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

/// Takes back the attempt that was counted at `counted_at`. If no later attempt was counted, the time of the counter is reset
/// to `previous_counted_at`, unless that is `None`.
pub fn take_back(
    db: &Writer<'_>,
    name: &str,
    counted_at: Timestamp,
    previous_counted_at: Option<Timestamp>,
) -> Result<()> {
    let sql = "UPDATE attempts SET counted = counted - 1, \
         counted_at = CASE WHEN counted_at <= $1 THEN COALESCE($2, counted_at) ELSE counted_at END \
         WHERE name = $3 AND counted > 0";
    db.execute(sql, (counted_at, previous_counted_at, name))
}

pub fn delete(db: &Writer<'_>, name: &str) -> Result<()> {
    db.execute("DELETE FROM attempts WHERE name = $1", [name])
}
