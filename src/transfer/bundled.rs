//! Data that the program brings along, so that a new installation can found a working group at once.

use super::file::{self, ImportFile};
use crate::accounts::Result;
use crate::accounts::text::search_key;
use crate::app::App;
use crate::store::{self, institutions::ResearchField};

/// The research fields of the OECD; the file names its source.
const RESEARCH_FIELDS: &str = include_str!("../../assets/research-fields.json");

/// The research fields of the OECD, but for those that are there under another number.
///
/// # Errors
/// Only internal ones.
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
