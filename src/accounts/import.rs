//! `import`: institutions, research fields and accounts from a file. Doing it again changes nothing: accounts that
//! are there stay as they are, since their owners may have changed them meanwhile.

use super::import_file::{ImportFile, User};
use super::text::search_key;
use super::{Error, Result, email};
use crate::app::App;
use crate::store::accounts::{NewAccount, Role};
use crate::store::{self, Writer};

/// What an import came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Of institutions.
    pub institutions: Tally,
    /// Of research fields.
    pub research_fields: Tally,
    /// Of accounts.
    pub accounts: Tally,
}

/// Of one kind of entry.
#[derive(Debug, Default)]
pub struct Tally {
    /// Added or corrected.
    pub changed: usize,
    /// Left as they were.
    pub kept: usize,
}

impl Tally {
    fn count(&mut self, changed: bool) {
        if changed {
            self.changed += 1;
        } else {
            self.kept += 1;
        }
    }
}

/// Why a transaction ends without keeping anything.
enum Undone {
    DryRun(Report),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Undone {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Imports a file: all of it, or nothing.
///
/// # Errors
/// A sentence that names the entry which is in conflict with what is there.
pub fn import(app: &App, file: &ImportFile, dry_run: bool) -> Result<Report> {
    let imported = app.write(|tx| {
        let mut report = Report::default();
        for it in &file.institutions {
            let state = it.state.as_deref().unwrap_or_default();
            let key = search_key(&format!("{} {} {state} {}", it.name, it.city, it.country));
            let changed = store::directory::upsert_institution(tx, it, &key)?;
            report.institutions.count(changed);
        }
        for it in &file.research_fields {
            let changed = store::directory::upsert_research_field(tx, it.id, &it.field, &it.subfield)?;
            report.research_fields.count(changed);
        }
        for (index, user) in file.users.iter().enumerate() {
            report.accounts.count(import_user(app, tx, index, user)?);
        }
        if dry_run { Err(Undone::DryRun(report)) } else { Ok(report) }
    });
    match imported {
        Ok(report) | Err(Undone::DryRun(report)) => Ok(report),
        Err(Undone::Failed(error)) => Err(error),
    }
}

/// Adds an account; false if its address is there already.
fn import_user(app: &App, tx: &Writer<'_>, index: usize, user: &User) -> Result<bool> {
    if store::accounts::find_role_of_email(tx, &email::key(&user.email))? == Some(Role::Primary) {
        return Ok(false);
    }
    let conflict = |member: &str, text: &str| {
        Error::Misused(format!("users[{index}].{member}: another account has \"{text}\" already").into())
    };
    let now = app.clock.now();
    let usable = !user.password.is_empty() && !user.password.starts_with('!');
    let new = NewAccount {
        username: &user.username,
        first_name: &user.first_name,
        last_name: &user.last_name,
        academic_title: &user.academic_title,
        password_hash: usable.then_some(user.password.as_str()),
        is_staff: user.is_staff,
        joined_at: user.date_joined.map_or(now, crate::clock::Moment::from_micros),
        verified_at: user.verified.then_some(now),
        archived_at: user.archived.then_some(now),
        deactivated_at: (!user.is_active).then_some(now),
    };
    let id = store::accounts::insert(tx, &new)?.ok_or_else(|| conflict("username", &user.username))?;
    let primary = (&user.email, Role::Primary, "email");
    let secondary =
        user.secondary_email.as_ref().map(|email| (email, Role::Secondary, "status.secondary_email"));
    for (address, role, member) in std::iter::once(primary).chain(secondary) {
        let address = email::normalize(address);
        if !store::accounts::insert_email(tx, id, &address, &email::key(&address), role)? {
            return Err(conflict(member, &address));
        }
    }
    Ok(true)
}
