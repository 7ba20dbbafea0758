use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rusqlite::Connection;

use crate::print_rate;

/// Inserts one row a transaction. Each is on disk before the next begins.
pub fn run(duration: Duration, folder: &Path) -> Result<()> {
    let folder = tempfile::tempdir_in(folder)?;
    let connection = Connection::open(folder.path().join("commits.sqlite3"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE entries (id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
    )?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    ensure!(synchronous == 2, "synchronous is not FULL");
    let mut insert = connection.prepare("INSERT INTO entries (value) VALUES (?1)")?;
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < duration {
        insert.execute(["0123456789abcdef0123456789abcdef"])?;
        count += 1;
    }
    print_rate(count, began.elapsed());
    Ok(())
}
