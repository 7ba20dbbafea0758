//! Health checks and resource usage of the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::metrics::Levels;
use crate::store;

/// A delivery problem that lasts longer is not transient.
const OUTAGE: Duration = Duration::from_hours(1);

/// With less space writes fail soon: the write-ahead log alone takes four megabytes before SQLite resets it.
const MIN_FREE_SPACE: u64 = 16 * 1024 * 1024;

/// Returns the problems that keep the server from working.
pub fn problems(app: &App) -> Result<Vec<&'static str>> {
    let mut problems = Vec::new();
    if !app.store.pending_migrations()?.is_empty() {
        problems.push("the database is not up to date; run `migrate`");
    }
    if app.store.write(|_| anyhow::Ok(())).is_err() {
        problems.push("the database cannot be written");
    }
    if free_space(&app.config.data_dir).is_some_and(|free| free < MIN_FREE_SPACE) {
        problems.push("the disk of the data folder is nearly full");
    }
    let long_ago = app.clock.now().minus(OUTAGE);
    // One waiting mail is not an outage: the mail server of its recipient may defer mail forever.
    let oldest = || app.store.read(store::outbox::find_oldest_undelivered);
    if app.outage.began_before(long_ago) && oldest()?.is_some_and(|oldest| oldest < long_ago) {
        problems.push("no mail was delivered for more than an hour; see `mail list`");
    }
    Ok(problems)
}

/// Returns the current size of everything that grows.
pub fn levels(app: &App) -> Result<Levels> {
    let (waiting, refused, oldest) = app.store.read(|db| -> store::Result<_> {
        let oldest = store::outbox::find_oldest_undelivered(db)?;
        Ok((store::outbox::count_undelivered(db)?, store::outbox::count_refused(db)?, oldest))
    })?;
    let database = app.config.database();
    let log = PathBuf::from(format!("{}-wal", database.display()));
    let size = |path: &Path| {
        let length = std::fs::metadata(path).map(|file| file.len()).unwrap_or_default();
        i64::try_from(length).unwrap_or(i64::MAX)
    };
    Ok(Levels {
        mails_waiting: waiting,
        mails_refused: refused,
        mail_age: oldest.map(|oldest| app.clock.now().seconds() - oldest.seconds()).unwrap_or_default(),
        database_size: size(&database),
        log_size: size(&log),
        free_space: i64::try_from(free_space(&app.config.data_dir).unwrap_or_default()).unwrap_or(i64::MAX),
        memory: memory().unwrap_or_default(),
    })
}

/// Returns the resident memory in bytes, if the system provides it (proc(5)).
fn memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}

/// Returns the free bytes for this user on the disk of a folder, if the system provides them.
fn free_space(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
