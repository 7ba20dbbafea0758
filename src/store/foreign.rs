//! Databases of other programs, which are only read. All reads see one snapshot.

#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Map, Value};

use crate::config::Location;

/// The values of a row by column. Times are strings, with a time zone if the column has one.
pub type ForeignRow = Map<String, Value>;

pub struct ForeignTable {
    pub name: String,
    pub columns: Vec<String>,
}

pub enum ForeignDatabase {
    Sqlite(rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(Box<::postgres::Client>),
}

impl ForeignDatabase {
    pub fn open(location: &Location) -> Result<Self> {
        match location {
            Location::Sqlite(path) => sqlite::open(path).map(Self::Sqlite),
            #[cfg(feature = "postgres")]
            Location::Postgres(server) => postgres::connect(server).map(Box::new).map(Self::Postgres),
        }
        .with_context(|| format!("{} cannot be read", location.describe()))
    }

    /// Returns all tables, ordered by name. With PostgreSQL, these are the tables of the current schema.
    pub fn tables(&mut self) -> Result<Vec<ForeignTable>> {
        match self {
            Self::Sqlite(connection) => sqlite::tables(connection),
            #[cfg(feature = "postgres")]
            Self::Postgres(client) => postgres::tables(client),
        }
    }

    /// Calls `visit` with each row of a table, ordered by the first column. Stops at its first error.
    pub fn for_each_row(
        &mut self,
        table: &ForeignTable,
        visit: &mut dyn FnMut(ForeignRow) -> Result<()>,
    ) -> Result<()> {
        let mut error_of_visit = None;
        let mut visit = |row| {
            visit(row).map_err(|error| {
                error_of_visit = Some(error);
                anyhow!("stopped")
            })
        };
        let read = match self {
            Self::Sqlite(connection) => sqlite::for_each_row(connection, table, &mut visit),
            #[cfg(feature = "postgres")]
            Self::Postgres(client) => postgres::for_each_row(client, table, &mut visit),
        };
        match error_of_visit {
            Some(error) => Err(error),
            None => read.with_context(|| format!("the table {} cannot be read", table.name)),
        }
    }

    pub fn count_rows(&mut self, table: &ForeignTable) -> Result<u64> {
        let sql = format!("SELECT COUNT(*) FROM {}", quote(&table.name));
        let count: i64 = match self {
            Self::Sqlite(connection) => connection.query_one(&sql, [], |row| row.get(0))?,
            #[cfg(feature = "postgres")]
            Self::Postgres(client) => client.query_one(&sql, &[])?.try_get(0)?,
        };
        Ok(count.unsigned_abs())
    }
}

/// Groups columns by table. `columns` contains the name of the table and of the column, ordered by table.
fn group_by_table(columns: impl IntoIterator<Item = (String, String)>) -> Vec<ForeignTable> {
    let mut tables: Vec<ForeignTable> = Vec::new();
    for (name, column) in columns {
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => table.columns.push(column),
            None => tables.push(ForeignTable { name, columns: vec![column] }),
        }
    }
    tables
}

/// Returns whether a file begins like an SQLite database (<https://sqlite.org/fileformat.html>, section 1.3).
pub fn is_sqlite(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(b"SQLite format 3\0")
}

/// Quotes a name as an identifier.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
