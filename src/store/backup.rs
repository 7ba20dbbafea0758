//! Backups of the database, and checks of database files.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use refinery::Target;
use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OpenFlags};

#[cfg(feature = "postgres")]
use super::Reader;
use super::erased_accounts::ErasedAccount;
use super::migrations::{HISTORY, sqlite_runner};
#[cfg(feature = "postgres")]
use super::tables::TABLES;
use super::{Engine, Store};
use crate::clock::Timestamp;

/// The pause before a copy is retried because another process has locked the database.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    /// The number of the last migration.
    pub schema: i64,
    /// The tables, with their numbers of rows.
    pub rows: Vec<(String, i64)>,
}

impl Store {
    /// Checks an SQLite database with [`check_file`]. PostgreSQL checks itself, so only its rows are counted.
    pub fn check(&self) -> Result<Contents> {
        match &self.engine {
            Engine::Sqlite(sqlite) => check_file(&sqlite.path),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => self.count_contents(),
        }
    }

    #[cfg(feature = "postgres")]
    fn count_contents(&self) -> Result<Contents> {
        let schema = self.schema()?;
        if schema < Self::newest_schema() {
            bail!("{}: the database is not up to date; run `migrate` first", self.name());
        }
        let count = |name: &str, db: &Reader<'_>| db.value(&format!("SELECT COUNT(*) FROM {name}"), ());
        self.read(|db| {
            let rows = TABLES.iter().map(|table| Ok((table.name.to_owned(), count(table.name, db)?)));
            Ok(Contents { schema, rows: rows.collect::<Result<_>>()? })
        })
    }
}

/// Copies a database, including its write-ahead log, to a file, which is created or overwritten.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let from = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut to = Connection::open(to)?;
    // All pages are copied in one step, because a write between two steps would restart the copy.
    Backup::new(&from, &mut to)?.run_to_completion(i32::MAX, RETRY_PAUSE, None)?;
    // Leaves a single file, without a write-ahead log.
    to.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(())
}

/// Returns the accounts that were erased in the database `current`. Fails unless `backup` is a backup of it: the ids of another
/// database belong to other people.
pub fn list_erased_after(current: &Path, backup: &Path) -> Result<Vec<ErasedAccount>> {
    let current = open_untrusted(current)?;
    let sql = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'erased_accounts'";
    if current.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let mut statement = current
        .prepare("SELECT account_id, joined_at, erased_at FROM erased_accounts ORDER BY account_id")?;
    let erased = statement.query_map([], |row| {
        Ok(ErasedAccount {
            id: row.get(0)?,
            joined_at: Timestamp::from_micros(row.get(1)?),
            erased_at: Timestamp::from_micros(row.get(2)?),
        })
    })?;
    let erased = erased.collect::<rusqlite::Result<Vec<_>>>()?;
    // A backup contains the times at which the migrations of its database were applied.
    let created_at = |connection: &Connection| {
        let sql = format!("SELECT applied_on FROM {HISTORY} WHERE version = 1");
        connection.query_row(&sql, [], |row| row.get::<_, String>(0))
    };
    if !erased.is_empty() && created_at(&current)? != created_at(&open_untrusted(backup)?)? {
        bail!("the replaced database is not the one that was backed up");
    }
    Ok(erased)
}

/// Fails if another program has the database open, for example to replicate it.
pub fn require_alone(file: &Path) -> Result<()> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    match connection.execute_batch("BEGIN EXCLUSIVE; COMMIT") {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            bail!("another program has {} open; stop it first", file.display())
        }
        // Other errors are ignored: `restore` may replace a damaged database.
        _ => Ok(()),
    }
}

