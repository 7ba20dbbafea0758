//! Research fields that the program contains, because users cannot create working groups without any.

use super::file::{self, ImportFile};
use crate::app::App;
use crate::error::Result;
use crate::store::{self, institutions::ResearchField};
use crate::text::search_key;

const RESEARCH_FIELDS: &str = include_str!("../../assets/research-fields.json");

/// Returns the OECD research fields, without those that the database has under another id.
pub fn research_fields(app: &App) -> Result<ImportFile> {
    let mut bundled = file::parse(RESEARCH_FIELDS)
        .map_err(|faults| anyhow::anyhow!("the bundled research fields are faulty: {faults:?}"))?;
    let existing = app.store.read_latest(store::institutions::list_research_fields)?;
    let key = |field: &ResearchField| (search_key(&field.field), search_key(&field.subfield));
    bundled
        .research_fields
        .retain(|new| !existing.iter().any(|old| old.id != new.id && key(old) == key(new)));
    Ok(bundled)
}
