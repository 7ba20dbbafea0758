//! Health checks, and metrics of the mails and the use of disk and memory.

pub mod overview;

use std::path::Path;
use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::store;

/// A shorter outage of mail delivery is not reported.
const MIN_MAIL_OUTAGE: Duration = Duration::from_hours(1);

/// With less space, writes soon fail: the write-ahead log alone grows to four megabytes before SQLite resets it.
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
    if !app.store.is_shared() && free_space(&app.config.data_dir).is_some_and(|free| free < MIN_FREE_SPACE) {
        problems.push("the disk of the data folder is nearly full");
    }
    let long_ago = app.clock.now().minus(MIN_MAIL_OUTAGE);
    // An old mail alone is not an outage, because the mail server of its recipient may defer it forever.
    let oldest = || app.store.read_latest(store::outbox::find_time_of_oldest_waiting);
    if app.outage.began_before(long_ago) && oldest()?.is_some_and(|oldest| oldest < long_ago) {
        problems.push("no mail was delivered for more than an hour; see `mail list`");
    }
    Ok(problems)
}

/// Updates the metrics that are read only on request: mails, the sizes of the database and the disk, and memory.
pub fn update_metrics(app: &App) -> Result<()> {
    let (waiting, refused, oldest) = app.store.read(|db| -> store::Result<_> {
        let oldest = store::outbox::find_time_of_oldest_waiting(db)?;
        Ok((store::outbox::count_waiting(db)?, store::outbox::count_refused(db)?, oldest))
    })?;
    let metrics = &app.metrics;
    metrics.set_mails(waiting, refused);
    metrics.mail_age_seconds.set(oldest.map_or(0, |oldest| app.clock.now().seconds() - oldest.seconds()));
    let (database, log) = app.store.sizes()?;
    metrics.database_bytes.set(database);
    metrics.database_log_bytes.set(log);
    let free = free_space(&app.config.data_dir).unwrap_or_default();
    metrics.disk_free_bytes.set(free.try_into().unwrap_or(i64::MAX));
    metrics.memory_bytes.set(memory().unwrap_or_default());
    Ok(())
}

/// Returns the resident memory in bytes, if the system provides it (proc(5)).
fn memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}

/// Returns the free bytes on the disk of a folder, if the system provides them.
fn free_space(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
