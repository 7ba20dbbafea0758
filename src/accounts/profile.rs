//! `updateAccount`: names and title.

use super::sessions;
use super::{FieldErrors, Result, Viewer, validation};
use crate::app::App;
use crate::store;

/// What is to change; what is left out stays as it is, and an empty text empties.
#[derive(Default)]
pub struct Changes {
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The academic title.
    pub academic_title: Option<String>,
}

/// Changes the account of whoever asks.
///
/// # Errors
/// A refusal with all complaints at once; nothing is changed then.
pub fn update(app: &App, viewer: &Viewer, changes: &Changes) -> Result<()> {
    app.write(|tx| {
        let account = sessions::require_verified(app, tx, viewer)?;
        let mut errors = FieldErrors::default();
        let mut checked =
            |field, value: &Option<String>, old: String, check: fn(&str) -> validation::Checked<String>| {
                let Some(value) = value else { return old };
                errors.keep(field, check(value)).unwrap_or(old)
            };
        let first = checked("firstName", &changes.first_name, account.first_name, validation::name);
        let last = checked("lastName", &changes.last_name, account.last_name, validation::name);
        let title = checked(
            "academicTitle",
            &changes.academic_title,
            account.academic_title,
            validation::academic_title,
        );
        errors.into_result()?;
        Ok(store::accounts::set_profile(tx, account.id, &first, &last, &title)?)
    })
}
