//! The bounded bridge from async code to the synchronous rules, which run on blocking threads.

use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::error::{Result, Unavailable};
use crate::metrics::Outcome;

/// Reads run at the same time, because they wait for the disk.
const MAX_READS: usize = 32;
/// Writes take turns at the lock of the database, but check tokens and arguments at the same time. They have their own
/// queue, so that reads do not wait while another process locks the database.
const MAX_WRITES: usize = 16;
/// Calls that may wait for each slot of a queue. Further calls get 503, because they would have to wait too long.
const MAX_WAITING_PER_SLOT: usize = 32;

const BUSY: Unavailable =
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
    waiting: Gauge,
    max_waiting: i64,
}

impl Slots {
    fn new(count: usize, waiting: &Gauge) -> Self {
        let max_waiting = i64::try_from(count.saturating_mul(MAX_WAITING_PER_SLOT)).unwrap_or(i64::MAX);
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
        let metrics = &app.metrics;
        Self {
            reading: Slots::new(MAX_READS, &metrics.reading_waiting),
            writing: Slots::new(MAX_WRITES, &metrics.writing_waiting),
            hashing: Slots::new(app.config.hashing_threads(), &metrics.hashing_waiting),
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
        let permit = match queue {
            Queue::Reading => self.reading.permit().await?,
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
        call.await.unwrap_or_else(|panic| Err(anyhow!("a rule panicked: {panic}").into()))
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
