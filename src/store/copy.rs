//! Copies all rows from one database to another, between the engines as well.

use anyhow::bail;
use sha2::{Digest as _, Sha256};

use super::bulk::{self, Row};
use super::statement::placeholders;
use super::tables::{TABLES, Table};
use super::value::Value;
use super::{Reader, Result, Writer};

/// The rows that are read in one statement. A table is never in memory as a whole.
const PAGE: usize = 1000;
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
            bulk::insert(to, table, rows)?;
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