/// Checks that a file is an undamaged database of this program, and returns what it contains. If its schema is newer than
/// the program, the schema is not compared; the caller must reject it.
pub fn check_file(file: &Path) -> Result<Contents> {
    let shown = file.display();
    std::fs::File::open(file).with_context(|| format!("{shown} cannot be read"))?;
    let unreadable = || format!("{shown} cannot be read as a database");
    let connection = open_untrusted(file).with_context(unreadable)?;
    let found = match schema_objects(&connection) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            bail!("{shown} is not an SQLite database")
        }
        found => found.with_context(unreadable)?,
    };
    let Some(history) = found.iter().find(|object| object.name == HISTORY) else {
        bail!("{shown} is a database, but not one of this program");
    };
    // A view can take forever to read. So the history must be a table, and all other data is read after the comparison of
    // the schema.
    if history.kind != "table" {
        bail!("{shown} was tampered with: the {} {HISTORY} is not this program's", history.kind);
    }
    let number = |expression: &str, table: &str| {
        let sql = format!("SELECT {expression} FROM {table}");
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).with_context(unreadable)
    };
    let schema = number("COALESCE(MAX(version), 0)", HISTORY)?;
    if schema < 1 {
        bail!("{shown} is damaged: it does not record its migrations");
    }
    let newest = Store::newest_schema();
    let known = schema_objects(&migrated_to(schema.min(newest))?)?;
    if schema <= newest
        && let Some(problem) = schema_problem(&found, &known)
    {
        bail!("{shown} {problem}");
    }
    let errors = strings(&connection, "PRAGMA integrity_check").with_context(unreadable)?;
    if errors != ["ok"] {
        bail!("{shown} is damaged: {}", errors.join("; "));
    }
    let mut orphans = strings(&connection, "PRAGMA foreign_key_check").with_context(unreadable)?;
    orphans.dedup();
    if !orphans.is_empty() {
        bail!("{shown} is damaged: rows of {} refer to rows that do not exist", orphans.join(", "));
    }
    // The names are those of this program, so no name from the file becomes part of a statement.
    let tables = known.iter().filter(|object| object.kind == "table" && object.name != HISTORY);
    let rows = tables
        .filter(|table| table.is_among(&found))
        .map(|Object { name, .. }| Ok((name.clone(), number("COUNT(*)", name)?)));
    Ok(Contents { schema, rows: rows.collect::<Result<_>>()? })
}

/// Opens a file whose schema may call only functions without side effects.
fn open_untrusted(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Returns how the schema of a database differs from the schema that this program creates. Additional tables and indexes
/// are allowed.
fn schema_problem(found: &[Object], known: &[Object]) -> Option<String> {
    let missing: Vec<&str> =
        known.iter().filter(|object| !object.is_among(found)).map(|object| object.name.as_str()).collect();
    if !missing.is_empty() {
        return Some(format!("is damaged: it lacks {}", missing.join(", ")));
    }
    let is_known = |object: &Object| known.iter().any(|known| known.name == object.name);
    let foreign = found.iter().find(|object| {
        (matches!(object.kind.as_str(), "trigger" | "view") || is_known(object)) && !known.contains(object)
    });
    foreign.map(|Object { kind, name, .. }| {
        format!("was tampered with: the {kind} {name} is not this program's")
    })
}

/// A table, index, trigger or view.
#[derive(PartialEq, Eq)]
struct Object {
    kind: String,
    name: String,
    sql: String,
}

impl Object {
    fn is_among(&self, others: &[Object]) -> bool {
        others.iter().any(|other| (&other.kind, &other.name) == (&self.kind, &self.name))
    }
}

/// Returns the schema of a database, without the tables and indexes that SQLite itself adds. It adds no triggers or views,
/// so these are returned whatever their names are.
fn schema_objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let sql = "SELECT type, name, COALESCE(sql, '') FROM sqlite_schema \
         WHERE NOT (type IN ('table', 'index') AND name GLOB 'sqlite_*') ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let object = |row: &rusqlite::Row<'_>| {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        // The `CREATE TABLE` statement of the history depends on the version of refinery.
        let sql = if name == HISTORY { String::new() } else { row.get(2)? };
        Ok(Object { kind, name, sql })
    };
    statement.query_map([], object)?.collect()
}

/// Returns an empty database in memory with the given schema.
fn migrated_to(schema: i64) -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let target = Target::Version(schema.try_into()?);
    sqlite_runner().set_target(target).run(&mut connection)?;
    Ok(connection)
}

fn strings(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}
