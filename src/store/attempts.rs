//! Counters of attempts.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// The attempts of one name.
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
    let mut statement = db.0.prepare_cached(sql)?;
    let found = statement.query_row(params![name], |row| {
        let moment = |column| Ok::<_, rusqlite::Error>(Timestamp::from_micros(row.get(column)?));
        Ok(Attempts { counted: row.get(0)?, counted_at: moment(1)?, forgotten_at: moment(2)? })
    });
    Ok(found.optional()?)
}

/// Replaces what is remembered of a name.
pub fn upsert(db: &Writer<'_>, name: &str, attempts: Attempts) -> Result<()> {
    let sql = "INSERT INTO attempts (name, counted, counted_at, forgotten_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (name) DO UPDATE SET counted = excluded.counted, counted_at = excluded.counted_at, \
         forgotten_at = excluded.forgotten_at";
    let Attempts { counted, counted_at, forgotten_at } = attempts;
    let values = params![name, counted, counted_at.micros(), forgotten_at.micros()];
    db.0.0.prepare_cached(sql)?.execute(values)?;
    Ok(())
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
    let values = params![counted_at.micros(), before.map(Timestamp::micros), name];
    db.0.0.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub fn delete(db: &Writer<'_>, name: &str) -> Result<()> {
    db.0.0.prepare_cached("DELETE FROM attempts WHERE name = $1")?.execute(params![name])?;
    Ok(())
}

/// Deletes at most `limit` names whose attempts are all forgotten and returns their number.
pub fn delete_forgotten(db: &Writer<'_>, now: Timestamp, limit: i64) -> Result<usize> {
    let sql = "DELETE FROM attempts \
         WHERE name IN (SELECT name FROM attempts WHERE forgotten_at < $1 LIMIT $2)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![now.micros(), limit])?)
}
