use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context as _, Error, Result, bail};

use crate::private_files;

/// Locks the data folder until the returned file is dropped. A server holds the lock while it runs, so that no second
/// server starts and no backup is restored under it.
pub fn lock_data_dir(folder: &Path) -> Result<File> {
    let path = folder.join("serve.lock");
    let unusable = || format!("{} cannot be locked", path.display());
    private_files::create_dir(folder).with_context(unusable)?;
    let file = private_files::open(&path).with_context(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("a server runs on {}; stop it first, or choose another data_dir", folder.display())
        }
        Err(TryLockError::Error(error)) => Err(Error::new(error).context(unusable())),
    }
}
