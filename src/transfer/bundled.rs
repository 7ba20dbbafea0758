//! Data that comes with the program, so that users of a new installation can create working groups immediately.

use super::file::{self, ImportFile};
use crate::app::App;
use crate::error::Result;
use crate::store::{self, institutions::ResearchField};
use crate::text::search_key;

const RESEARCH_FIELDS: &str = include_str!("../../assets/research-fields.json");

/// Returns the research fields of the OECD, without those that exist under another id.
pub fn research_fields(app: &App) -> Result<ImportFile> {
    let mut bundled = file::parse(RESEARCH_FIELDS)
        .map_err(|faults| anyhow::anyhow!("the bundled research fields are faulty: {faults:?}"))?;
    let there = app.store.read(store::institutions::list_research_fields)?;
    let is_same = |one: &ResearchField, other: &ResearchField| {
        let key = |it: &ResearchField| (search_key(&it.field), search_key(&it.subfield));
        one.id != other.id && key(one) == key(other)
    };
    bundled.research_fields.retain(|new| !there.iter().any(|old| is_same(new, old)));
    Ok(bundled)
}
