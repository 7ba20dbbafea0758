use std::cell::Cell;

use anyhow::{Error, anyhow};

use super::Result;

/// Runs work that stores its result in a cell, and returns the result. With it, the code of a transaction exists once in the
/// program instead of once for each function that uses it, which would add 0.7 MB.
pub fn with_result<T, E: From<Error>>(run: impl FnOnce(&Cell<Option<T>>) -> Result<(), E>) -> Result<T, E> {
    let done = Cell::new(None);
    run(&done)?;
    done.into_inner().ok_or_else(|| anyhow!("a transaction ended without running its work").into())
}
