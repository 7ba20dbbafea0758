use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::output::{print, progress_bar};
use crate::app::lock_data_dir;
use crate::config::{Config, Location};
use crate::private_files;
use crate::store::Store;
use crate::transfer::relocate::relocate;

pub(super) fn run(config: &Config, from: &str, to: &str) -> Result<()> {
    let from = config.database.locate_uncounted(from).context("--from")?;
    let to = config.database.locate_uncounted(to).context("--to")?;
    if let Some(path) = from.file().filter(|path| !path.exists()) {
        bail!("--from: there is no database at {}", path.display());
    }
    let _locks = lock_folders(&[&from, &to])?;
    let created = to.file().filter(|path| !path.exists());
    let moved = Store::open(&from).and_then(|source| {
        let target = Store::open(&to)?;
        move_with_progress(&source, &target)
    });
    if let (Err(_), Some(path)) = (&moved, created) {
        remove_database(path);
    }
    let tables: String = moved?.iter().map(|(table, rows)| format!("  {table}: {rows}\n")).collect();
    print(&format!("{}: all rows of {} are here and verified\n{tables}", to.describe(), from.describe()))
}

/// Locks the folders of SQLite files, so that no server uses them.
fn lock_folders(locations: &[&Location]) -> Result<Vec<File>> {
    let files = locations.iter().filter_map(|location| location.file());
    let mut folders: Vec<_> = files.map(private_files::parent).collect();
    folders.dedup();
    folders.into_iter().map(lock_data_dir).collect()
}

fn move_with_progress(source: &Store, target: &Store) -> Result<Vec<(&'static str, u64)>> {
    let bar = progress_bar(" rows");
    let moved = relocate(source, target, &|done, steps| {
        bar.set_length(steps);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    Ok(moved?.into_iter().map(|(table, summary)| (table, summary.rows)).collect())
}

/// Removes an SQLite file that the command created, and the files that belong to it.
fn remove_database(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        // The command has failed already, and the rest is an empty database.
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
}
