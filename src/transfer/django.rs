//! Moves a site from Django to this program, and back (`docs/moving.md`).
//!
//! An import reads the site into a temporary database (`stage.rs`), finds what it cannot store (`check.rs`), and then adds
//! everything in one transaction (`import.rs`).

mod check;
mod dump;
mod entry;
pub mod export;
mod import;
mod keys;
mod models;
pub mod report;
mod source;
mod stage;

use crate::app::App;
use crate::error::Result;
pub use check::OnConflict;
pub use import::Imported;
use report::Report;
pub use source::Source;
pub use stage::{Refused, Staged, stage, stage_dump};

/// Finds the conflicts of a site and resolves them, within the temporary database.
pub fn check(app: &App, staged: &Staged, on_conflict: OnConflict) -> Result<Report> {
    check::find_and_resolve(app, &staged.staging, on_conflict)?;
    Ok(report::of(staged)?)
}

/// Adds everything that is new, or nothing. Calls `progress` with the number of accounts so far, which begins again if the
/// transaction is repeated.
pub fn import(app: &App, staged: &Staged, dry_run: bool, progress: &dyn Fn(u64)) -> Result<Imported> {
    import::import(app, staged, dry_run, progress)
}
