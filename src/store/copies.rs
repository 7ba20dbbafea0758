//! Copies of the database that can be trusted, and whether a file can be.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Store, embedded};

/// How long to wait where another process is in the way.
const PAUSE: Duration = Duration::from_millis(50);

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
    let faults = texts(&connection, "PRAGMA integrity_check");
    if faults.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::NotADatabase)) {
        bail!("{shown} is no SQLite database");
    }
    let faults = faults.with_context(unreadable)?;
    if faults != ["ok"] {
        bail!("{shown} is damaged: {}", faults.join("; "));
    }
    let orphans = texts(&connection, "PRAGMA foreign_key_check").with_context(unreadable)?;
    if !orphans.is_empty() {
        bail!("{shown} is damaged: rows of {} point to rows that are not there", orphans.join(", "));
    }
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let tables = texts(&connection, tables).with_context(unreadable)?;
    if !tables.iter().any(|table| table == "refinery_schema_history") {
        bail!("{shown} is a database, but not one of this program");
    }
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let schema =
        number("SELECT COALESCE(MAX(version), 0) FROM refinery_schema_history").with_context(unreadable)?;
    let tables = tables.into_iter().filter(|table| table != "refinery_schema_history");
    let rows = tables.map(|table| Ok((table.clone(), number(&format!("SELECT COUNT(*) FROM {table}"))?)));
    Ok(Contents { schema, rows: rows.collect::<rusqlite::Result<_>>().with_context(unreadable)? })
}

fn texts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}
