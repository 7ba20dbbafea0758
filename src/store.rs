//! The SQLite database. SQL exists only in the modules below, one statement per function.
//!
//! One writer and many readers run at a time. A write returns only after it is on disk (WAL, `synchronous=FULL`).

pub mod accounts;
pub mod action_tokens;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod emails;
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

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use r2d2::ManageConnection as _;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::metrics::Writes;
use crate::private_files;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The most readers at a time. Further ones wait.
const READERS: u32 = 8;
/// How long a statement waits for another process, such as a command that runs beside the server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A database error. It is never the fault of the client and never shown to the client.
#[derive(Debug)]
pub struct Error(anyhow::Error);

pub type Result<T> = std::result::Result<T, Error>;

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Error {
    /// Whether the error comes from the disk or from another process, and may be transient.
    pub fn is_storage(&self) -> bool {
        let code = self.0.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let passing = [
            ErrorCode::DatabaseBusy,
            ErrorCode::DatabaseLocked,
            ErrorCode::DiskFull,
            ErrorCode::SystemIoFailure,
            ErrorCode::ReadOnly,
            ErrorCode::CannotOpen,
        ];
        // Getting a reader times out only if all readers are blocked.
        code.is_some_and(|code| passing.contains(&code)) || self.0.is::<r2d2::Error>()
    }

    pub fn into_inner(self) -> anyhow::Error {
        self.0
    }
}

pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: r2d2::Pool<SqliteConnectionManager>,
    /// How long writes waited for the database.
    pub writes: Writes,
}

/// A snapshot to read from.
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
    /// Marks the current state of the transaction. A later savepoint replaces it.
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
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        private_files::open(path).map_err(|error| {
            anyhow::anyhow!("{}: the database cannot be opened ({error})", path.display())
        })?;
        let unreadable = |error: &dyn std::fmt::Display| {
            anyhow!("{}: the database cannot be read ({error}); restore it from a backup", path.display())
        };
        let manager = || SqliteConnectionManager::file(path).with_init(prepare);
        let writer = manager().connect().map_err(|error| unreadable(&error))?;
        let readers = r2d2::Pool::builder()
            .max_size(READERS)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .build(manager());
        let readers = readers.map_err(|error| unreadable(&error))?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), readers, writes: Writes::default() })
    }

    /// Applies the pending migrations and returns their number. The database is unchanged if this fails.
    pub fn migrate(&self) -> anyhow::Result<usize> {
        let mut writer = self.lock_writer();
        let runner = embedded::migrations::runner().set_grouped(true);
        self.applied(&runner, &mut writer)?;
        let report = runner.run(&mut *writer).map_err(|error| self.unreadable(&error))?;
        Ok(report.applied_migrations().len())
    }

    /// Returns the names of the pending migrations, in order.
    pub fn pending_migrations(&self) -> anyhow::Result<Vec<String>> {
        let mut writer = self.lock_writer();
        let runner = embedded::migrations::runner();
        let done = self.applied(&runner, &mut writer)?;
        let is_done = |known: &refinery::Migration| done.iter().any(|done| done.version() == known.version());
        Ok(in_order(&runner).iter().filter(|known| !is_done(known)).map(ToString::to_string).collect())
    }

    /// Returns the names of the embedded migrations, in order.
    pub fn embedded_migrations() -> Vec<String> {
        in_order(&embedded::migrations::runner()).iter().map(ToString::to_string).collect()
    }

    /// Reads from one snapshot.
    pub fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Reader<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let mut connection = self.readers.get().map_err(Error::from)?;
        work(&Reader(connection.transaction().map_err(Error::from)?))
    }

    /// Reads with the connection for writes, so that no other connection is opened. Commands that only look leave no
    /// write-ahead log behind then.
    pub fn read_before_writing<T>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        let mut connection = self.lock_writer();
        work(&Reader(connection.transaction()?))
    }

    /// Writes in one transaction, which is committed if `work` returns `Ok` and rolled back otherwise.
    pub fn write<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Writer<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
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

    /// Returns the migrations that the database has, and fails if one of them is newer than this program.
    fn applied(
        &self,
        runner: &refinery::Runner,
        connection: &mut Connection,
    ) -> anyhow::Result<Vec<refinery::Migration>> {
        // refinery records migrations in this table, and fails if the table does not exist yet.
        let has_history = connection.table_exists(None, "refinery_schema_history");
        if !has_history.map_err(|error| self.unreadable(&error))? {
            return Ok(Vec::new());
        }
        let applied = runner.get_applied_migrations(connection).map_err(|error| self.unreadable(&error))?;
        let newest = |migrations: &[refinery::Migration]| {
            migrations.iter().map(refinery::Migration::version).max().unwrap_or_default()
        };
        let (there, here) = (newest(&applied), newest(runner.get_migrations()));
        if there > here {
            anyhow::bail!(
                "{}: the database was written by a newer version of this program (schema {there}, this program knows \
                 {here}); install that version, or restore an older backup",
                self.path.display(),
            );
        }
        Ok(applied)
    }

    fn unreadable(&self, error: &dyn std::error::Error) -> anyhow::Error {
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        anyhow!("{}: the database cannot be brought up to date ({cause})", self.path.display())
    }
}

/// Returns the migrations ordered by version. refinery returns them ordered by file name, with V10 before V2.
fn in_order(runner: &refinery::Runner) -> Vec<refinery::Migration> {
    let mut migrations = runner.get_migrations().clone();
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
