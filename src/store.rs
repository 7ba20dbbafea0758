//! The database. The modules below contain all queries, one SQL statement per function. This file begins and ends
//! transactions.

pub mod accounts;
pub mod action_tokens;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod emails;
pub mod expiry;
pub mod groups;
pub mod institutions;
pub mod join_requests;
pub mod known_clients;
pub mod memberships;
mod migrations;
pub mod outbox;
pub mod pending_emails;
pub mod refresh_tokens;
pub mod released_emails;
pub mod sessions;
mod sqlite;
mod statement;
mod value;

use std::ops::Deref;
use std::path::Path;

use anyhow::Error;
pub use anyhow::Result;

use crate::metrics::Writes;
use sqlite::Sqlite;
use statement::Columns;
use value::Value;

/// Whether the error comes from the disk or from another process, and may be transient.
pub fn is_storage_error(error: &Error) -> bool {
    // r2d2 fails if no reader becomes free in time. Reads are short, so the cause is the disk or another process.
    error.downcast_ref().is_some_and(sqlite::is_storage_error) || error.is::<r2d2::Error>()
}

pub struct Store {
    sqlite: Sqlite,
    /// How long writes waited for the database.
    pub writes: Writes,
}

/// A connection to read from.
pub struct Reader<'a>(&'a rusqlite::Connection);

/// A write transaction, which can be read from as well.
pub struct Writer<'a>(Reader<'a>);

impl<'a> Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Reader<'_> {
    /// Runs a statement. Calls `visit` with each row, until it returns false.
    fn query(
        &self,
        sql: &str,
        params: &[Value<'_>],
        visit: &mut dyn FnMut(&dyn Columns) -> Result<bool>,
    ) -> Result<()> {
        sqlite::query(self.0, sql, params, visit)
    }

    /// Runs a statement, and returns the number of rows that it changed.
    fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        sqlite::execute(self.0, sql, params)
    }
}

impl Writer<'_> {
    /// Marks the state that [`Self::roll_back_to_savepoint`] restores. A later savepoint replaces this one.
    pub fn savepoint(&self) -> Result<()> {
        self.execute("SAVEPOINT rule", ())
    }

    /// Undoes all writes since the last [`Self::savepoint`]. The transaction remains open.
    pub fn roll_back_to_savepoint(&self) -> Result<()> {
        self.execute("ROLLBACK TO rule", ())
    }
}

impl Store {
    /// Opens the database. Creates the file if it is missing.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { sqlite: Sqlite::open(path)?, writes: Writes::default() })
    }

    /// Reads from one snapshot.
    pub fn read<T, E: From<Error>>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        self.sqlite.read(|connection| work(&Reader(connection)))
    }

    /// Reads without a transaction, which is faster: each statement sees the newest state.
    pub fn read_latest<T, E: From<Error>>(&self, work: impl Fn(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        self.sqlite.read_latest(|connection| work(&Reader(connection)))
    }

    /// Reads with the connection for writes. [`Self::read`] makes the pool open another connection in the background. If a
    /// short command ended before that connection is closed, the write-ahead log would remain.
    pub fn read_with_writer<T>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        work(&Reader(&*self.sqlite.lock_writer().transaction()?))
    }

    /// Writes in one transaction, which is committed if `work` returns `Ok` and rolled back otherwise.
    pub fn write<T, E: From<Error>>(&self, work: impl Fn(&Writer<'_>) -> Result<T, E>) -> Result<T, E> {
        self.sqlite.write(&self.writes, |connection| work(&Writer(Reader(connection))))
    }
}

/// Logs a statement on one line, without its parameters.
fn trace(sql: &str) {
    tracing::trace!("{}", sql.split_whitespace().collect::<Vec<_>>().join(" "));
}
