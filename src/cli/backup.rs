use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;

use super::database::{open_store, require_database};
use super::log::print_error;
use super::output::print;
use crate::accounts::erasure;
use crate::accounts::migrate::migrate_schema;
use crate::app::lock_data_dir;
use crate::clock::Clock;
use crate::config::{Config, Location};
use crate::private_files;
use crate::store::Store;
use crate::store::backup::{self, Contents};
use crate::store::properties::{self, Property};

/// Tables whose rows are counted in the output, and their names there.
const COUNTED_TABLES: [(&str, &str); 4] = [
    ("accounts", "accounts"),
    ("working_groups", "working groups"),
    ("institutions", "institutions"),
    ("outbox", "mails"),
];

pub(super) fn backup(config: &Config, file: &Path, keep: Option<NonZeroUsize>) -> Result<()> {
    require_database(config)?;
    let location = config.location()?;
    let Some(database) = location.file() else {
        bail!(
            "{} is a PostgreSQL database; back it up with its own tools, for example `pg_dump --format=custom`",
            location.describe()
        )
    };
    let contents = private_files::create(file, |copy| {
        backup::copy(database, copy.path())
            .with_context(|| format!("{} cannot be written", file.display()))?;
        backup::check_file(copy.path())
    })?;
    // The backup is good all the same, for example while another process writes, or before a migration.
    if let Err(error) = record_backup(config) {
        print_error(&format!("the time of the backup was not recorded for the page /admin: {error:#}"));
    }
    let removed = keep.map(|keep| remove_oldest(file, keep)).transpose()?.unwrap_or_default();
    let removed: String = removed.iter().map(|old| format!("removed: {}\n", old.display())).collect();
    print(&format!("{}: checked; {}\n{removed}", file.display(), describe(&contents)))
}

fn record_backup(config: &Config) -> Result<()> {
    let now = Clock::System.now().micros().to_string();
    open_store(config)?.write(|tx| properties::upsert(tx, Property::LastBackup, &now))
}

pub(super) fn restore(config: &Config, file: &Path, force: bool, keep_erased: bool) -> Result<()> {
    let location = config.location()?;
    let Some(database) = location.file() else {
        bail!(
            "{} is a PostgreSQL database; restore it with its own tools, for example `pg_restore`, or move a backup of an SQLite \
             database there with `move`",
            location.describe()
        )
    };
    let contents = backup::check_file(file)?;
    let (schema, known) = (contents.schema, Store::newest_schema());
    if schema > known {
        bail!(
            "{} was written by a newer version of this program (schema {schema}, this program knows {known}); install \
             that version first",
            file.display()
        );
    }
    if database.exists() && !force {
        bail!("{} exists; --force replaces it, and keeps it under another name", database.display());
    }
    let _lock = lock_data_dir(&config.data_dir)?;
    let unwritable = || format!("{} cannot be written", database.display());
    // The contents are copied, because the file may be readable by others, or have a write-ahead log.
    let copy = NamedTempFile::new_in(&config.data_dir).with_context(unwritable)?;
    backup::copy(file, copy.path()).with_context(unwritable)?;
    copy.as_file().sync_all().with_context(unwritable)?;
    let contents = backup::check_file(copy.path())?;
    let mut replaced = String::new();
    let erased_again = if database.exists() {
        backup::require_alone(database)?;
        if keep_erased {
            let report = "Accounts that were erased after the backup are kept, as --keep-erased asks.\n";
            ErasedAgain { file: None, report: report.to_owned() }
        } else {
            let repeated = repeat_erasures(config, database, copy.path());
            // A failure does not prevent the restore, which may be urgent.
            repeated.unwrap_or_else(|error| ErasedAgain::none_because(&format!("{error:#}")))
        }
    } else {
        ErasedAgain::none_because("there was no database that could name them")
    };
    if database.exists() {
        let kept = rename_database(database).with_context(unwritable)?;
        replaced = format!("The replaced database is now {}.\n", kept.display());
    }
    let ErasedAgain { file, report } = erased_again;
    let (file, contents) = file.unwrap_or((copy, contents));
    file.persist_noclobber(database).with_context(unwritable)?;
    print(&format!("{}: restored; {}\n{replaced}{report}", database.display(), describe(&contents)))
}

