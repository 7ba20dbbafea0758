use anyhow::{Context as _, Result, bail};

use crate::accounts;
use crate::app::{App, lock_data_dir, secret_key};
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;
use crate::store::Store;

/// Opens the application. Creates its SQLite file if it is missing.
pub(super) fn open_or_create(config: &Config) -> Result<App> {
    let app = App::open(config.clone(), Clock::System, Random::from_system())?;
    bring_up_to_date(&app)?;
    if app.store.is_shared() {
        secret_key::store_or_require_same(&app)?;
    }
    Ok(app)
}

/// Opens the application, whose database must exist.
pub(super) fn open(config: &Config) -> Result<App> {
    require_database(config)?;
    open_or_create(config)
}

/// Opens only the database, without loading the secret key.
pub(super) fn open_store(config: &Config) -> Result<Store> {
    require_database(config)?;
    Store::open(&config.location()?)
}

/// Migrates an SQLite file, unless a server may be using it. Drops the warnings, which only `serve` and `migrate` show.
fn bring_up_to_date(app: &App) -> Result<()> {
    if app.store.pending_migrations()?.is_empty() {
        return accounts::migrate::migrate(app).map(drop);
    }
    let outdated = || format!("{}: the database is not up to date; run `migrate` first", app.store.name());
    if app.store.is_shared() {
        bail!(outdated());
    }
    let _lock = lock_data_dir(&app.config.data_dir).with_context(outdated)?;
    accounts::migrate::migrate(app).map(drop)
}

/// Fails if the SQLite file is missing.
pub(super) fn require_database(config: &Config) -> Result<()> {
    let location = config.location()?;
    if location.file().is_some_and(|path| !path.exists()) {
        bail!(
            "there is no database at {}; start the server first, or give its configuration file with --config",
            location.describe()
        );
    }
    Ok(())
}
