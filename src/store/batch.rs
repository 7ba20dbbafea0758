//! Helpers for statements.

use rusqlite::{Row, ToSql, params_from_iter};

use super::{Reader, Result};

/// The number of keys per statement, well below the limit of any engine.
const AT_A_TIME: usize = 256;

/// Returns the rows for a list of keys, so that a list needs no more statements than one entry. `sql` builds the
/// statement from the placeholders of the keys. Rows for the same key come in the order of the statement.
pub(super) fn rows_for<K: ToSql, T>(
    db: &Reader<'_>,
    keys: &[K],
    sql: impl Fn(&str) -> String,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    for keys in keys.chunks(AT_A_TIME) {
        // Chunks are padded to a few lengths with their last key, so that few statements are prepared. Repeated keys
        // find no additional rows.
        let length = keys.len().next_power_of_two();
        let filled = keys.iter().chain(keys.last().into_iter().cycle()).take(length);
        let placeholders: Vec<String> = (1..=length).map(|number| format!("${number}")).collect();
        let mut statement = db.0.prepare_cached(&sql(&placeholders.join(", ")))?;
        for row in statement.query_map(params_from_iter(filled), read)? {
            rows.push(row?);
        }
    }
    Ok(rows)
}

/// Escapes a string for a `LIKE … ESCAPE '\\'` pattern.
pub(super) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
