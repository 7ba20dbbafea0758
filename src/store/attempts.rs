//! Counters of attempts, such as those at a password. The calling code chooses their names.

use super::statement::{escape_like, placeholders};
use super::value::ToValue as _;
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

/// Returns the counters that exist, with their names.
pub fn list(db: &Reader<'_>, names: &[&str]) -> Result<Vec<(String, Attempts)>> {
    let sql = "SELECT name, counted, counted_at, forgotten_at FROM attempts WHERE name IN ($keys)";
    db.list_by_keys(sql, names, |row| {
        let attempts = Attempts { counted: row.get(1)?, counted_at: row.get(2)?, forgotten_at: row.get(3)? };
        Ok((row.get(0)?, attempts))
    })
}

/// Sets counters, whose names must differ: PostgreSQL rejects a statement that sets the same row twice.
pub fn upsert(db: &Writer<'_>, counters: &[(&str, Attempts)]) -> Result<()> {
    let values: Vec<_> =
        (0..counters.len()).map(|row| format!("({})", placeholders(4 * row + 1..=4 * row + 4))).collect();
    let sql = format!(
        "INSERT INTO attempts (name, counted, counted_at, forgotten_at) VALUES {} \
         ON CONFLICT (name) DO UPDATE SET counted = excluded.counted, counted_at = excluded.counted_at, \
         forgotten_at = excluded.forgotten_at",
        values.join(", ")
    );
    let params = counters.iter().flat_map(|(name, attempts)| {
        [
            name.to_value(),
            attempts.counted.to_value(),
            attempts.counted_at.to_value(),
            attempts.forgotten_at.to_value(),
        ]
    });
    db.execute(&sql, params.collect::<Vec<_>>())
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

/// Returns the counters whose names begin with `prefix`, which ends with an ASCII character.
pub fn list_with_prefix(db: &Reader<'_>, prefix: &str) -> Result<Vec<(String, Attempts)>> {
    let sql = "SELECT name, counted, counted_at, forgotten_at FROM attempts WHERE name >= $1 AND name < $2 ORDER BY name";
    db.list(sql, (prefix, successor(prefix)), |row| {
        let attempts = Attempts { counted: row.get(1)?, counted_at: row.get(2)?, forgotten_at: row.get(3)? };
        Ok((row.get(0)?, attempts))
    })
}

/// Deletes the counters whose names begin with `prefix`, which ends with an ASCII character, and end with `suffix`.
pub fn delete_between(db: &Writer<'_>, prefix: &str, suffix: &str) -> Result<()> {
    let sql = "DELETE FROM attempts WHERE name >= $1 AND name < $2 AND name LIKE $3 ESCAPE '\\'";
    db.execute(sql, (prefix, successor(prefix), format!("%{}", escape_like(suffix))))
}

/// Returns the first string after all those that begin with `prefix`.
fn successor(prefix: &str) -> String {
    let last = prefix.chars().next_back().map(|last| char::from_u32(u32::from(last) + 1).unwrap_or(last));
    prefix.chars().take(prefix.chars().count().saturating_sub(1)).chain(last).collect()
}

pub fn delete(db: &Writer<'_>, name: &str) -> Result<()> {
    db.execute("DELETE FROM attempts WHERE name = $1", [name])
}
