//! Files that commands make.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;

/// Makes a file that must not be there yet, readable by its owner alone. Until `write` is done it has another name, so
/// that no half of it is ever taken for the whole.
pub(super) fn make<T>(file: &Path, write: impl FnOnce(&mut NamedTempFile) -> Result<T>) -> Result<T> {
    if file.exists() {
        bail!("{} is there already; choose another name, or take it away first", file.display());
    }
    let unwritable = || format!("{} cannot be written", file.display());
    let folder = folder_of(file);
    if !folder.is_dir() {
        bail!("{} cannot be written: there is no folder {}", file.display(), folder.display());
    }
    let mut whole = NamedTempFile::new_in(folder).with_context(unwritable)?;
    let written = write(&mut whole)?;
    whole.as_file().sync_all().with_context(unwritable)?;
    whole.persist_noclobber(file).with_context(unwritable)?;
    Ok(written)
}

/// The folder that a file is in.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
