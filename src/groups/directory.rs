//! `institutions`, `researchfields`: what working groups may name, for everybody to see.

use crate::app::App;
pub use crate::store::directory::{Institution, ResearchField};
use crate::store::{self, Result};

/// All institutions, in the order in which they were imported.
///
/// # Errors
/// Only internal ones.
pub fn institutions(app: &App) -> Result<Vec<Institution>> {
    app.store.read(store::directory::list_institutions)
}

/// All research fields, by their number.
///
/// # Errors
/// Only internal ones.
pub fn research_fields(app: &App) -> Result<Vec<ResearchField>> {
    app.store.read(store::directory::list_research_fields)
}
