//! Finds conflicts within a site, and with the database.

use strum::VariantArray as _;

use crate::accounts::AccountId;
use crate::app::App;
use crate::error::Result;
use crate::store::accounts::transfer::{list_taken_emails, list_taken_usernames};
use crate::store::django_keys::{self, Model};
use crate::store::staging::{ConflictKind, Position, StagedUser, Staging};
use crate::store::{self, Reader};

/// The users that are compared with the database in one statement.
const PAGE: i64 = 256;

/// What an import does with conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Nothing is imported.
    Fail,
    /// What conflicts is left out.
    Skip,
    /// A name that is taken is changed. What conflicts otherwise is left out.
    Rename,
}

/// Finds all conflicts and resolves them within the temporary database: with `Fail` as with `Rename`, for a dry run.
pub(super) fn find_and_resolve(app: &App, staging: &Staging, on_conflict: OnConflict) -> Result<()> {
    let rename = on_conflict != OnConflict::Skip;
    app.store.read(|db| {
        mark_known(db, staging)?;
        staging.forget_conflicts_of_known_users()?;
        for kind in ConflictKind::VARIANTS {
            match kind {
                ConflictKind::AddressTaken => add_taken(
                    staging,
                    *kind,
                    |user| Some(&user.email_key),
                    |user| Some(&user.email),
                    |keys| list_taken_emails(db, keys),
                )?,
                ConflictKind::UsernameTaken => add_taken(
                    staging,
                    *kind,
                    |user| user.username.as_ref(),
                    |user| user.username.as_ref(),
                    |names| list_taken_usernames(db, names),
                )?,
                ConflictKind::SecondaryTaken => add_taken(
                    staging,
                    *kind,
                    |user| user.secondary_key.as_ref(),
                    |user| user.secondary_email.as_ref(),
                    |keys| list_taken_emails(db, keys),
                )?,
                ConflictKind::GroupNameTaken => add_taken_group_names(db, staging)?,
                // The first kinds after those that leave out users, and groups.
                ConflictKind::GroupNameShared | ConflictKind::RepresentativeMissing => {
                    staging.leave_out_dependents()?;
                }
                _ => {}
            }
            staging.find_and_resolve(*kind, rename)?;
        }
        Ok(())
    })
}

/// Marks what was imported before.
fn mark_known(db: &Reader<'_>, staging: &Staging) -> Result<()> {
    for_each_page(staging, Staging::list_all_users, |users| {
        let keys: Vec<String> = users.iter().map(|user| user.key.clone()).collect();
        let known = django_keys::list_by_keys(db, Model::User, &keys)?;
        let ids: Vec<AccountId> = known.iter().filter_map(|known| known.id.parse().ok()).collect();
        let existing = store::accounts::list_by_ids(db, &ids)?;
        for known in known {
            let account = existing.iter().find(|account| account.id.to_string() == known.id);
            staging.set_known_user(&known.key, account.map(|account| account.id))?;
        }
        Ok(())
    })?;
    let group_keys = staging.list_group_keys()?;
    // Another import may have brought groups with the same UUIDs.
    let known = django_keys::list_by_keys(db, Model::WorkingGroup, &group_keys)?;
    for key in &group_keys {
        let id = known.iter().find(|known| known.key == *key).map(|known| &known.id);
        let exists = store::groups::find_by_id(db, id.unwrap_or(key))?.is_some();
        if id.is_some() || exists {
            staging.set_known_group(key, exists.then_some(id.unwrap_or(key)))?;
        }
    }
    let request_keys = staging.list_request_keys()?;
    for known in django_keys::list_by_keys(db, Model::JoinRequest, &request_keys)? {
        staging.set_known_request(&known.key)?;
    }
    Ok(())
}

/// Adds a conflict for each new user with a value that an account has. `value_of` returns the value that is compared, and
/// `shown` the one for the report.
fn add_taken(
    staging: &Staging,
    kind: ConflictKind,
    value_of: fn(&StagedUser) -> Option<&String>,
    shown: fn(&StagedUser) -> Option<&String>,
    list_taken: impl Fn(&[String]) -> store::Result<Vec<String>>,
) -> Result<()> {
    for_each_page(staging, Staging::list_new_users, |users| {
        let values: Vec<String> = users.iter().filter_map(value_of).cloned().collect();
        let taken = list_taken(&values)?;
        for user in users.iter().filter(|user| value_of(user).is_some_and(|value| taken.contains(value))) {
            staging.add_conflict(kind, &user.key, shown(user).map(String::as_str))?;
        }
        Ok(())
    })
}

fn add_taken_group_names(db: &Reader<'_>, staging: &Staging) -> Result<()> {
    for group in staging.list_new_groups()? {
        let institution = match &group.institution_key {
            Some(key) => institution_id(db, key)?,
            None => continue,
        };
        if store::groups::has_name(db, &institution, &group.name)? {
            staging.add_conflict(ConflictKind::GroupNameTaken, &group.key, Some(&group.name))?;
        }
    }
    Ok(())
}

/// Returns the id of an institution that was imported before. Otherwise the key is its id if it is a UUID.
pub(super) fn institution_id(db: &Reader<'_>, key: &str) -> Result<String> {
    let known = django_keys::list_by_keys(db, Model::Institution, &[key.to_owned()])?;
    Ok(known.into_iter().next().map_or_else(|| key.to_owned(), |known| known.id))
}

/// Calls `visit` with all users that `list` returns, in pages.
pub(super) fn for_each_page(
    staging: &Staging,
    list: fn(&Staging, &Position, i64) -> store::Result<Vec<StagedUser>>,
    mut visit: impl FnMut(&[StagedUser]) -> Result<()>,
) -> Result<()> {
    let mut position = Position::START;
    loop {
        let users = list(staging, &position, PAGE)?;
        let Some(last) = users.last() else { return Ok(()) };
        position = last.position();
        visit(&users)?;
    }
}
