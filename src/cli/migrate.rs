//! `migrate`

use anyhow::Result;

use super::print;
use crate::accounts::migrate::{self, Migrated};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;

pub(super) fn run(config: &Config, status: bool) -> Result<()> {
    let database = config.database();
    if status && !database.exists() {
        return print(&format!("{}: not there yet; `serve` and `migrate` make it\n", database.display()));
    }
    let app = App::open(config.clone(), Clock::System, Random::from_system())?;
    if status {
        let pending = app.store.pending_migrations()?;
        return print(&match pending.as_slice() {
            [] => format!("{}: up to date\n", database.display()),
            names => format!("{}: to be done: {}\n", database.display(), names.join(", ")),
        });
    }
    let Migrated { steps, warnings } = migrate::migrate(&app)?;
    let warnings: String = warnings.iter().map(|warning| format!("Warning: {warning}.\n")).collect();
    print(&format!("{}: up to date, steps taken: {steps}\n{warnings}", database.display()))
}
