//! Migrations of the schema. Each engine has a folder of them with the same numbers. A migration must not break servers of
//! the version before it, unless it updates the property `compatible_since`.

use anyhow::{Error, anyhow, bail};

use super::properties::{self, Property};
use super::{Engine, Result, Store};

mod sqlite {
    refinery::embed_migrations!("migrations/sqlite");
}

#[cfg(feature = "postgres")]
mod postgres {
    refinery::embed_migrations!("migrations/postgres");
}

/// The table in which refinery records the migrations.
pub(super) const HISTORY: &str = "refinery_schema_history";

impl Store {
    /// Applies the pending migrations and returns their number. The database is unchanged if this fails.
    pub fn migrate(&self) -> Result<usize> {
        if self.schema()? > Self::newest_schema() {
            return Ok(0);
        }
        let report = match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.migrate(&sqlite_runner()),
            #[cfg(feature = "postgres")]
            Engine::Postgres(postgres) => postgres.migrate(&postgres_runner()),
        };
        Ok(report.map_err(|error| self.unmigratable(&error))?.applied_migrations().len())
    }

    /// Returns the names of the pending migrations, in order.
    pub fn pending_migrations(&self) -> Result<Vec<String>> {
        let schema = self.schema()?;
        let mut pending = match &self.engine {
            Engine::Sqlite(_) => sorted(&sqlite_runner()),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => sorted(&postgres_runner()),
        };
        pending.retain(|migration| i64::from(migration.version()) > schema);
        Ok(pending.iter().map(ToString::to_string).collect())
    }

    /// Returns the names of the migrations of SQLite, in order.
    pub fn sqlite_migrations() -> Vec<String> {
        sorted(&sqlite_runner()).iter().map(ToString::to_string).collect()
    }

    /// Returns the names of the migrations of PostgreSQL, in order.
    #[cfg(feature = "postgres")]
    pub fn postgres_migrations() -> Vec<String> {
        sorted(&postgres_runner()).iter().map(ToString::to_string).collect()
    }

    /// Returns the number of the last migration that this program knows. It is the same for both engines.
    pub fn newest_schema() -> i64 {
        sorted(&sqlite_runner()).last().map_or(0, |migration| migration.version().into())
    }

    /// Returns the number of the last migration that was applied. Fails if it is newer than this program, and does not
    /// permit programs as old as this one.
    pub fn schema(&self) -> Result<i64> {
        let is_migrated = match &self.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.writer.with(|connection| Ok(connection.table_exists(None, HISTORY)?))
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => self.read_latest(|db| {
                db.exists(
                    "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
                    [HISTORY],
                )
            }),
        };
        if !is_migrated.map_err(|error| self.unmigratable(&error))? {
            return Ok(0);
        }
        let read = self.read_with_writer(|db| {
            let sql = format!("SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM {HISTORY}");
            let schema: i64 = db.value(&sql, ())?;
            // The table exists since schema 12.
            let compatible =
                if schema < 12 { None } else { properties::find(db, Property::CompatibleSince)? };
            Ok((schema, compatible.and_then(|number| number.parse().ok()).unwrap_or(schema)))
        });
        let (schema, compatible_since) = read.map_err(|error| self.unmigratable(&error))?;
        let newest = Self::newest_schema();
        if schema > newest && compatible_since > newest {
            bail!(
                "{}: the database was written by a newer version of this program (schema {schema}, this program knows \
                 {newest}); install that version, or restore an older backup",
                self.name(),
            );
        }
        Ok(schema)
    }

    fn unmigratable(&self, error: &dyn std::fmt::Display) -> Error {
        anyhow!("{}: the database cannot be brought up to date ({error})", self.name())
    }
}

/// Returns the migrations of SQLite, which are applied in one transaction.
pub(super) fn sqlite_runner() -> refinery::Runner {
    sqlite::migrations::runner().set_grouped(true)
}

#[cfg(feature = "postgres")]
fn postgres_runner() -> refinery::Runner {
    postgres::migrations::runner().set_grouped(true)
}

/// Sorts the migrations by version. refinery sorts them by file name, which puts V10 before V2.
fn sorted(runner: &refinery::Runner) -> Vec<refinery::Migration> {
    let mut migrations = runner.get_migrations().clone();
    migrations.sort();
    migrations
}
