//! The mutation `updateAccount`.

use super::validation::{self, Checked};
use crate::app::App;
use crate::error::{FieldErrors, Result};
use crate::security::{Tx, Viewer};
use crate::store;

/// New names and a new academic title. `None` leaves a value unchanged.
#[derive(Default)]
pub struct Changes {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub academic_title: Option<String>,
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
        errors.into_result()?;
        Ok(store::accounts::set_profile(tx, account.id, &first, &last, &title)?)
    })
}
