//! The running server, and the work it does beside requests.

mod cleanup_worker;
mod delivery_worker;
mod reload;
mod run;
mod systemd;

use anyhow::Result;
use tokio::task::spawn_blocking;

use crate::config::Config;
use crate::{app, http, mail};

pub use reload::SetLogLevel;
pub use run::run;

/// Rejects settings that cannot be used on this machine, such as those that name a missing file.
pub fn check(config: &Config) -> Result<()> {
    mail::check(config, &app::load_languages(config)?)?;
    http::check(config)
}

/// Runs blocking work on another thread. A panic is returned as an error.
async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await?
}
