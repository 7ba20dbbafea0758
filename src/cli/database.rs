use anyhow::{Result, bail};

use crate::accounts;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;
use crate::store::Store;

/// Opens the application. Creates its database if it is missing, and migrates it.
pub(super) fn open_or_create(config: &Config) -> Result<App> {
    let app = App::open(config.clone(), Clock::System, Random::from_system())?;
    // Drops the warnings, which only the commands `serve` and `migrate` show.
    accounts::migrate::migrate(&app)?;
    Ok(app)
}

/// Opens the application and migrates its database, which must exist.
pub(super) fn open(config: &Config) -> Result<App> {
    require_database(config)?;
    open_or_create(config)
}

/// Opens only the database, without loading the secret key.
pub(super) fn open_store(config: &Config) -> Result<Store> {
    require_database(config)?;
    Store::open(&config.database())
}

fn require_database(config: &Config) -> Result<()> {
    let database = config.database();
    if !database.exists() {
        bail!(
            "there is no database at {}; start the server first, or give its configuration file with --config",
            database.display()
        );
    }
    Ok(())
}
