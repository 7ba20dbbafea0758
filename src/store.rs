//! The database. The modules below contain all queries, one SQL statement per function, which both engines understand.
//! This file begins and ends transactions.

pub mod accounts;
pub mod action_tokens;
pub mod attempts;
pub mod audit;
pub mod authenticators;
pub mod backup;
mod bulk;
pub mod copy;
pub mod django_keys;
pub mod emails;
pub mod erased_accounts;
pub mod expiry;
mod failure;
pub mod foreign;
pub mod groups;
pub mod institutions;
pub mod invitations;
pub mod join_requests;
pub mod known_clients;
pub mod memberships;
mod migrations;
pub mod outbox;
pub mod passkeys;
pub mod pending_emails;
pub mod personal_data;
#[cfg(feature = "postgres")]
mod postgres;
pub mod properties;
pub mod refresh_tokens;
pub mod released_emails;
mod result_cell;
pub mod second_factors;
pub mod sessions;
mod sqlite;
pub mod staging;
mod statement;
pub mod tables;
mod value;

use std::cell::Cell;
use std::ops::Deref;

use anyhow::Error;
pub use anyhow::Result;
pub use failure::{TransactionError, is_commit_unknown, is_storage_error};
pub use result_cell::with_result;
use rusqlite::TransactionBehavior;

use crate::config::Location;
use crate::metrics::Writes;
#[cfg(feature = "postgres")]
use postgres::{Postgres, Session};
use sqlite::Sqlite;
use statement::Columns;
use value::Value;

/// The kibibytes of memory that SQLite uses for [`Store::prepare_for_many_rows`].
const CACHE_FOR_MANY_ROWS: i64 = 128 * 1024;

pub struct Store {
    engine: Engine,
    /// How long writes waited for the database, and how often they were repeated.
    pub writes: Writes,
}

enum Engine {
    Sqlite(Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
}

/// A connection to read from.
pub struct Reader<'a> {
    connection: Connection<'a>,
    /// Whether the next statement has to be preceded by the one that makes a savepoint.
    needs_savepoint: Cell<bool>,
}

enum Connection<'a> {
    Sqlite(&'a rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(&'a Session),
}

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
        self.make_savepoint()?;
        match &self.connection {
            Connection::Sqlite(connection) => sqlite::query(connection, sql, params, visit),
            #[cfg(feature = "postgres")]
            Connection::Postgres(session) => session.query(sql, params, visit),
        }
    }

    /// Runs a statement, and returns the number of rows that it changed.
    fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        self.make_savepoint()?;
        match &self.connection {
            Connection::Sqlite(connection) => sqlite::execute(connection, sql, params),
            #[cfg(feature = "postgres")]
            Connection::Postgres(session) => session.execute(sql, params),
        }
    }

    fn make_savepoint(&self) -> Result<()> {
        if self.needs_savepoint.take() {
            self.execute("SAVEPOINT rule", &[])?;
        }
        Ok(())
    }
}

impl<'a> From<Connection<'a>> for Reader<'a> {
    fn from(connection: Connection<'a>) -> Self {
        Self { connection, needs_savepoint: Cell::new(false) }
    }
}

impl Writer<'_> {
    /// Marks the state that [`Self::roll_back_to_savepoint`] restores. A later savepoint replaces this one.
    pub fn savepoint(&self) {
        self.needs_savepoint.set(true);
    }

    /// Undoes all writes since the last [`Self::savepoint`]. The transaction remains open.
    pub fn roll_back_to_savepoint(&self) -> Result<()> {
        // Without a statement since then, there is nothing to undo.
        if self.needs_savepoint.take() { Ok(()) } else { self.execute("ROLLBACK TO rule", ()) }
    }
}

impl Store {
    /// Opens the database. Creates an SQLite file if it is missing.
    pub fn open(location: &Location) -> Result<Self> {
        let engine = match location {
            Location::Sqlite(path) => Engine::Sqlite(Sqlite::open(path)?),
            #[cfg(feature = "postgres")]
            Location::Postgres(server) => Engine::Postgres(Postgres::open(server, location.describe())?),
        };
        Ok(Self { engine, writes: Writes::default() })
    }

