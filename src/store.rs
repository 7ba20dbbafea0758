//! The SQLite database. The modules below contain all queries, one SQL statement per function. This file opens
//! connections, and begins and ends transactions.
//!
//! One writer and many readers run at a time. A write returns only after it is on disk (WAL, `synchronous=FULL`).

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
pub mod outbox;
pub mod pending_emails;
pub mod refresh_tokens;
pub mod released_emails;
pub mod sessions;
mod sql_types;
mod statement;

use std::fmt::Display;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use anyhow::Result;
use anyhow::{Error, anyhow, bail};
use r2d2::ManageConnection as _;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::metrics::Writes;
use crate::private_files;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The table in which refinery records the migrations.
const HISTORY: &str = "refinery_schema_history";
/// The most readers at a time. Further ones wait.
const READERS: u32 = 8;
/// How long a statement waits for another process, such as a command that runs beside the server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the error comes from the disk or from another process, and may be transient.
pub fn is_storage_error(error: &anyhow::Error) -> bool {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, ReadOnly, SystemIoFailure};
    let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    let is_transient = |code| {
        matches!(code, CannotOpen | DatabaseBusy | DatabaseLocked | DiskFull | ReadOnly | SystemIoFailure)
    };
    // r2d2 fails if no reader becomes free in time. Reads are short, so the cause is the disk or another process.
    code.is_some_and(is_transient) || error.is::<r2d2::Error>()
}

pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: r2d2::Pool<SqliteConnectionManager>,
    /// How long writes waited for the database.
    pub writes: Writes,
}

/// A read transaction, which sees one snapshot.
pub struct Reader<'a>(Transaction<'a>);

/// A write transaction, which can be read from as well.
pub struct Writer<'a>(Reader<'a>);

impl<'a> Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Writer<'_> {
    /// Marks the state that [`Self::roll_back_to_savepoint`] restores. A later savepoint replaces this one.
    pub fn savepoint(&self) -> Result<()> {
        Ok(self.0.0.execute_batch("SAVEPOINT rule")?)
    }

    /// Undoes all writes since the last [`Self::savepoint`]. The transaction remains open.
    pub fn roll_back_to_savepoint(&self) -> Result<()> {
        Ok(self.0.0.execute_batch("ROLLBACK TO rule")?)
    }
}

impl Store {
    /// Opens the database. Creates the file if it is missing, readable only by its owner.
    pub fn open(path: &Path) -> Result<Self> {
        private_files::open(path)
            .map_err(|error| anyhow!("{}: the database cannot be opened ({error})", path.display()))?;
        let unreadable = |error: &dyn Display| {
            anyhow!("{}: the database cannot be read ({error}); restore it from a backup", path.display())
        };
        let manager = || SqliteConnectionManager::file(path).with_init(prepare);
        let writer = manager().connect().map_err(|error| unreadable(&error))?;
        let readers = r2d2::Pool::builder()
            .max_size(READERS)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .build(manager())
            .map_err(|error| unreadable(&error))?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), readers, writes: Writes::default() })
    }

    /// Applies the pending migrations and returns their number. The database is unchanged if this fails.
    pub fn migrate(&self) -> Result<usize> {
        let mut writer = self.lock_writer();
        // Fails if a newer version wrote the database.
        self.schema(&mut writer)?;
        let runner = embedded::migrations::runner().set_grouped(true);
        let report = runner.run(&mut *writer).map_err(|error| self.unmigratable(&error))?;
        Ok(report.applied_migrations().len())
    }

    /// Returns the names of the pending migrations, in order.
    pub fn pending_migrations(&self) -> Result<Vec<String>> {
        let schema = self.schema(&mut self.lock_writer())?;
        let mut pending = sorted_migrations();
        pending.retain(|migration| i64::from(migration.version()) > schema);
        Ok(pending.iter().map(ToString::to_string).collect())
    }

    /// Returns the names of the embedded migrations, in order.
    pub fn embedded_migrations() -> Vec<String> {
        sorted_migrations().iter().map(ToString::to_string).collect()
    }

    /// Returns the number of the last migration that this program knows.
    pub fn newest_schema() -> i64 {
        sorted_migrations().last().map_or(0, |migration| migration.version().into())
    }

    /// Reads from one snapshot.
    pub fn read<T, E: From<Error>>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = self.readers.get().map_err(Error::from)?;
        work(&Reader(connection.transaction().map_err(Error::from)?))
    }

    /// Reads with the connection for writes. [`Self::read`] makes the pool open another connection in the background. If a
    /// short command ended before that connection is closed, the write-ahead log would remain.
    pub fn read_with_writer<T>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.lock_writer();
        work(&Reader(connection.transaction()?))
    }

    /// Writes in one transaction, which is committed if `work` returns `Ok` and rolled back otherwise.
    pub fn write<T, E: From<Error>>(&self, work: impl FnOnce(&Writer<'_>) -> Result<T, E>) -> Result<T, E> {
        let began = Instant::now();
        let mut connection = self.lock_writer();
        // The wait for other writers of this process counts towards the timeout. Otherwise each queued writer would
        // wait for the full timeout in turn.
        connection.busy_timeout(BUSY_TIMEOUT.saturating_sub(began.elapsed())).map_err(Error::from)?;
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        self.writes.wait.observe(began.elapsed().as_secs_f64());
        let transaction = begun.map_err(|error| {
            if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
                self.writes.busy.inc();
            }
            Error::from(error)
        })?;
        let writer = Writer(Reader(transaction));
        let done = work(&writer)?;
        writer.0.0.commit().map_err(Error::from)?;
        Ok(done)
    }

    fn lock_writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of the last migration that was applied. Fails if this program does not know it.
    fn schema(&self, connection: &mut Connection) -> Result<i64> {
        // refinery fails if its table does not exist yet.
        let is_migrated = connection.table_exists(None, HISTORY);
        if !is_migrated.map_err(|error| self.unmigratable(&error))? {
            return Ok(0);
        }
        let last = embedded::migrations::runner().get_last_applied_migration(connection);
        let last = last.map_err(|error| self.unmigratable(&error))?;
        let schema = last.map_or(0, |migration| migration.version().into());
        let newest = Self::newest_schema();
        if schema > newest {
            bail!(
                "{}: the database was written by a newer version of this program (schema {schema}, this program knows \
                 {newest}); install that version, or restore an older backup",
                self.path.display(),
            );
        }
        Ok(schema)
    }

    fn unmigratable(&self, error: &dyn std::error::Error) -> Error {
        // The error names the step that failed, and its source the cause.
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        anyhow!("{}: the database cannot be brought up to date ({cause})", self.path.display())
    }
}

/// Sorts the migrations by version. refinery sorts them by file name, which puts V10 before V2.
fn sorted_migrations() -> Vec<refinery::Migration> {
    let mut migrations = embedded::migrations::runner().get_migrations().clone();
    migrations.sort();
    migrations
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    if tracing::enabled!(tracing::Level::TRACE) {
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(trace));
    }
    Ok(())
}

/// Logs statements on one line each, without their parameters.
fn trace(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(_, sql) = event {
        tracing::trace!("{}", sql.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}
