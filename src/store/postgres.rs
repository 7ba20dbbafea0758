//! PostgreSQL, which several servers can share. Each write is one SERIALIZABLE transaction, so rules need no locks: a
//! transaction that conflicts with another one is rolled back and repeated.

mod connect;
mod session;

use std::fmt::Display;
use std::time::{Duration, Instant};

use ::postgres::types::FromSqlOwned;
use anyhow::{Error, Result, anyhow, bail};
use r2d2::{ManageConnection as _, PooledConnection};

pub(super) use session::Session;
use session::{Failure, FailureKind};

use super::TransactionError;
use crate::config::{APPLICATION_NAME, PostgresServer};
use crate::metrics::Writes;
use crate::random::Random;
use connect::Manager;

/// How long a transaction is repeated, and how long it waits for a connection. A client gets 503 after that.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause before the first repetition. It doubles with each further one, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const MAX_PAUSE: Duration = Duration::from_millis(250);
/// A violation of a key is repeated only a few times: if it was not a race, then a rule is wrong.
const MAX_KEY_VIOLATIONS: u32 = 5;

const MAX_MIGRATION_RACES: u32 = 50;

/// How long PostgreSQL lists a connection after its client has ended.
const END_OF_CONNECTION: Duration = Duration::from_secs(2);

const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The timeouts end the locks of a server that has lost its power, and the waits of the others for them.
const WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE; SET LOCAL lock_timeout = '5s'; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'";

/// Connects to a database of another program.
pub(super) fn open_client(server: &PostgresServer) -> Result<::postgres::Client> {
    Ok(Manager::new(server)?.open()?)
}

pub(super) struct Postgres {
    /// `None` only while it is dropped.
    pool: Option<r2d2::Pool<Manager>>,
    /// The URL without user and password.
    pub(super) name: String,
    /// For the pauses between repetitions, which must not be the same on all servers.
    random: Random,
}

impl Postgres {
    /// Connects to the server, and checks that it stores all characters, and that commits survive a crash.
    pub(super) fn open(server: &PostgresServer, name: String) -> Result<Self> {
        let manager = Manager::new(server)?;
        let unreachable = |error: &dyn Display| anyhow!("{name}: the database cannot be reached ({error})");
        // Fails at once, where the pool would try again for seconds.
        drop(manager.connect().map_err(|error| unreachable(&error))?);
        let pool = r2d2::Pool::builder()
            .max_size(server.connections)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(PATIENCE)
            .build(manager)
            .map_err(|error| unreachable(&error))?;
        let postgres = Self { pool: Some(pool), name, random: Random::from_system() };
        postgres.check_server()?;
        Ok(postgres)
    }

    fn check_server(&self) -> Result<()> {
        let encoding = self.setting("server_encoding")?;
        if encoding != "UTF8" {
            return Err(anyhow!(
                "{}: the database has the encoding {encoding}; create one with ENCODING 'UTF8'",
                self.name
            ));
        }
        if self.setting("synchronous_commit")? == "off" {
            return Err(anyhow!(
                "{}: synchronous_commit is off, so a crash would lose acknowledged changes; turn it on",
                self.name
            ));
        }
        Ok(())
    }

