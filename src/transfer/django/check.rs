//! Finds conflicts within a site, and with the database.

use std::collections::{HashMap, HashSet};

use strum::VariantArray as _;

use super::models::Kind;
use super::{PAGE, Staged};
use crate::accounts::{Account, AccountId};
use crate::app::App;
use crate::email;
use crate::error::Result;
use crate::store::accounts::transfer::{list_owners_of_emails, list_owners_of_usernames};
use crate::store::django_keys::{self, KeyedModel};
use crate::store::staging::{ConflictKind, Position, StagedUser, Staging};
use crate::store::{self, Reader};

/// What an import does about conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OnConflict {
    /// Import nothing.
    Fail,
    /// Leave out what conflicts.
    Skip,
    /// Change names that are taken, and leave out what conflicts otherwise.
    Rename,
}

/// Finds all conflicts and resolves them within the temporary database. `Fail` resolves them like `Rename`, so that a dry run
/// shows the result.
pub(super) fn find_and_resolve(app: &App, staged: &Staged, on_conflict: OnConflict) -> Result<()> {
    let staging = &staged.staging;
    let rename = on_conflict != OnConflict::Skip;
    app.store.read(|db| {
        mark_known(db, staged)?;
        staging.delete_conflicts_of_known_users()?;
        for kind in ConflictKind::VARIANTS {
            // Groups are checked without what was left out before.
            if matches!(kind, ConflictKind::GroupNameShared | ConflictKind::RepresentativeMissing) {
                staging.leave_out_dependents()?;
            }
            resolve(db, staging, *kind, rename)?;
            // A changed name may be that of another user or group.
            let names = match kind {
                ConflictKind::UsernameTaken => [ConflictKind::UsernameShared, ConflictKind::UsernameTaken],
                ConflictKind::GroupNameTaken => [ConflictKind::GroupNameShared, ConflictKind::GroupNameTaken],
                _ => continue,
            };
            while rename && resolve(db, staging, names[0], true)? + resolve(db, staging, names[1], true)? > 0
            {
            }
        }
        Ok(())
    })
}

/// Finds and resolves the conflicts of a kind. Returns their number.
fn resolve(db: &Reader<'_>, staging: &Staging, kind: ConflictKind, rename: bool) -> Result<usize> {
    match kind {
        ConflictKind::ResearchFieldDiffers => find_other_research_fields(db, staging)?,
        ConflictKind::AddressTaken => find_taken(
            staging,
            |user| Some(&user.email_key),
            |user| Some(&user.email),
            |keys| list_owners_of_emails(db, keys),
        )?,
        ConflictKind::UsernameTaken => find_taken(
            staging,
            |user| user.username.as_ref(),
            |user| user.username.as_ref(),
            |names| list_owners_of_usernames(db, names),
        )?,
        ConflictKind::SecondaryTaken => find_taken(
            staging,
            |user| user.secondary_key.as_ref(),
            |user| user.secondary_email.as_ref(),
            |keys| list_owners_of_emails(db, keys),
        )?,
        ConflictKind::GroupNameTaken => find_taken_group_names(db, staging)?,
        _ => {}
    }
    Ok(staging.resolve(kind, rename)?)
}