    /// Whether other servers may use the database at the same time.
    pub fn is_shared(&self) -> bool {
        !matches!(self.engine, Engine::Sqlite(_))
    }

    /// Returns the path or the URL without user and password.
    pub fn name(&self) -> String {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.path.display().to_string(),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => postgres.name.clone(),
        }
    }

    /// Returns what the operator should know about the durability of writes, one sentence each.
    pub fn warnings(&self) -> Result<Vec<String>> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(Vec::new()),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => postgres.warnings(),
        }
    }

    /// Fails if a server or a command is connected to a shared database. For SQLite, the lock of the data folder keeps servers
    /// away.
    pub fn require_alone(&self) -> Result<()> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => postgres.require_alone(),
        }
    }

    /// Returns the bytes of the database and of its write-ahead log, which is 0 for PostgreSQL.
    pub fn sizes(&self) -> Result<(i64, i64)> {
        match &self.engine {
            Engine::Sqlite(sqlite) => Ok(sqlite.sizes()),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => Ok((postgres.size()?, 0)),
        }
    }

    /// Reads from one snapshot.
    pub fn read<T, E: From<Error>>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        // The engine runs the work once, but a `&dyn Fn` cannot take it by value.
        let work = Cell::new(Some(work));
        with_result(|done| {
            self.read_dyn(&|db| {
                work.take().map_or(Ok(()), |work| work(db).map(|value| done.set(Some(value))))
            })
        })
    }

    fn read_dyn<E: From<Error>>(&self, work: &dyn Fn(&Reader<'_>) -> Result<(), E>) -> Result<(), E> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(|connection| work(&Connection::Sqlite(connection).into())),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => {
                postgres.read(|session| work(&Connection::Postgres(session).into()))
            }
        }
    }

    /// Reads without a transaction, which is faster: each statement sees the newest state.
    pub fn read_latest<T, E: From<Error>>(&self, work: impl Fn(&Reader<'_>) -> Result<T, E>) -> Result<T, E> {
        with_result(|done| self.read_latest_dyn(&|db| work(db).map(|value| done.set(Some(value)))))
    }

    fn read_latest_dyn<E: From<Error>>(&self, work: &dyn Fn(&Reader<'_>) -> Result<(), E>) -> Result<(), E> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.read_latest(|connection| work(&Connection::Sqlite(connection).into()))
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => {
                postgres.read_latest(|session| work(&Connection::Postgres(session).into()))
            }
        }
    }

    /// Reads with the connection for writes. [`Self::read`] makes the pool open another connection in the background. If a
    /// short command ended before that connection is closed, the write-ahead log of SQLite would remain.
    pub fn read_with_writer<T>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.writer.with(|connection| work(&Connection::Sqlite(&*connection.transaction()?).into()))
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => self.read(work),
        }
    }

    /// Reads from one snapshot. With SQLite, nobody can write meanwhile.
    pub fn read_exclusively<T>(&self, work: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.writer.with(|connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                work(&Connection::Sqlite(&transaction).into())
            }),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => self.read(work),
        }
    }

    /// Gives SQLite more memory for a write that adds many rows. With too little, it reads pages of indexes again and again.
    pub fn prepare_for_many_rows(&self) -> Result<()> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite
                .writer
                .with(|connection| Ok(connection.pragma_update(None, "cache_size", -CACHE_FOR_MANY_ROWS)?)),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// Writes in one transaction, which is committed if `work` returns `Ok` and rolled back otherwise. `work` may run several
    /// times, so it must not have effects outside the database.
    pub fn write<T, E: From<Error>>(&self, work: impl Fn(&Writer<'_>) -> Result<T, E>) -> Result<T, E> {
        with_result(|done| self.write_dyn(&|db| work(db).map(|value| done.set(Some(value)))))
    }

    fn write_dyn<E: From<Error>>(&self, work: &dyn Fn(&Writer<'_>) -> Result<(), E>) -> Result<(), E> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                let work = |connection: &_| work(&Writer(Connection::Sqlite(connection).into()));
                sqlite.writer.write(&self.writes, work)
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => {
                postgres.write(&self.writes, |session| work(&Writer(Connection::Postgres(session).into())))
            }
        }
    }
}