/// What `restore` did with the accounts that were erased after the backup.
struct ErasedAgain {
    /// The database to restore, if it differs from the backup.
    file: Option<(NamedTempFile, Contents)>,
    report: String,
}

impl ErasedAgain {
    fn none_because(reason: &str) -> Self {
        let report = format!(
            "Accounts that were erased after the backup may be back: {reason}. Erase them again with `user delete`; \
             docs/privacy.md describes how.\n"
        );
        Self { file: None, report }
    }
}

/// Erases the accounts in a copy of a backup that were erased in the current database.
fn repeat_erasures(config: &Config, current: &Path, backup: &Path) -> Result<ErasedAgain> {
    let erased = backup::list_erased_after(current, backup)?;
    if erased.is_empty() {
        return Ok(ErasedAgain { file: None, report: String::new() });
    }
    // A folder, because SQLite adds files to the database while it is open.
    let folder = tempfile::tempdir_in(&config.data_dir)?;
    let changed = folder.path().join("auth.sqlite3");
    backup::copy(backup, &changed)?;
    let store = Store::open(&Location::Sqlite(changed.clone()))?;
    migrate_schema(&store)?;
    let ids = erasure::erase_restored(&store, &erased, Clock::System.now())?;
    drop(store);
    let file = NamedTempFile::new_in(&config.data_dir)?;
    backup::copy(&changed, file.path())?;
    file.as_file().sync_all()?;
    let contents = backup::check_file(file.path())?;
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let report = if ids.is_empty() {
        String::new()
    } else {
        format!(
            "Erased again, because they were erased after the backup: accounts {}. If that was a mistake, `restore` with \
             --keep-erased keeps them.\n",
            ids.join(", ")
        )
    };
    Ok(ErasedAgain { file: Some((file, contents)), report })
}

pub(super) fn verify(config: &Config) -> Result<()> {
    let store = open_store(config)?;
    let contents = store.check()?;
    print(&format!("{}: sound; {}\n", store.name(), describe(&contents)))
}

fn describe(contents: &Contents) -> String {
    let counted = COUNTED_TABLES.iter().filter_map(|(table, name)| {
        let (_, rows) = contents.rows.iter().find(|(known, _)| known == table)?;
        Some(format!("{name}: {rows}"))
    });
    format!("schema {}, {}", contents.schema, counted.collect::<Vec<_>>().join(", "))
}

/// Renames a database and the files that belong to it. Returns its new path.
fn rename_database(database: &Path) -> Result<PathBuf> {
    let time = Clock::System.now().to_string().replace([':', '+'], "-");
    let kept = database.with_file_name(format!("auth.before-{time}.sqlite3"));
    for suffix in ["", "-wal", "-shm"] {
        let with_suffix = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        if with_suffix(database).exists() {
            fs::rename(with_suffix(database), with_suffix(&kept))?;
        }
    }
    Ok(kept)
}

/// Removes the files whose names differ from `file` only in digits, except the last `keep` by name. Returns their paths.
fn remove_oldest(file: &Path, keep: NonZeroUsize) -> Result<Vec<PathBuf>> {
    let pattern = |path: &Path| -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
    };
    let mut backups = Vec::new();
    for entry in fs::read_dir(private_files::parent(file))? {
        backups.push(entry?.path());
    }
    backups.retain(|path| pattern(path) == pattern(file));
    // The digits are expected to be a date, so that the oldest names come first.
    backups.sort();
    let surplus = backups.len().saturating_sub(keep.get());
    for old in &backups[..surplus] {
        fs::remove_file(old).with_context(|| format!("{} cannot be removed", old.display()))?;
    }
    backups.truncate(surplus);
    Ok(backups)
}
