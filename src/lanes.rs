//! Where async ends: the one way by which a rule is called, off the async threads and bounded.

use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::Semaphore;

use crate::accounts;
use crate::app::App;

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
        let queue = match lane {
            Lane::Ordinary => &self.ordinary,
            Lane::Hashing => &self.hashing,
        };
        let permit = Arc::clone(queue).acquire_owned().await.map_err(|closed| anyhow!(closed))?;
        let app = Arc::clone(&self.app);
        // The permit goes along: a client that hangs up does not make room while its password is still being hashed.
        let call = tokio::task::spawn_blocking(move || {
            let outcome = rule(&app);
            drop(permit);
            outcome
        });
        call.await.unwrap_or_else(|panic| Err(anyhow!("a rule panicked: {panic}").into()))
    }
}
