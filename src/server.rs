//! The running server.

mod cleanup_worker;
mod delivery_worker;
mod reload;
mod run;
mod systemd;

use anyhow::Result;

use crate::config::Config;
use crate::{http, mail};

pub use run::run;

/// Rejects settings that cannot be used on this machine, such as those that name a missing file.
pub fn check(config: &Config) -> Result<()> {
    mail::check(config)?;
    http::check(config)
}