    /// Returns what the operator should know about the durability of writes, one sentence each.
    pub(super) fn warnings(&self) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        if self.setting("fsync")? == "off" {
            warnings.push(
                "fsync is off in PostgreSQL: a crash of its machine may destroy the database".to_owned(),
            );
        }
        let replicas = self.single::<i64>("SELECT COUNT(*) FROM pg_stat_replication")?;
        let is_synchronous = self.setting("synchronous_commit")? != "local"
            && !self.setting("synchronous_standby_names")?.is_empty();
        if replicas > 0 && !is_synchronous {
            warnings.push(
                "PostgreSQL has replicas, but none is synchronous: a failover may lose acknowledged changes"
                    .to_owned(),
            );
        }
        Ok(warnings)
    }

    /// Fails if a server or a command is connected. The connections of `move` and `import-django` have another name.
    pub(super) fn require_alone(&self) -> Result<()> {
        let sql = format!(
            "SELECT COUNT(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = '{APPLICATION_NAME}'"
        );
        let began = Instant::now();
        loop {
            match self.single::<i64>(&sql)? {
                0 => return Ok(()),
                count if began.elapsed() > END_OF_CONNECTION => bail!(
                    "{}: servers or commands are connected ({count} connections); end them first",
                    self.name
                ),
                _ => std::thread::sleep(MAX_PAUSE),
            }
        }
    }

    /// Returns the bytes of the database.
    pub(super) fn size(&self) -> Result<i64> {
        self.single("SELECT pg_database_size(current_database())")
    }

    fn setting(&self, name: &str) -> Result<String> {
        self.single(&format!("SELECT current_setting('{name}')"))
    }

    /// Returns the first column of the first row.
    fn single<T: FromSqlOwned>(&self, sql: &str) -> Result<T> {
        self.read_latest(|session| session.single(sql))
    }

    /// Returns a connection that is not in a transaction. Waits until [`PATIENCE`] after `began`.
    fn session(&self, began: Instant) -> Result<PooledConnection<Manager>> {
        let pool = self.pool.as_ref().ok_or_else(|| anyhow!("the database is closed"))?;
        Ok(pool.get_timeout(PATIENCE.saturating_sub(began.elapsed()))?)
    }

    /// Applies migrations in one transaction. Another server may apply the same ones at the same time: then one of the two
    /// fails, and finds nothing to do when it is repeated.
    pub(super) fn migrate(&self, runner: &refinery::Runner) -> Result<refinery::Report> {
        let mut repetitions = 0;
        loop {
            let session = self.session(Instant::now())?;
            let error = match runner.run(&mut *session.client()) {
                Ok(report) => return Ok(report),
                Err(error) => error,
            };
            // The error names the step that failed, and its last source the cause.
            let mut causes = anyhow::Chain::new(&error);
            let is_race = causes.clone().filter_map(|cause| cause.downcast_ref()).any(session::is_race);
            if !is_race || repetitions == MAX_MIGRATION_RACES {
                bail!("{}", causes.next_back().unwrap_or(&error));
            }
            drop(session);
            repetitions += 1;
            self.pause(repetitions);
        }
    }

    /// Reads from one snapshot.
    pub(super) fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Session) -> Result<T, E>,
    ) -> Result<T, E> {
        let session = self.begin_read()?;
        let outcome = work(&session);
        session.end("COMMIT");
        match session.take_failure() {
            Some(failure) if failure.is_repeatable() => Err(failure.into_error().into()),
            _ => outcome,
        }
    }

    /// Begins a transaction. A connection of the pool may be broken, for example after a failover.
    fn begin_read(&self) -> Result<PooledConnection<Manager>> {
        self.repeat(None, |session| session.begin(READ).map(|()| session))
    }

    /// Reads without a transaction.
    pub(super) fn read_latest<T, E: From<Error>>(
        &self,
        work: impl Fn(&Session) -> Result<T, E>,
    ) -> Result<T, E> {
        self.repeat(None, |session| {
            let outcome = work(&session);
            match session.take_failure() {
                Some(failure) if failure.is_repeatable() => Err(failure),
                _ => Ok(outcome),
            }
        })?
    }

    /// Writes in one transaction, which is repeated as long as it conflicts with others or loses its connection. It is
    /// never repeated after a commit whose outcome is unknown.
    pub(super) fn write<T, E: From<Error>>(
        &self,
        metrics: &Writes,
        work: impl Fn(&Session) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut waiting_since = Some(Instant::now());
        self.repeat(Some(metrics), |session| {
            let begun = session.begin(WRITE);
            if let Some(began) = waiting_since.take() {
                metrics.wait.observe(began.elapsed().as_secs_f64());
            }
            begun.and_then(|()| run(&session, &work))
        })?
    }

    /// Repeats an attempt that fails, each time with another connection, if that may help.
    fn repeat<T>(
        &self,
        metrics: Option<&Writes>,
        mut attempt: impl FnMut(PooledConnection<Manager>) -> Result<T, Failure>,
    ) -> Result<T> {
        let (began, mut repetitions) = (Instant::now(), 0);
        loop {
            let failure = match attempt(self.session(began)?) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            let may_repeat = match failure.kind {
                FailureKind::Conflict | FailureKind::Lost => began.elapsed() < PATIENCE,
                FailureKind::KeyViolation => repetitions < MAX_KEY_VIOLATIONS,
                FailureKind::Other => false,
            };
            if !may_repeat {
                if let Some(metrics) = metrics.filter(|_| failure.kind == FailureKind::Conflict) {
                    metrics.busy.inc();
                }
                return Err(failure.into_error());
            }
            if let Some(metrics) = metrics {
                metrics.repeated.inc();
            }
            repetitions += 1;
            self.pause(repetitions);
        }
    }

    /// Waits for a random time, so that conflicting transactions do not meet again.
    fn pause(&self, repetitions: u32) {
        let longest = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(repetitions - 1)).min(MAX_PAUSE);
        let part = f64::from(u16::from_le_bytes(self.random.bytes())) / f64::from(u16::MAX);
        std::thread::sleep(longest.mul_f64(part));
    }
}

impl Drop for Postgres {
    /// Closes the connections on another thread, because each owns a runtime, which must not be dropped in async code.
    fn drop(&mut self) {
        let pool = self.pool.take();
        // A panic there has been reported already.
        let _ = std::thread::spawn(move || drop(pool)).join();
    }
}

/// Runs a rule in the open transaction, and ends it. Returns its outcome, or the failure of PostgreSQL that rolled the
/// transaction back.
fn run<T, E: From<Error>>(
    session: &Session,
    work: impl Fn(&Session) -> Result<T, E>,
) -> Result<Result<T, E>, Failure> {
    let outcome = work(session);
    match (session.take_failure(), outcome) {
        (None, Ok(done)) => match session.commit() {
            Ok(()) => Ok(Ok(done)),
            Err(failure) if failure.kind == FailureKind::Lost => {
                let error = TransactionError::CommitUnknown(failure.message);
                Ok(Err(Error::new(error).into()))
            }
            Err(failure) => Err(failure),
        },
        (None, rejection) => {
            session.end("ROLLBACK");
            Ok(rejection)
        }
        (Some(failure), outcome) => {
            session.end("ROLLBACK");
            match outcome {
                Err(error) if failure.kind == FailureKind::Other => Ok(Err(error)),
                // Even if the rule ignored the failure: PostgreSQL would roll back at the commit without an error.
                Ok(_) | Err(_) => Err(failure),
            }
        }
    }
}
