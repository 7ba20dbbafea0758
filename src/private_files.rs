//! Files and folders that only their owner may read.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;

/// Creates a folder and its parents if they are missing.
pub fn create_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens a file to read and write it. Creates it if it is missing, and keeps its contents otherwise.
pub fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Creates a file, which must not exist yet. It has a temporary name until it is complete, so that an incomplete file is
/// never mistaken for a complete one.
pub fn create<T>(path: &Path, write: impl FnOnce(&mut NamedTempFile) -> Result<T>) -> Result<T> {
    if path.exists() {
        bail!("{} already exists; choose another name, or remove it first", path.display());
    }
    let folder = parent(path);
    if !folder.is_dir() {
        bail!("{} cannot be written: the folder {} does not exist", path.display(), folder.display());
    }
    let unwritable = || format!("{} cannot be written", path.display());
    let mut file = NamedTempFile::new_in(folder).with_context(unwritable)?;
    let written = write(&mut file)?;
    file.as_file().sync_all().with_context(unwritable)?;
    file.persist_noclobber(path).with_context(unwritable)?;
    Ok(written)
}

/// Writes a file, in place of one that may exist. After a crash, it has either the former or the new contents.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    create_dir(parent(path))?;
    let mut file = NamedTempFile::new_in(parent(path))?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Returns the folder of a file.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
