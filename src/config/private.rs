//! Files and folders that only their owner may read.

use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

/// Makes a folder that only its owner may enter, if it is missing.
///
/// # Errors
/// If the folder cannot be made.
pub fn create_private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Whether others than its owner may read a file.
///
/// # Errors
/// If the file cannot be looked at.
pub fn others_may_read(file: &Path) -> std::io::Result<bool> {
    Ok(std::fs::metadata(file)?.mode() & 0o077 != 0)
}

/// The same for a configuration file. Its group may read it where it belongs to root: that is how a service reads settings
/// that it cannot change.
pub(super) fn others_may_read_settings(file: &Path) -> std::io::Result<bool> {
    let file = std::fs::metadata(file)?;
    let by_others = if file.uid() == 0 { 0o007 } else { 0o077 };
    Ok(file.mode() & by_others != 0)
}
