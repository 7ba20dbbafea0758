//! Migrations of the schema.

use anyhow::{Error, anyhow, bail};
use rusqlite::Connection;

use super::{Result, Store};

mod sqlite {
    refinery::embed_migrations!("migrations");
}

/// The table in which refinery records the migrations.
pub(super) const HISTORY: &str = "refinery_schema_history";

impl Store {
    /// Applies the pending migrations and returns their number. The database is unchanged if this fails.
    pub fn migrate(&self) -> Result<usize> {
        let mut writer = self.sqlite.lock_writer();
        // Fails if a newer version wrote the database.
        self.schema(&mut writer)?;
        let report = sqlite_runner().run(&mut *writer).map_err(|error| self.unmigratable(&error))?;
        Ok(report.applied_migrations().len())
    }

    /// Returns the names of the pending migrations, in order.
    pub fn pending_migrations(&self) -> Result<Vec<String>> {
        let schema = self.schema(&mut self.sqlite.lock_writer())?;
        let mut pending = sorted_migrations();
        pending.retain(|migration| i64::from(migration.version()) > schema);
        Ok(pending.iter().map(ToString::to_string).collect())
    }

    /// Returns the names of the embedded migrations, in order.
    pub fn embedded_migrations() -> Vec<String> {
        sorted_migrations().iter().map(ToString::to_string).collect()
    }

    /// Returns the number of the last migration that this program knows.
    pub fn newest_schema() -> i64 {
        sorted_migrations().last().map_or(0, |migration| migration.version().into())
    }

    /// Returns the number of the last migration that was applied. Fails if this program does not know it.
    fn schema(&self, connection: &mut Connection) -> Result<i64> {
        // refinery fails if its table does not exist yet.
        let is_migrated = connection.table_exists(None, HISTORY);
        if !is_migrated.map_err(|error| self.unmigratable(&error))? {
            return Ok(0);
        }
        let last = sqlite_runner().get_last_applied_migration(connection);
        let last = last.map_err(|error| self.unmigratable(&error))?;
        let schema = last.map_or(0, |migration| migration.version().into());
        let newest = Self::newest_schema();
        if schema > newest {
            bail!(
                "{}: the database was written by a newer version of this program (schema {schema}, this program knows \
                 {newest}); install that version, or restore an older backup",
                self.sqlite.path.display(),
            );
        }
        Ok(schema)
    }

    fn unmigratable(&self, error: &dyn std::error::Error) -> Error {
        // The error names the step that failed, and its source the cause.
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        anyhow!("{}: the database cannot be brought up to date ({cause})", self.sqlite.path.display())
    }
}

/// Returns the migrations of SQLite, which are applied in one transaction.
pub(super) fn sqlite_runner() -> refinery::Runner {
    sqlite::migrations::runner().set_grouped(true)
}

/// Sorts the migrations by version. refinery sorts them by file name, which puts V10 before V2.
fn sorted_migrations() -> Vec<refinery::Migration> {
    let mut migrations = sqlite_runner().get_migrations().clone();
    migrations.sort();
    migrations
}
