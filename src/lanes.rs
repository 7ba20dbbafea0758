//! Where async ends: the one way by which a rule is called, off the async threads and bounded.

use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::accounts::{self, Error};
use crate::app::App;
use crate::metrics::Outcome;

/// Calls without hashing that run at a time; they spend their time on the disk.
const ORDINARY: usize = 32;

/// Which queue a call waits in, so that many logins do not delay anybody who is in already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Reads and writes.
    Ordinary,
    /// Hashes a password: as many at a time as `passwords.hashing_threads`, so that memory is bounded too.
    Hashing,
}

/// The queues.
pub struct Lanes {
    app: Arc<App>,
    ordinary: Arc<Semaphore>,
    hashing: Arc<Semaphore>,
}

impl Lanes {
    /// Queues over an application.
    pub fn new(app: Arc<App>) -> Self {
        let hashing = Arc::new(Semaphore::new(app.config.hashing_threads()));
        Self { app, ordinary: Arc::new(Semaphore::new(ORDINARY)), hashing }
    }

    /// Calls a rule on a thread that may block.
    ///
    /// # Errors
    /// Those of the rule.
    pub async fn call<T: Send + 'static>(
        &self,
        lane: Lane,
        rule: impl FnOnce(&App) -> accounts::Result<T> + Send + 'static,
    ) -> accounts::Result<T> {
        let permit = match lane {
            Lane::Ordinary => Arc::clone(&self.ordinary).acquire_owned().await,
            Lane::Hashing => self.turn_to_hash().await,
        };
        let permit = permit.map_err(|closed| anyhow!(closed))?;
        let app = Arc::clone(&self.app);
        // The permit goes along: a client that hangs up does not make room while its password is still being hashed.
        let call = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let outcome = rule(&app);
            if lane == Lane::Hashing {
                app.metrics.hashing_time.observe(began.elapsed().as_secs_f64());
            }
            drop(permit);
            outcome
        });
        call.await.unwrap_or_else(|panic| Err(anyhow!("a rule panicked: {panic}").into()))
    }

    async fn turn_to_hash(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        let metrics = &self.app.metrics;
        let (began, waits) = (Instant::now(), Waits::begin(&metrics.hashing_waiting));
        let permit = Arc::clone(&self.hashing).acquire_owned().await;
        drop(waits);
        metrics.hashing_wait.observe(began.elapsed().as_secs_f64());
        permit
    }

    /// Counts an operation, by the name of its field in the schema.
    pub fn count<T>(&self, operation: &str, outcome: &accounts::Result<T>) {
        let outcome = match outcome {
            Ok(_) => Outcome::Done,
            Err(Error::Refused(_) | Error::Misused(_)) => Outcome::Refused,
            Err(Error::Unavailable(_) | Error::Internal(_)) => Outcome::Failed,
        };
        self.app.metrics.count(operation, outcome);
    }
}

/// Somebody who waits, also one who hangs up meanwhile.
struct Waits<'a>(&'a Gauge);

impl<'a> Waits<'a> {
    fn begin(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
