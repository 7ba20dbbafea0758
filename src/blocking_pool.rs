//! The bounded bridge from async code to the synchronous rules. They run on blocking threads, except for those that read a
//! few rows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::error::{Error, Result, Unavailable};
use crate::metrics::Outcome;

/// Reads run at the same time, because they wait for the disk.
const MAX_READS: usize = 32;
/// Writes take turns at the lock of the database, but check tokens and arguments at the same time. They have their own
/// queue, so that reads do not wait while another process locks the database.
const MAX_WRITES: usize = 16;
/// Calls in progress beside those that hash, so that all threads hash while some calls use the database.
const CALLS_BESIDE_HASHING: usize = 6;
/// Calls that may wait for each call in progress, or for each thread that hashes. Further calls get 503, because they would
/// have to wait too long.
const MAX_WAITING: usize = 32;

const BUSY: Unavailable =
    Unavailable { sentence: "The server is busy. Please try again in a few seconds.", retry_after: 5 };

/// The queue in which a call waits. Queues are separate so that many logins do not delay other requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// A rule whose only use of the database is [`Store::read_latest`](crate::store::Store::read_latest). It runs at once
    /// on the async thread: a few rows are read in less time than another thread needs to wake up. With PostgreSQL, which
    /// is reached through the network, this is the same as `Reading`.
    ReadingLittle,
    Reading,
    /// Writes that do not hash a password.
    Writing,
    /// Calls that hash a password. `passwords.hashing_threads` of them hash at a time, which limits memory.
    Hashing,
}

pub struct BlockingPool {
    app: Arc<App>,
    reading: Slots,
    writing: Slots,
    hashing: Slots,
}

struct Slots {
    permits: Arc<Semaphore>,
    waiting: Gauge,
    max_waiting: i64,
}

impl Slots {
    fn new(count: usize, waiting: &Gauge, max_waiting: usize) -> Self {
        let max_waiting = i64::try_from(max_waiting).unwrap_or(i64::MAX);
        Self { permits: Arc::new(Semaphore::new(count)), waiting: waiting.clone(), max_waiting }
    }

    /// Waits for a permit, unless too many calls wait already.
    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let (waiting_before, _guard) = (self.waiting.inc(), WaitingCall(&self.waiting));
        if waiting_before >= self.max_waiting {
            return Err(BUSY.into());
        }
        Ok(Arc::clone(&self.permits).acquire_owned().await.map_err(anyhow::Error::new)?)
    }
}

/// Subtracts a waiting call from the gauge when it is dropped, which also happens if the client disconnects.
struct WaitingCall<'a>(&'a Gauge);

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl BlockingPool {
    pub fn new(app: Arc<App>) -> Self {
        let (metrics, threads) = (&app.metrics, app.config.passwords.hashing_threads());
        let hashing_calls = threads.saturating_add(CALLS_BESIDE_HASHING);
        Self {
            reading: Slots::new(MAX_READS, &metrics.reading_waiting, MAX_READS * MAX_WAITING),
            writing: Slots::new(MAX_WRITES, &metrics.writing_waiting, MAX_WRITES * MAX_WAITING),
            hashing: Slots::new(hashing_calls, &metrics.hashing_waiting, threads.saturating_mul(MAX_WAITING)),
            app,
        }
    }

    /// Calls a rule on a thread that may block. Fails with [`Error::Unavailable`](crate::error::Error::Unavailable) if
    /// too many calls wait.
    pub async fn call<T: Send + 'static>(
        &self,
        queue: Queue,
        rule: impl FnOnce(&App) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if queue == Queue::ReadingLittle && !self.app.store.is_shared() {
            let outcome = catch_unwind(AssertUnwindSafe(|| rule(&self.app)));
            return outcome.unwrap_or_else(|_| Err(panicked()));
        }
        let permit = match queue {
            Queue::ReadingLittle | Queue::Reading => self.reading.permit().await?,
            Queue::Writing => self.writing.permit().await?,
            Queue::Hashing => {
                let began = Instant::now();
                let permit = self.hashing.permit().await?;
                self.app.metrics.hashing_wait.observe(began.elapsed().as_secs_f64());
                permit
            }
        };
        let app = Arc::clone(&self.app);
        // The task owns the permit: a client that disconnects must not free the slot while its password is still
        // being hashed.
        let call = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let outcome = rule(&app);
            if queue == Queue::Hashing {
                app.metrics.hashing_time.observe(began.elapsed().as_secs_f64());
            }
            drop(permit);
            outcome
        });
        call.await.unwrap_or_else(|_| Err(panicked()))
    }

    /// Counts an operation under the name of its field in the schema.
    pub fn count<T>(&self, operation: &str, outcome: &Result<T>) {
        let outcome = match outcome {
            Ok(_) => Outcome::Done,
            Err(error) if error.is_rejection() => Outcome::Refused,
            Err(_) => Outcome::Failed,
        };
        self.app.metrics.count(operation, outcome);
    }
}

/// The panic itself is printed on standard error.
fn panicked() -> Error {
    anyhow!("a rule panicked").into()
}
