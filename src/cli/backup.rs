//! `backup`, `restore`, `verify`

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::atomic_file::{self, folder_of};
use super::{lock, open_store, print};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;
use crate::store::backup::{self, Contents};

/// Tables that people ask about, and what they call their rows.
const NAMES: [(&str, &str); 4] = [
    ("accounts", "accounts"),
    ("working_groups", "working groups"),
    ("institutions", "institutions"),
    ("outbox", "mails"),
];

pub(super) fn backup(config: &Config, file: &Path, keep: Option<NonZeroUsize>) -> Result<()> {
    let store = open_store(config)?;
    let contents = atomic_file::make(file, |copy| {
        store.copy_to(copy.path()).with_context(|| format!("{} cannot be written", file.display()))?;
        backup::check_file(copy.path())
    })?;
    let gone = keep.map(|keep| forget(file, keep)).transpose()?.unwrap_or_default();
    let removed: String = gone.iter().map(|old| format!("removed: {}\n", old.display())).collect();
    print(&format!("{}: checked; {}\n{removed}", file.display(), describe(&contents)))
}

pub(super) fn restore(config: &Config, file: &Path, force: bool) -> Result<()> {
    let contents = backup::check_file(file)?;
    let known = Store::newest_schema();
    if contents.schema > known {
        bail!(
            "{} was written by a newer version of this program (schema {}, this program knows {known}); install that \
             version first",
            file.display(),
            contents.schema
        );
    }
    let database = config.database();
    if database.exists() && !force {
        bail!(
            "there is a database at {}; --force puts it aside, under another name, and restores this one",
            database.display()
        );
    }
    let _lock = lock(config)?;
    let unwritable = || format!("{} cannot be written", database.display());
    // Only the contents: the backup may lie about with other permissions than a database should have, or have a log
    // beside it.
    let copy = tempfile::NamedTempFile::new_in(&config.data_dir).with_context(unwritable)?;
    backup::copy(file, copy.path()).with_context(unwritable)?;
    copy.as_file().sync_all().with_context(unwritable)?;
    let contents = backup::check_file(copy.path())?;
    let mut aside = String::new();
    if database.exists() {
        backup::require_alone(&database)?;
        let kept = put_aside(&database).with_context(unwritable)?;
        aside = format!("What was there before is now {}.\n", kept.display());
    }
    copy.persist_noclobber(&database).with_context(unwritable)?;
    print(&format!("{}: restored; {}\n{aside}", database.display(), describe(&contents)))
}

pub(super) fn verify(config: &Config) -> Result<()> {
    let contents = open_store(config)?.check()?;
    print(&format!("{}: sound; {}\n", config.database().display(), describe(&contents)))
}

fn describe(contents: &Contents) -> String {
    let counted = NAMES.iter().filter_map(|(table, name)| {
        let (_, rows) = contents.rows.iter().find(|(known, _)| known == table)?;
        Some(format!("{name}: {rows}"))
    });
    format!("schema {}, {}", contents.schema, counted.collect::<Vec<_>>().join(", "))
}

/// Renames a database with what belongs to it, and answers its new name.
fn put_aside(database: &Path) -> Result<PathBuf> {
    let moment = Clock::System.now().to_string().replace([':', '+'], "-");
    let kept = database.with_file_name(format!("auth.before-{moment}.sqlite3"));
    for suffix in ["", "-wal", "-shm"] {
        let with = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        if with(database).exists() {
            fs::rename(with(database), with(&kept))?;
        }
    }
    Ok(kept)
}

/// Removes the oldest of the files that are called like this one but for digits, so that `keep` are left.
fn forget(file: &Path, keep: NonZeroUsize) -> Result<Vec<PathBuf>> {
    let shape = |path: &Path| -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.chars().map(|sign| if sign.is_ascii_digit() { '0' } else { sign }).collect()
    };
    let entries =
        fs::read_dir(folder_of(file))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let mut alike: Vec<PathBuf> = entries.into_iter().filter(|path| shape(path) == shape(file)).collect();
    // Their names tell their order, as dates do.
    alike.sort();
    let gone = alike.len().saturating_sub(keep.get());
    for old in &alike[..gone] {
        fs::remove_file(old).with_context(|| format!("{} cannot be removed", old.display()))?;
    }
    alike.truncate(gone);
    Ok(alike)
}
