use anyhow::{Result, bail};

use super::output::print;
use crate::accounts::migrate::{self, Migrated};
use crate::app::{App, secret_key};
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;

pub(super) fn run(config: &Config, status: bool, new_key: bool) -> Result<()> {
    let location = config.location()?;
    let database = location.describe();
    if status && location.file().is_some_and(|path| !path.exists()) {
        return print(&format!("{database}: does not exist yet; `serve` and `migrate` create it\n"));
    }
    let app = App::open(config.clone(), Clock::System, Random::from_system())?;
    if status {
        return match app.store.pending_migrations()?.as_slice() {
            [] => print(&format!("{database}: up to date\n")),
            names => print(&format!("{database}: pending migrations: {}\n", names.join(", "))),
        };
    }
    if new_key && !app.store.is_shared() {
        bail!("--new-key is for a PostgreSQL database; an SQLite file can be used with any key");
    }
    let Migrated { steps, warnings } = migrate::migrate(&app)?;
    if new_key {
        secret_key::replace_fingerprint(&app)?;
    }
    let warnings: String = warnings.iter().map(|warning| format!("Warning: {warning}.\n")).collect();
    print(&format!("{database}: up to date, migrations applied: {steps}\n{warnings}"))
}
