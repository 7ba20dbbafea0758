use std::cell::Cell;

use anyhow::{Error, anyhow};

use super::Result;

/// Runs work that stores its result in a cell, and returns the result. The code of a transaction is then compiled once. A generic
/// function would be compiled for each caller, which makes the program 0.7 MB larger.
pub fn with_result<T, E: From<Error>>(run: impl FnOnce(&Cell<Option<T>>) -> Result<(), E>) -> Result<T, E> {
    let done = Cell::new(None);
    run(&done)?;
    done.into_inner().ok_or_else(|| anyhow!("a transaction ended without running its work").into())
}