/// Marks what was imported before, and finds keys that belonged to other users then.
fn mark_known(db: &Reader<'_>, staged: &Staged) -> Result<()> {
    let staging = &staged.staging;
    let user_model = staged.models.0.get(&Kind::User);
    let has_dates = user_model.is_some_and(|model| model.fields.iter().any(|field| field == "date_joined"));
    for_each_page(staging, Staging::list_all_users, |users| {
        let keys: Vec<String> = users.iter().map(|user| user.key.clone()).collect();
        let known = django_keys::list_by_keys(db, KeyedModel::User, &keys)?;
        let ids: HashMap<String, i64> =
            known.into_iter().filter_map(|known| Some((known.key, known.id.parse().ok()?))).collect();
        let accounts = store::accounts::list_by_ids(db, &ids.values().copied().collect::<Vec<_>>())?;
        let accounts: HashMap<i64, Account> =
            accounts.into_iter().map(|account| (account.id, account)).collect();
        for user in users {
            let Some(id) = ids.get(&user.key) else { continue };
            match accounts.get(id) {
                None => staging.set_known_user(&user.key, None, false)?,
                Some(account) if has_dates && !has_same_date(user, account) => {
                    staging.add_found(&user.key, Some(&account.email))?;
                }
                Some(account) => staging.set_known_user(&user.key, Some(*id), has_changed(user, account))?,
            }
        }
        Ok(())
    })?;
    let group_keys = staging.list_group_keys()?;
    let known = django_keys::list_by_keys(db, KeyedModel::WorkingGroup, &group_keys)?;
    let known: HashMap<String, String> = known.into_iter().map(|known| (known.key, known.id)).collect();
    // A group may have come with another import, under the same UUID.
    let ids: Vec<String> = group_keys.iter().map(|key| known.get(key).unwrap_or(key).clone()).collect();
    let existing = store::groups::list_by_ids(db, &ids)?;
    let existing: HashSet<String> = existing.into_iter().map(|group| group.id).collect();
    for (key, id) in group_keys.iter().zip(&ids) {
        let exists = existing.contains(id);
        if exists || known.contains_key(key) {
            staging.set_known_group(key, exists.then_some(id))?;
        }
    }
    let mut after = 0;
    loop {
        let requests = staging.list_request_keys(after, PAGE)?;
        let Some((last, _)) = requests.last() else { return Ok(()) };
        after = *last;
        let keys: Vec<String> = requests.into_iter().map(|(_, key)| key).collect();
        for known in django_keys::list_by_keys(db, KeyedModel::JoinRequest, &keys)? {
            staging.set_known_request(&known.key)?;
        }
    }
}

/// Whether the user and the account were registered at the same time. A dump contains milliseconds, a database microseconds.
fn has_same_date(user: &StagedUser, account: &Account) -> bool {
    let millis = |micros: i64| micros.div_euclid(1000);
    millis(user.joined_at.micros()) == millis(account.joined_at.micros())
}

fn has_changed(user: &StagedUser, account: &Account) -> bool {
    user.is_active != account.deactivated_at.is_none()
        || user.verified != account.verified_at.is_some()
        || user.archived != account.archived_at.is_some()
        || user.email_key != email::key(&account.email)
}

/// Finds new users with a value that an account has. `value_of` returns the value that is compared, and `shown` the one for the
/// report.
fn find_taken(
    staging: &Staging,
    value_of: fn(&StagedUser) -> Option<&String>,
    shown: fn(&StagedUser) -> Option<&String>,
    list_owners: impl Fn(&[String]) -> store::Result<Vec<(String, AccountId)>>,
) -> Result<()> {
    for_each_page(staging, Staging::list_new_users, |users| {
        let values: Vec<String> = users.iter().filter_map(value_of).cloned().collect();
        let taken: HashMap<String, AccountId> = list_owners(&values)?.into_iter().collect();
        for user in users.iter().filter(|user| value_of(user).is_some_and(|value| taken.contains_key(value)))
        {
            staging.add_found(&user.key, shown(user).map(String::as_str))?;
        }
        Ok(())
    })
}

fn find_taken_group_names(db: &Reader<'_>, staging: &Staging) -> Result<()> {
    for group in staging.list_new_groups()? {
        let Some(key) = &group.institution_key else { continue };
        if store::groups::has_name(db, &institution_id(db, key)?, &group.name)? {
            staging.add_found(&group.key, Some(&group.name))?;
        }
    }
    Ok(())
}

fn find_other_research_fields(db: &Reader<'_>, staging: &Staging) -> Result<()> {
    let existing = store::institutions::list_research_fields(db)?;
    for field in staging.list_research_fields()? {
        let other = existing.iter().find(|other| other.id == field.id);
        if let Some(other) = other.filter(|other| **other != field) {
            let names = format!("{}: {}", other.field, other.subfield);
            staging.add_found(&field.id.to_string(), Some(&names))?;
        }
    }
    Ok(())
}

/// Returns the id of an institution that was imported before. Otherwise the key is its id if it is a UUID.
pub(super) fn institution_id(db: &Reader<'_>, key: &str) -> Result<String> {
    let known = django_keys::list_by_keys(db, KeyedModel::Institution, &[key.to_owned()])?;
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
