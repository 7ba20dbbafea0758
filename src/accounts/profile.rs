//! `updateAccount`.

use super::validation::{self, Checked};
use crate::app::App;
use crate::error::{FieldErrors, Result};
use crate::security::{Tx, Viewer};
use crate::store;

/// Changes of names and title. `None` leaves a value as it is.
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
        let mut checked =
            |field, value: &Option<String>, old: &str, check: fn(&str) -> Checked<String>| match value {
                Some(value) => errors.keep(field, check(value)).unwrap_or_default(),
                None => old.to_owned(),
            };
        let first = checked("firstName", &changes.first_name, &account.first_name, validation::name);
        let last = checked("lastName", &changes.last_name, &account.last_name, validation::name);
        let (new_title, title) = (&changes.academic_title, &account.academic_title);
        let title = checked("academicTitle", new_title, title, validation::academic_title);
        errors.into_result()?;
        Ok(store::accounts::set_profile(tx, account.id, &first, &last, &title)?)
    })
}
