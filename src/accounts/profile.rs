//! The mutation `updateAccount`.

use super::validation::{self, Checked};
use crate::app::App;
use crate::error::{FieldErrors, Result};
use crate::security::{Tx, Viewer};
use crate::store;

/// New names, and a new academic title and language. `None` leaves a value unchanged, and an empty string removes it.
#[derive(Default)]
pub struct Changes {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub academic_title: Option<String>,
    /// The code of a language.
    pub language: Option<String>,
}

pub fn update(app: &App, viewer: &Viewer, changes: &Changes) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let account = tx.caller.require_verified()?;
        let mut errors = FieldErrors::default();
        let mut checked = |field, new: &Option<String>, old: &str, check: fn(&str) -> Checked<String>| {
            let value = new.as_deref().map_or_else(|| Ok(old.to_owned()), check);
            errors.keep(field, value).unwrap_or_default()
        };
        let first = checked("firstName", &changes.first_name, &account.first_name, validation::name);
        let last = checked("lastName", &changes.last_name, &account.last_name, validation::name);
        let (new_title, title) = (&changes.academic_title, &account.academic_title);
        let title = checked("academicTitle", new_title, title, validation::academic_title);
        let language = changes.language.as_deref().map(|code| validation::language(app, code));
        let language = language.and_then(|checked| errors.keep("language", checked));
        errors.into_result()?;
        if let Some(language) = language {
            store::accounts::set_language(tx, account.id, language.as_deref())?;
        }
        Ok(store::accounts::set_profile(tx, account.id, &first, &last, &title)?)
    })
}
