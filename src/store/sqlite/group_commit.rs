//! Group commit: writes that arrive while another one runs or is committed share one commit, so many writes wait for the
//! disk once. A lone write is committed at once.
//!
//! Each write is undone alone if it fails, and sees the writes before it in the group. It returns after the commit, and fails
//! if the commit fails. That holds for a rejection as well, because it may rest on a write that was lost.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Error, Result};
use rusqlite::{Connection, ErrorCode};

use super::{BUSY_TIMEOUT, execute};
use crate::metrics::Writes;
use crate::store::TransactionError;

/// No further write joins a group that has reached one of these limits, because its first writes have waited enough.
const MAX_WRITES: usize = 64;
const MAX_AGE: Duration = Duration::from_millis(50);

/// The connection that writes.
pub(in crate::store) struct WriteConnection {
    state: Mutex<State>,
    /// The number of writes that wait for the connection.
    waiting: AtomicUsize,
}

struct State {
    connection: Connection,
    /// The group whose transaction is open. It is set only while further writes wait.
    group: Option<Group>,
}

struct Group {
    writes: usize,
    began: Instant,
    commit: Arc<Commit>,
}

/// The result of a commit. The error is the cause of its failure.
type Commit = OnceLock<Result<(), String>>;

impl WriteConnection {
    pub(super) fn new(connection: Connection) -> Self {
        Self { state: Mutex::new(State { connection, group: None }), waiting: AtomicUsize::new(0) }
    }

    /// Calls `work` with the connection, outside of any transaction.
    pub(in crate::store) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut state = self.lock();
        state.commit();
        state.connection.busy_timeout(BUSY_TIMEOUT)?;
        work(&mut state.connection)
    }

    /// Runs a write, and returns once it is on disk. If `work` fails, its changes are undone.
    pub(in crate::store) fn write<T, E: From<Error>>(
        &self,
        metrics: &Writes,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let arrived = Instant::now();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        metrics.waiting.inc();
        let mut state = self.lock();
        metrics.waiting.dec();
        // All of these subtractions happen under the lock, so a write that sees another one wait can rely on it.
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let begun = state.begin(arrived);
        metrics.wait.observe(arrived.elapsed().as_secs_f64());
        let commit = begun.inspect_err(|error| {
            let cause = error.downcast_ref().and_then(rusqlite::Error::sqlite_error_code);
            if cause == Some(ErrorCode::DatabaseBusy) {
                metrics.busy.inc();
            }
        })?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&state.connection)));
        let is_done = matches!(outcome, Ok(Ok(_)));
        let is_undone_alone = state.end(is_done);
        let is_full = |group: &Group| group.writes >= MAX_WRITES || group.began.elapsed() >= MAX_AGE;
        if self.waiting.load(Ordering::Relaxed) == 0 || state.group.as_ref().is_some_and(is_full) {
            state.commit();
        }
        drop(state);
        match commit.wait() {
            // Its own error says more.
            Err(_) if !is_done && !is_undone_alone => {}
            Err(cause) => return Err(Error::from(TransactionError::GivenUp(cause.clone())).into()),
            Ok(()) => {}
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Begins a write that arrived at the given time: in the open group, or in a new one.
    fn begin(&mut self, arrived: Instant) -> Result<Arc<Commit>> {
        if let Some(group) = &mut self.group {
            group.writes += 1;
            let commit = Arc::clone(&group.commit);
            return match execute(&self.connection, "SAVEPOINT write", &[]) {
                Ok(_) => Ok(commit),
                Err(error) => {
                    self.fail(&error.to_string());
                    Err(error)
                }
            };
        }
        // The wait for other writers of this process counts towards the timeout. Otherwise each queued writer would
        // wait for the full timeout in turn.
        self.connection.busy_timeout(BUSY_TIMEOUT.saturating_sub(arrived.elapsed()))?;
        execute(&self.connection, "BEGIN IMMEDIATE", &[])?;
        let commit = Arc::default();
        self.group = Some(Group { writes: 1, began: Instant::now(), commit: Arc::clone(&commit) });
        Ok(commit)
    }

    /// Ends the last write of the group, and undoes it if it failed. Returns false if the other writes are undone as well:
    /// SQLite rolls back the whole transaction when the disk is full, for example.
    fn end(&mut self, is_done: bool) -> bool {
        if is_done && self.connection.is_autocommit() {
            self.fail("SQLite has rolled back the transaction");
            return false;
        }
        let is_first = self.group.as_ref().is_some_and(|group| group.writes == 1);
        let ended = match (is_first, is_done) {
            (true, true) => return true,
            (true, false) => {
                self.roll_back();
                self.report(Ok(()));
                return true;
            }
            (false, true) => execute(&self.connection, "RELEASE write", &[]),
            (false, false) => execute(&self.connection, "ROLLBACK TO write", &[]),
        };
        if let Err(error) = &ended {
            self.fail(&error.to_string());
        }
        ended.is_ok()
    }

    /// Undoes and closes the open group.
    fn fail(&mut self, cause: &str) {
        self.roll_back();
        self.report(Err(format!("a failed write undid the others of the same commit ({cause})")));
    }

    /// Commits the open group, if there is one.
    fn commit(&mut self) {
        if self.group.is_some() {
            let committed = execute(&self.connection, "COMMIT", &[]).map(drop);
            if committed.is_err() {
                self.roll_back();
            }
            self.report(committed.map_err(|error| error.to_string()));
        }
    }

    fn roll_back(&self) {
        // SQLite may have rolled back already. Otherwise this fails only if the next write fails as well.
        if !self.connection.is_autocommit() {
            let _ = execute(&self.connection, "ROLLBACK", &[]);
        }
    }

    /// Closes the open group, and reports the result to its writes.
    fn report(&mut self, result: Result<(), String>) {
        if let Some(group) = self.group.take() {
            let _ = group.commit.set(result);
        }
    }
}
