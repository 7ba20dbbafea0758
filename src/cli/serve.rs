use anyhow::Result;

use super::log;
use crate::app::App;
use crate::config::Loaded;
use crate::server;

/// Serves until a signal stops the program. `prepare` runs before the server listens.
pub(super) fn run(loaded: &Loaded, prepare: impl FnOnce(&App) -> Result<()>) -> Result<()> {
    let level = log::init(&loaded.config.log);
    server::run(loaded, prepare, move |new| level.set(new))
}
