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
pub mod models;
pub mod report;
mod sessions;
mod source;
mod stage;

use crate::app::App;
use crate::error::Result;
pub use check::OnConflict;
pub use entry::Faults;
pub use import::{Imported, import};
use report::SiteReport;
pub use source::Source;
pub use stage::{Staged, stage, stage_dump};

/// The rows that are read or compared in one statement.
const PAGE: i64 = 256;

/// Finds the conflicts of a site and resolves them, within the temporary database.
pub fn check(app: &App, staged: &Staged, on_conflict: OnConflict) -> Result<SiteReport> {
    check::find_and_resolve(app, staged, on_conflict)?;
    Ok(report::of(staged)?)
}
