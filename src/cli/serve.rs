use anyhow::Result;

use super::log;
use crate::config::Loaded;
use crate::server;

pub(super) fn run(loaded: &Loaded) -> Result<()> {
    let level = log::init(&loaded.config.log);
    server::run(loaded, Box::new(move |new| level.set(new)))
}
