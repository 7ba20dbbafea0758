//! The rules of institutions and research fields for operators.

use crate::accounts::validation::{GROUP_NAME, clean_text};
use crate::app::App;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::groups::errors::{INSTITUTION_NOT_FOUND, RESEARCH_FIELD_INVALID};
use crate::groups::queries::words;
use crate::paging;
use crate::security::audit::Event;
use crate::security::{Operator, Tx};
use crate::store;
use crate::store::institutions::{Institution, ResearchField};
use crate::text;

/// The name and place of an institution, as an operator enters them.
#[derive(Debug, Default, Clone)]
pub struct InstitutionForm {
    pub name: String,
    pub city: String,
    pub state: String,
    pub country: String,
}

/// A page of institutions, in the order in which they were added.
pub struct InstitutionPage {
    pub institutions: Vec<Institution>,
    pub has_more: bool,
}

/// Returns at most `limit` institutions whose names and places contain all words of a search.
pub fn list_institutions(app: &App, search: &str, offset: i64, limit: usize) -> Result<InstitutionPage> {
    let words = words(search);
    let wanted = paging::to_read(limit);
    let mut institutions =
        app.store.read(|db| store::institutions::list_institutions(db, &words, wanted, offset))?;
    let has_more = paging::cut(&mut institutions, limit);
    Ok(InstitutionPage { institutions, has_more })
}

pub fn find_institution(app: &App, id: &str) -> Result<Option<Institution>> {
    let Some(id) = text::uuid(id) else { return Ok(None) };
    Ok(app.store.read(|db| store::institutions::find_institution(db, &id))?)
}

/// Adds an institution, and returns its id.
pub fn add_institution<'a>(by: impl Into<Operator<'a>>, form: &InstitutionForm) -> Result<String> {
    let by = by.into();
    let id = by.app.random.uuid();
    let institution = validated(form, &id)?;
    by.run(|tx| {
        store::institutions::upsert_institution(tx, &institution)?;
        tx.record(None, Event::InstitutionAdded(&id))
    })?;
    Ok(id)
}

/// Corrects the name and place of an institution. Returns false if nothing changes.
pub fn change_institution<'a>(by: impl Into<Operator<'a>>, id: &str, form: &InstitutionForm) -> Result<bool> {
    let id = text::uuid(id).ok_or(INSTITUTION_NOT_FOUND)?;
    let institution = validated(form, &id)?;
    by.into().run(|tx| {
        require_institution(tx, &id)?;
        let changed = store::institutions::upsert_institution(tx, &institution)?;
        if changed {
            tx.record(None, Event::InstitutionChanged(&id))?;
        }
        Ok(changed)
    })
}

/// Moves all working groups of an institution to another one, and deletes the institution.
pub fn merge_institution<'a>(by: impl Into<Operator<'a>>, id: &str, into: &str) -> Result<()> {
    let id = text::uuid(id).ok_or(INSTITUTION_NOT_FOUND)?;
    let into = text::uuid(into.trim()).ok_or(INSTITUTION_NOT_FOUND)?;
    if id == into {
        return Err(SAME);
    }
    by.into().run(|tx| {
        require_institution(tx, &id)?;
        require_institution(tx, &into)?;
        let clashing = store::groups::list_names_in_both(tx, &id, &into)?;
        if !clashing.is_empty() {
            let names = clashing.join(", ");
            return Err(Error::bad_request(format!(
                "Both institutions have working groups with these names: {names}. Delete one of each pair first."
            )));
        }
        store::groups::replace_institution(tx, &id, &into)?;
        store::institutions::delete_institution(tx, &id)?;
        tx.record(None, Event::InstitutionMerged(&into))
    })
}

pub fn list_research_fields(app: &App) -> Result<Vec<ResearchField>> {
    Ok(app.store.read(store::institutions::list_research_fields)?)
}

/// Adds a research field, and returns its id.
pub fn add_research_field<'a>(by: impl Into<Operator<'a>>, field: &str, subfield: &str) -> Result<i64> {
    let new = validated_field(0, field, subfield)?;
    by.into().run(|tx| {
        let id = store::institutions::max_research_field_id(tx)? + 1;
        store::institutions::upsert_research_field(tx, &ResearchField { id, ..new.clone() })?;
        tx.record(None, Event::ResearchFieldAdded(&id.to_string()))?;
        Ok(id)
    })
}

/// Corrects the names of a research field. Returns false if nothing changes.
pub fn change_research_field<'a>(
    by: impl Into<Operator<'a>>,
    id: i64,
    field: &str,
    subfield: &str,
) -> Result<bool> {
    let new = validated_field(id, field, subfield)?;
    by.into().run(|tx| {
        require_research_field(tx, id)?;
        let changed = store::institutions::upsert_research_field(tx, &new)?;
        if changed {
            tx.record(None, Event::ResearchFieldChanged(&id.to_string()))?;
        }
        Ok(changed)
    })
}

/// Moves all working groups of a research field to another one, and deletes the research field.
pub fn merge_research_field<'a>(by: impl Into<Operator<'a>>, id: i64, into: i64) -> Result<()> {
    if id == into {
        return Err(SAME);
    }
    by.into().run(|tx| {
        require_research_field(tx, id)?;
        require_research_field(tx, into)?;
        store::groups::replace_research_field(tx, id, into)?;
        store::institutions::delete_research_field(tx, id)?;
        tx.record(None, Event::ResearchFieldMerged(&into.to_string()))
    })
}

const SAME: Error =
    Error::BadRequest(std::borrow::Cow::Borrowed("Choose another one to merge this one into."));

fn require_institution(tx: &Tx<'_>, id: &str) -> Result<()> {
    if store::institutions::has_institution(tx, id)? { Ok(()) } else { Err(INSTITUTION_NOT_FOUND) }
}

fn require_research_field(tx: &Tx<'_>, id: i64) -> Result<()> {
    if store::institutions::has_research_field(tx, id)? { Ok(()) } else { Err(RESEARCH_FIELD_INVALID) }
}

fn validated(form: &InstitutionForm, id: &str) -> Result<Institution> {
    let mut errors = FieldErrors::default();
    let name = required(&mut errors, "name", &form.name);
    let country = required(&mut errors, "country", &form.country);
    let city = errors.keep("city", clean_text(&form.city, GROUP_NAME)).unwrap_or_default();
    let state = errors.keep("state", clean_text(&form.state, GROUP_NAME)).unwrap_or_default();
    errors.into_result()?;
    let state = (!state.is_empty()).then_some(state);
    Ok(Institution { id: id.to_owned(), name, city, state, country })
}

fn validated_field(id: i64, field: &str, subfield: &str) -> Result<ResearchField> {
    let mut errors = FieldErrors::default();
    let field = required(&mut errors, "field", field);
    let subfield = required(&mut errors, "subfield", subfield);
    errors.into_result()?;
    Ok(ResearchField { id, field, subfield })
}

fn required(errors: &mut FieldErrors, name: &'static str, value: &str) -> String {
    let cleaned = match clean_text(value, GROUP_NAME) {
        Ok(text) if text.is_empty() => Err(vec![FieldError::REQUIRED]),
        cleaned => cleaned,
    };
    errors.keep(name, cleaned).unwrap_or_default()
}
