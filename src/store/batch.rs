//! What statements have in common.

use rusqlite::{Row, ToSql, params_from_iter};

use super::{Reader, Result};

/// Keys of one statement: well below what any engine takes.
const AT_A_TIME: usize = 256;

/// The rows that a statement finds for keys, so that a list costs as many statements as one entry does. `sql` makes
/// the statement of the placeholders for them. Rows for the same key come in the order that it asks for.
pub(super) fn rows_for<K: ToSql, T>(
    db: &Reader<'_>,
    keys: &[K],
    sql: impl Fn(&str) -> String,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    for keys in keys.chunks(AT_A_TIME) {
        // Of few lengths, so that few statements are prepared: the last key fills up, which finds nothing new.
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

/// A text as part of a pattern for `LIKE … ESCAPE '\\'`, without a meaning of its own.
pub(super) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
