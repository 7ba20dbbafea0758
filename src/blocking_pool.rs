//! The bounded bridge from async code to the synchronous rules, which run on blocking threads.

use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::error::{self, Error, Unavailable};
use crate::metrics::Outcome;

/// Concurrent reads, which spend their time on the disk.
const READING: usize = 32;
/// Concurrent writes: one holds the write lock of the database, the others wait for it. They have their own queue, so
/// that reads do not wait while another process locks the database.
const WRITING: usize = 16;
/// Calls that may wait for each running one; further ones get 503, because their clients would lose patience.
const WAITING: usize = 32;

const CROWDED: Unavailable =
    Unavailable { sentence: "The server is busy. Please try again in a few seconds.", retry_after: 5 };

/// The queue in which a call waits. Queues are separate so that many logins do not delay other requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    Reading,
    /// Writes that do not hash a password.
    Writing,
    /// Calls that hash a password. `passwords.hashing_threads` of them run at a time, which also limits memory.
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
    max_waiting: i64,
}

impl Slots {
    fn new(running: usize) -> Self {
        let max_waiting = i64::try_from(running.saturating_mul(WAITING)).unwrap_or(i64::MAX);
        Self { permits: Arc::new(Semaphore::new(running)), max_waiting }
    }

    /// Waits for a permit, unless too many calls wait already.
    async fn permit(&self, waiting: &Gauge) -> error::Result<OwnedSemaphorePermit> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            let _waits = Waits::begin(waiting, self.max_waiting).ok_or(CROWDED)?;
            return Ok(Arc::clone(&self.permits).acquire_owned().await.map_err(|closed| anyhow!(closed))?);
        };
        Ok(permit)
    }
}

impl BlockingPool {
    pub fn new(app: Arc<App>) -> Self {
        let hashing = Slots::new(app.config.hashing_threads());
        Self { app, reading: Slots::new(READING), writing: Slots::new(WRITING), hashing }
    }

    /// Calls a rule on a thread that may block. Fails with [`Error::Unavailable`] if too many calls wait.
    pub async fn call<T: Send + 'static>(
        &self,
        queue: Queue,
        rule: impl FnOnce(&App) -> error::Result<T> + Send + 'static,
    ) -> error::Result<T> {
        let metrics = &self.app.metrics;
        let permit = match queue {
            Queue::Reading => self.reading.permit(&metrics.reading_waiting).await?,
            Queue::Writing => self.writing.permit(&metrics.writing_waiting).await?,
            Queue::Hashing => {
                let began = Instant::now();
                let permit = self.hashing.permit(&metrics.hashing_waiting).await?;
                metrics.hashing_wait.observe(began.elapsed().as_secs_f64());
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
        call.await.unwrap_or_else(|panic| Err(anyhow!("a rule panicked: {panic}").into()))
    }

    /// Counts an operation under the name of its field in the schema.
    pub fn count<T>(&self, operation: &str, outcome: &error::Result<T>) {
        let outcome = match outcome {
            Ok(_) => Outcome::Done,
            Err(Error::Refused(_) | Error::BadRequest(_)) => Outcome::Refused,
            Err(Error::Unavailable(_) | Error::Internal(_)) => Outcome::Failed,
        };
        self.app.metrics.count(operation, outcome);
    }
}

/// A waiting call. Dropping it ends the wait, also when the client disconnects.
struct Waits<'a>(&'a Gauge);

impl<'a> Waits<'a> {
    /// Returns `None` if the limit is reached.
    fn begin(gauge: &'a Gauge, max_waiting: i64) -> Option<Self> {
        let waits = Self(gauge);
        (gauge.inc() < max_waiting).then_some(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
