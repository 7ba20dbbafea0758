//! Copies of the database that can be trusted, and whether a file can be.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use refinery::Target;
use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Store, embedded};

/// How long to wait where another process is in the way.
const PAUSE: Duration = Duration::from_millis(50);

/// The table in which the library records the migrations that were done.
const HISTORY: &str = "refinery_schema_history";

/// What is in a database.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    /// The number of the last migration that was done to it.
    pub schema: i64,
    /// Tables, each with the number of its rows.
    pub rows: Vec<(String, i64)>,
}

impl Store {
    /// Copies the database as it is at this moment to a file, which is made or overwritten; writers are not held up.
    ///
    /// # Errors
    /// If either file fails.
    pub fn copy_to(&self, file: &Path) -> Result<()> {
        copy(&self.path, file)
    }

    /// What is in this database, if all of it is sound.
    ///
    /// # Errors
    /// A sentence on what is damaged.
    pub fn check(&self) -> Result<Contents> {
        check_file(&self.path)
    }

    /// The number of the last migration that this program knows.
    pub fn newest_schema() -> i64 {
        let runner = embedded::migrations::runner();
        runner.get_migrations().iter().map(|known| i64::from(known.version())).max().unwrap_or_default()
    }
}

/// Copies a database to a file, which is made or overwritten; what is in the log beside it comes along.
///
/// # Errors
/// If either file fails.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let from = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut to = Connection::open(to)?;
    // All pages in one step, or a writer in between would make it begin again.
    Backup::new(&from, &mut to)?.run_to_completion(i32::MAX, PAUSE, None)?;
    // One file, without a log beside it.
    to.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(())
}

/// Refuses a database that another program has open, such as one that replicates it.
///
/// # Errors
/// A sentence that says so.
pub fn require_alone(file: &Path) -> Result<()> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let alone = connection.execute_batch("BEGIN EXCLUSIVE; COMMIT");
    match alone {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            bail!("another program has {} open; stop it first", file.display())
        }
        // One that is damaged is what a restore is for.
        _ => Ok(()),
    }
}

/// What is in a file, if it is a database of this program and all of it is sound.
///
/// # Errors
/// A sentence on what is wrong with it.
pub fn check_file(file: &Path) -> Result<Contents> {
    let shown = file.display();
    std::fs::File::open(file).with_context(|| format!("{shown} cannot be read"))?;
    let unreadable = || format!("{shown} cannot be read as a database");
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).with_context(unreadable)?;
    // It may come from anywhere: what its schema calls must have no effect.
    connection.pragma_update(None, "trusted_schema", false).with_context(unreadable)?;
    let found = objects(&connection);
    if found.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::NotADatabase)) {
        bail!("{shown} is no SQLite database");
    }
    let found = found.with_context(unreadable)?;
    let Some(history) = found.iter().find(|object| object.name == HISTORY) else {
        bail!("{shown} is a database, but not one of this program");
    };
    // A view can take forever to read. So the schema is compared before the rest is read.
    if history.kind != "table" {
        bail!("{shown} was tampered with: the {} {HISTORY} is not this program's", history.kind);
    }
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let schema =
        number(&format!("SELECT COALESCE(MAX(version), 0) FROM {HISTORY}")).with_context(unreadable)?;
    if schema < 1 {
        bail!("{shown} is damaged: it does not say which migrations were done to it");
    }
    let known = objects(&migrated_to(schema.min(Store::newest_schema()))?)?;
    let has = |object: &Object| {
        found.iter().any(|there| (&there.kind, &there.name) == (&object.kind, &object.name))
    };
    // The caller refuses a newer schema, with a better message.
    if schema <= Store::newest_schema() {
        let lacking: Vec<&str> =
            known.iter().filter(|object| !has(object)).map(|object| object.name.as_str()).collect();
        if !lacking.is_empty() {
            bail!("{shown} is damaged: it lacks {}", lacking.join(", "));
        }
        let is_known = |object: &Object| known.iter().any(|known| known.name == object.name);
        if let Some(Object { kind, name, .. }) =
            found.iter().find(|object| (object.acts() || is_known(object)) && !known.contains(object))
        {
            bail!("{shown} was tampered with: the {kind} {name} is not this program's");
        }
    }
    let faults = texts(&connection, "PRAGMA integrity_check").with_context(unreadable)?;
    if faults != ["ok"] {
        bail!("{shown} is damaged: {}", faults.join("; "));
    }
    let orphans = texts(&connection, "PRAGMA foreign_key_check").with_context(unreadable)?;
    if !orphans.is_empty() {
        bail!("{shown} is damaged: rows of {} point to rows that are not there", orphans.join(", "));
    }
    let tables = known.into_iter().filter(|object| object.kind == "table" && has(object));
    let tables = tables.map(|object| object.name).filter(|table| table != HISTORY);
    let rows = tables.map(|table| Ok((table.clone(), number(&format!("SELECT COUNT(*) FROM {table}"))?)));
    Ok(Contents { schema, rows: rows.collect::<rusqlite::Result<_>>().with_context(unreadable)? })
}

/// A table, index, trigger or view.
#[derive(PartialEq, Eq)]
struct Object {
    kind: String,
    name: String,
    sql: String,
}

impl Object {
    /// Whether it does something by itself when others read or write.
    fn acts(&self) -> bool {
        matches!(self.kind.as_str(), "trigger" | "view")
    }
}

/// Returns the schema of a database without the tables and indexes that SQLite adds to it. SQLite adds no triggers and no
/// views, so one of those is returned whatever its name.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let sql = "SELECT type, name, COALESCE(sql, '') FROM sqlite_schema \
         WHERE NOT (type IN ('table', 'index') AND name GLOB 'sqlite_*') ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let object = |row: &rusqlite::Row<'_>| {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        // The library may create its own table by another statement in another version.
        let sql = if name == HISTORY { String::new() } else { row.get(2)? };
        Ok(Object { kind, name, sql })
    };
    statement.query_map([], object)?.collect()
}

/// An empty database as it is after these migrations.
fn migrated_to(schema: i64) -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let target = Target::Version(schema.try_into()?);
    embedded::migrations::runner().set_target(target).run(&mut connection)?;
    Ok(connection)
}

fn texts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}
