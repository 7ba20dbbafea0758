//! The embedded engine. One writer and many readers run at a time. A write returns only after it is on disk (WAL,
//! `synchronous=FULL`).

mod group_commit;

use std::fmt::Display;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, Result, anyhow};
use r2d2::ManageConnection as _;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, params_from_iter};
use scheduled_thread_pool::ScheduledThreadPool;

use super::statement::Columns;
use super::value::Value;
use crate::private_files;
use group_commit::WriteConnection;

/// The most snapshots at a time. Further ones wait.
const MAX_SNAPSHOTS: u32 = 8;
/// How long a statement waits for another process, such as a command that runs beside the server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Sqlite {
    pub(super) path: PathBuf,
    pub(super) writer: WriteConnection,
    /// The connections of [`Self::read`].
    snapshots: r2d2::Pool<SqliteConnectionManager>,
    /// The connections of [`Self::read_latest`], whose statements read little. There are twice as many as threads that run
    /// async code, so these hardly ever wait.
    readers: r2d2::Pool<SqliteConnectionManager>,
}

impl Sqlite {
    /// Opens the file. Creates it if it is missing, readable only by its owner.
    pub(super) fn open(path: &Path) -> Result<Self> {
        private_files::open(path)
            .map_err(|error| anyhow!("{}: the database cannot be opened ({error})", path.display()))?;
        let unreadable = |error: &dyn Display| {
            anyhow!("{}: the database cannot be read ({error}); restore it from a backup", path.display())
        };
        let manager = || SqliteConnectionManager::file(path).with_init(prepare);
        let writer = manager().connect().map_err(|error| unreadable(&error))?;
        // Opens and closes the connections of both pools.
        let thread = Arc::new(ScheduledThreadPool::new(1));
        let pool = |max_size, min_idle| {
            let pool = r2d2::Pool::builder().max_size(max_size).min_idle(Some(min_idle));
            let pool = pool.thread_pool(Arc::clone(&thread)).test_on_check_out(false);
            pool.build(manager()).map_err(|error| unreadable(&error))
        };
        let async_threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let readers = pool(u32::try_from(async_threads)?.saturating_mul(2), 1)?;
        let snapshots = pool(MAX_SNAPSHOTS, 0)?;
        Ok(Self { path: path.to_owned(), writer: WriteConnection::new(writer), snapshots, readers })
    }

    pub(super) fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.snapshots.get().map_err(Error::from)?;
        work(&*connection.transaction().map_err(Error::from)?)
    }

    pub(super) fn read_latest<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        work(&*self.readers.get().map_err(Error::from)?)
    }

    /// Returns the bytes of the file and of its write-ahead log.
    pub(super) fn sizes(&self) -> (i64, i64) {
        let size =
            |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len()).try_into().unwrap_or(i64::MAX);
        (size(&self.path), size(Path::new(&format!("{}-wal", self.path.display()))))
    }

    /// Applies migrations in one transaction.
    pub(super) fn migrate(&self, runner: &refinery::Runner) -> Result<refinery::Report> {
        self.writer.with(|connection| {
            runner.run(connection).map_err(|error| {
                // The error names the step that failed, and its source the cause.
                let source = std::error::Error::source(&error);
                anyhow!(source.map_or_else(|| error.to_string(), ToString::to_string))
            })
        })
    }
}

/// Whether the error comes from the disk or from another process, and may be transient.
pub(super) fn is_storage_error(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, ReadOnly, SystemIoFailure};
    error.sqlite_error_code().is_some_and(|code| {
        matches!(code, CannotOpen | DatabaseBusy | DatabaseLocked | DiskFull | ReadOnly | SystemIoFailure)
    })
}

/// Runs a statement, which the connection prepares once and keeps. Calls `visit` with each row, until it returns false.
pub(super) fn query(
    connection: &Connection,
    sql: &str,
    params: &[Value<'_>],
    visit: &mut dyn FnMut(&dyn Columns) -> Result<bool>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        if !visit(row)? {
            break;
        }
    }
    Ok(())
}

/// Runs a statement, and returns the number of rows that it changed.
pub(super) fn execute(connection: &Connection, sql: &str, params: &[Value<'_>]) -> Result<usize> {
    Ok(connection.prepare_cached(sql)?.execute(params_from_iter(params))?)
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Integer(Some(number)) => (*number).into(),
            Self::Text(Some(text)) => (&**text).into(),
            Self::Integer(None) | Self::Text(None) => ToSqlOutput::Borrowed(ValueRef::Null),
        })
    }
}

impl Columns for rusqlite::Row<'_> {
    fn value(&self, column: usize) -> Result<Value<'_>> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(Value::Integer(None)),
            ValueRef::Integer(number) => Ok(Value::Integer(Some(number))),
            ValueRef::Text(text) => Ok(Value::Text(Some(std::str::from_utf8(text)?.into()))),
            ValueRef::Real(_) | ValueRef::Blob(_) => Err(anyhow!("column {column} has an unknown type")),
        }
    }
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

/// Logs statements, without their parameters.
fn trace(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(_, sql) = event {
        super::statement::trace(sql);
    }
}
