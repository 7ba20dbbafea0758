//! Copies all rows from one database to another, between the engines as well.

use anyhow::bail;
use sha2::{Digest as _, Sha256};

use super::statement::placeholders;
use super::tables::{NULLABLE_TEXTS, TABLES, Table};
use super::value::Value;
use super::{Connection, Reader, Result, Writer};

/// The rows that are read in one statement. A table is never in memory as a whole.
const PAGE: usize = 1000;
/// The rows that are added in one statement, whose number of parameters is limited (SQLite: 32,766).
const ROWS_PER_INSERT: usize = 250;

type Row = Vec<Value<'static>>;

/// The number of rows of a table, and the sum of their hashes, which does not depend on their order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub rows: u64,
    digest: [u64; 4],
}

impl Summary {
    fn add(&mut self, row: &[Value<'_>]) {
        let mut hash = Sha256::new();
        for value in row {
            // With the lengths, the texts "ab", "c" and "a", "bc" have different hashes.
            match value {
                Value::Integer(None) | Value::Text(None) => hash.update([0]),
                Value::Integer(Some(number)) => {
                    hash.update([1]);
                    hash.update(number.to_le_bytes());
                }
                Value::Text(Some(text)) => {
                    hash.update([2]);
                    hash.update((text.len() as u64).to_le_bytes());
                    hash.update(text.as_bytes());
                }
            }
        }
        let hash: [u8; 32] = hash.finalize().into();
        for (sum, part) in self.digest.iter_mut().zip(hash.as_chunks().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*part));
        }
        self.rows += 1;
    }
}

/// Returns the number of all rows.
pub fn count_rows(db: &Reader<'_>) -> Result<u64> {
    let mut rows = 0;
    for Table { name, .. } in &TABLES {
        rows += u64::try_from(db.value::<i64>(&format!("SELECT COUNT(*) FROM {name}"), ())?)?;
    }
    Ok(rows)
}

/// Returns the first table that has rows, not counting `properties`, which a migration fills.
pub fn find_filled_table(db: &Reader<'_>) -> Result<Option<&'static str>> {
    for Table { name, .. } in TABLES.iter().filter(|table| table.name != "properties") {
        if db.exists(&format!("SELECT 1 FROM {name} LIMIT 1"), ())? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Copies all rows, reads them again, and compares. Returns what each table contains. `progress` is called with the number of
/// rows that were copied or read again so far.
pub fn copy_all(
    from: &Reader<'_>,
    to: &Writer<'_>,
    progress: &dyn Fn(u64),
) -> Result<Vec<(&'static str, Summary)>> {
    to.execute("DELETE FROM properties", ())?;
    let (mut done, mut summaries) = (0, Vec::new());
    for table in &TABLES {
        let mut copied = Summary::default();
        for_each_page(from, table, |rows| {
            for rows in rows.chunks(ROWS_PER_INSERT) {
                insert(to, table, rows)?;
            }
            for row in rows {
                copied.add(row);
            }
            done += rows.len() as u64;
            progress(done);
            Ok(())
        })?;
        if table.assigns_ids() {
            to.set_last_id(table.name, from.last_id(table.name)?)?;
        }
        summaries.push((table.name, copied));
    }
    for (table, (_, copied)) in TABLES.iter().zip(&summaries) {
        let mut stored = Summary::default();
        for_each_page(to, table, |rows| {
            for row in rows {
                stored.add(row);
            }
            done += rows.len() as u64;
            progress(done);
            Ok(())
        })?;
        if stored != *copied {
            bail!("the copy of the table {} differs from the original", table.name);
        }
    }
    Ok(summaries)
}

/// Reads a table in the order of its key.
fn for_each_page(db: &Reader<'_>, table: &Table, mut visit: impl FnMut(&[Row]) -> Result<()>) -> Result<()> {
    let (columns, key) = (table.columns.join(", "), table.columns[..table.key].join(", "));
    let mut last: Option<Row> = None;
    loop {
        let after = last
            .as_ref()
            .map_or_else(String::new, |_| format!("WHERE ({key}) > ({})", placeholders(1..=table.key)));
        let mut params = last.take().unwrap_or_default();
        params.truncate(table.key);
        params.push(Value::Integer(Some(i64::try_from(PAGE)?)));
        let limit = params.len();
        let sql = format!("SELECT {columns} FROM {} {after} ORDER BY {key} LIMIT ${limit}", table.name);
        let rows = db.list(&sql, params, |row| {
            (0..table.columns.len()).map(|column| row.get(column)).collect::<Result<Row>>()
        })?;
        visit(&rows)?;
        if rows.len() < PAGE {
            return Ok(());
        }
        last = rows.into_iter().last();
    }
}

fn insert(to: &Writer<'_>, table: &Table, rows: &[Row]) -> Result<()> {
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
    fn last_id(&self, table: &str) -> Result<i64> {
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
    fn set_last_id(&self, table: &str, id: i64) -> Result<()> {
        match self.connection {
            Connection::Sqlite(_) => {
                self.execute("DELETE FROM sqlite_sequence WHERE name = $1", [table])?;
                self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", (table, id))
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => {
                let sql = "SELECT setval(CAST($1 AS regclass), $2, $3 = 1)";
                let params = (format!("{table}_id_seq"), id.max(1), id > 0);
                self.value::<i64>(sql, params).map(drop)
            }
        }
    }
}
