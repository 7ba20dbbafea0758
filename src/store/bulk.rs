//! Adds many rows with few statements.

use anyhow::{Context as _, bail};

use super::statement::placeholders;
use super::tables::{NULLABLE_TEXTS, TABLES, Table};
use super::value::Value;
use super::{Connection, Reader, Result, Writer};

/// The rows that are added in one statement, whose number of parameters is limited (SQLite: 32,766).
const ROWS_PER_INSERT: usize = 250;

/// The values of all columns of a table, in their order.
pub(super) type Row = Vec<Value<'static>>;

/// Adds rows to a table, which must not contain them.
pub(super) fn insert(db: &Writer<'_>, table: &Table, rows: &[Row]) -> Result<()> {
    rows.chunks(ROWS_PER_INSERT).try_for_each(|rows| insert_chunk(db, table, rows))
}

/// Adds rows to the table of this name.
pub(super) fn insert_into(db: &Writer<'_>, table: &str, rows: &[Row]) -> Result<()> {
    let found = TABLES.iter().find(|known| known.name == table);
    insert(db, found.with_context(|| format!("the table {table} is not in the list of tables"))?, rows)
}

fn insert_chunk(to: &Writer<'_>, table: &Table, rows: &[Row]) -> Result<()> {
    let has_nul = |value: &Value<'_>| matches!(value, Value::Text(Some(text)) if text.contains('\0'));
    if rows.iter().flatten().any(has_nul) {
        bail!("the table {} contains a NUL character, which PostgreSQL cannot store", table.name);
    }
    let width = table.columns.len();
    let row = |index: usize| format!("({})", placeholders(index * width + 1..=(index + 1) * width));
    let values: Vec<String> = (0..rows.len()).map(row).collect();
    let sql =
        format!("INSERT INTO {} ({}) VALUES {}", table.name, table.columns.join(", "), values.join(", "));
    let typed = |(index, value): (usize, &Value<'static>)| match value {
        // A null is read without its type.
        Value::Integer(None) | Value::Text(None) => {
            let is_text = NULLABLE_TEXTS.contains(&table.columns[index % width]);
            if is_text { Value::Text(None) } else { Value::Integer(None) }
        }
        value => value.clone(),
    };
    to.execute(&sql, rows.iter().flatten().enumerate().map(typed).collect::<Vec<_>>())
}

impl Reader<'_> {
    /// Returns the last id that a table has assigned: 0 if none. The row may have been deleted.
    pub(super) fn last_id(&self, table: &str) -> Result<i64> {
        match self.connection {
            Connection::Sqlite(_) => {
                let sql = "SELECT seq FROM sqlite_sequence WHERE name = $1";
                Ok(self.find(sql, [table], |row| row.get(0))?.unwrap_or(0))
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => {
                let sql = format!(
                    "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {table}_id_seq"
                );
                self.value(&sql, ())
            }
        }
    }
}

impl Writer<'_> {
    /// Continues the ids of a table after one that was assigned.
    pub(super) fn set_last_id(&self, table: &str, id: i64) -> Result<()> {
        match self.connection {
            Connection::Sqlite(_) => {
                self.execute("DELETE FROM sqlite_sequence WHERE name = $1", [table])?;
                self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", (table, id))
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => {
                // Unlike `setval`, this is undone with the transaction.
                let next = id.saturating_add(1);
                self.execute(&format!("ALTER SEQUENCE {table}_id_seq RESTART WITH {next}"), ())
            }
        }
    }
}
