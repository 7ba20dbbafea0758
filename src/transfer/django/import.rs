//! Adds a site to the database in one transaction.

use std::collections::HashSet;

use anyhow::anyhow;

use super::check::{for_each_page, institution_id};
use super::models::Models;
use super::sessions;
use super::{PAGE, Staged};
use crate::accounts::AccountId;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::security::Tx;
use crate::security::audit::Event;
use crate::store::accounts::transfer::{
    ImportedAccount, NewEmail, insert_emails, insert_many, last_id, set_last_id,
};
use crate::store::accounts::{MemberRole, NewAccount, Role};
use crate::store::django_keys::{self, DjangoKey, KeyedModel};
use crate::store::groups::NewGroup;
use crate::store::institutions::Institution;
use crate::store::join_requests::JoinRequest;
use crate::store::properties::{self, Property};
use crate::store::staging::{Position, StagedUser, Staging};
use crate::store::{self, accounts};
use crate::text::uuid;

/// The largest key that becomes an id. `pk` is an `Int` of GraphQL, which ends at twice this number, and later accounts need ids.
const MAX_KEY: i64 = 1 << 30;

/// What an import has added.
#[derive(Debug, Default, Clone)]
pub struct Imported {
    pub institutions: u64,
    pub research_fields: u64,
    pub groups: u64,
    pub accounts: u64,
    pub join_requests: u64,
    /// Logins in Django that continue here.
    pub sessions: u64,
    /// Accounts that were imported before and stay in their groups here, although Django has them in a new one.
    pub other_members: u64,
    /// The ids of new groups whose representative is one of these accounts.
    pub unrepresented: Vec<String>,
}

/// Adds everything that is new, or nothing. Calls `progress` with the number of accounts so far, which begins again if the
/// transaction is repeated.
pub fn import(app: &App, staged: &Staged, dry_run: bool, progress: &dyn Fn(u64)) -> Result<Imported> {
    let staging = &staged.staging;
    app.store.prepare_for_many_rows()?;
    Tx::run_as_operator(app, |tx| {
        tx.savepoint();
        let mut imported = Imported::default();
        add_institutions(tx, staging, &mut imported)?;
        add_groups(tx, staging, &mut imported)?;
        add_accounts(tx, staging, &mut imported, progress)?;
        add_members(tx, staging, &mut imported)?;
        add_requests(tx, staging, &mut imported)?;
        imported.sessions = sessions::add(tx, staging)?;
        sessions::revoke_ambiguous_tokens(tx, staging)?;
        store_models(tx, &staged.models)?;
        if app.store.is_shared() {
            // The key may be that of Django now.
            properties::upsert(tx, Property::KeyFingerprint, &app.signing_key.fingerprint())?;
        }
        if dry_run {
            tx.roll_back_to_savepoint()?;
        }
        Ok(imported)
    })
}

/// Stores the models for an export. A dump without objects of a model does not show that model.
fn store_models(tx: &Tx<'_>, models: &Models) -> Result<()> {
    let mut stored = Models::find(tx)?.unwrap_or_default();
    stored.0.extend(models.0.clone());
    stored.add_missing();
    let json = serde_json::to_string(&stored).map_err(anyhow::Error::new)?;
    Ok(properties::upsert(tx, Property::DjangoModels, &json)?)
}

fn add_institutions(tx: &Tx<'_>, staging: &Staging, imported: &mut Imported) -> Result<()> {
    for staged in staging.list_institutions()? {
        let key = staged.id.clone();
        // An integer is not an id here.
        let id = uuid(&institution_id(tx, &key)?).unwrap_or_else(|| tx.app.random.uuid());
        staging.set_institution_id(&key, &id)?;
        if !store::institutions::has_institution(tx, &id)? {
            let institution = Institution { id: id.clone(), ..staged };
            store::institutions::upsert_institution(tx, &institution)?;
            django_keys::insert_many(tx, KeyedModel::Institution, &[DjangoKey { key, id }])?;
            imported.institutions += 1;
        }
    }
    for field in staging.list_research_fields()? {
        if !store::institutions::has_research_field(tx, field.id)? {
            store::institutions::upsert_research_field(tx, &field)?;
            imported.research_fields += 1;
        }
    }
    Ok(())
}

fn add_groups(tx: &Tx<'_>, staging: &Staging, imported: &mut Imported) -> Result<()> {
    for staged in staging.list_new_groups()? {
        let id = uuid(&staged.key).unwrap_or_else(|| tx.app.random.uuid());
        let new = NewGroup {
            id: &id,
            name: &staged.name,
            institution_id: staged.institution_id.as_deref(),
            research_field_id: staged.research_field,
            employees: staged.employees,
            is_public: staged.is_public,
        };
        if !store::groups::insert(tx, &new)? {
            return Err(anyhow!(
                "the name of working group {} is taken after all conflicts were resolved",
                staged.key
            )
            .into());
        }
        staging.set_group_id(&staged.key, &id)?;
        django_keys::insert_many(tx, KeyedModel::WorkingGroup, &[DjangoKey { key: staged.key, id }])?;
        imported.groups += 1;
    }
    Ok(())
}

/// Adds accounts with their addresses. A key that is an integer becomes the id, so that clients see the same `pk`. Keys that may
/// be the ids of other accounts, also of deleted ones, are exceptions; their accounts get the ids after the largest key.
fn add_accounts(
    tx: &Tx<'_>,
    staging: &Staging,
    imported: &mut Imported,
    progress: &dyn Fn(u64),
) -> Result<()> {
    let last_used = last_id(tx)?;
    let mut last = staging.max_number(MAX_KEY)?.max(last_used);
    for_each_page(staging, Staging::list_new_users, |users| {
        let mut ids = Vec::with_capacity(users.len());
        for user in users {
            if (last_used + 1..=MAX_KEY).contains(&user.number) {
                ids.push(user.number);
            } else {
                last += 1;
                ids.push(last);
            }
        }
        let usernames = usernames(tx, staging, users, &ids)?;
        let mut new = Vec::with_capacity(users.len());
        let mut emails = Vec::with_capacity(users.len());
        let mut keys = Vec::with_capacity(users.len());
        for ((user, id), username) in users.iter().zip(ids).zip(&usernames) {
            new.push(imported_account(tx.now, user, id, username));
            let primary = (&user.email, &user.email_key, Role::Primary);
            let secondary = user.secondary_email.as_ref().zip(user.secondary_key.as_ref());
            let secondary = secondary.map(|(email, key)| (email, key, Role::Secondary));
            emails.extend([primary].into_iter().chain(secondary).map(|(email, key, role)| NewEmail {
                account: id,
                email: email.clone(),
                key: key.clone(),
                role,
            }));
            keys.push(DjangoKey { key: user.key.clone(), id: id.to_string() });
            staging.set_account(&user.key, id)?;
            tx.record(id, Event::Imported)?;
        }
        insert_many(tx, &new)?;
        insert_emails(tx, &emails)?;
        django_keys::insert_many(tx, KeyedModel::User, &keys)?;
        imported.accounts += users.len() as u64;
        progress(imported.accounts);
        Ok(())
    })?;
    Ok(set_last_id(tx, last)?)
}

fn imported_account<'a>(
    now: Timestamp,
    user: &'a StagedUser,
    id: AccountId,
    username: &'a str,
) -> ImportedAccount<'a> {
    let new = NewAccount {
        username,
        first_name: &user.first_name,
        last_name: &user.last_name,
        academic_title: &user.academic_title,
        password_hash: user.password_hash.as_deref(),
        is_staff: user.is_staff,
        joined_at: user.joined_at,
        // Django does not store when these happened.
        verified_at: user.verified.then_some(now),
        archived_at: user.archived.then_some(now),
        deactivated_at: (!user.is_active).then_some(now),
        added_at: now,
        language: None,
        terms_version: None,
    };
    ImportedAccount { id, new, is_superuser: user.is_superuser, last_login_at: user.last_login_at }
}

/// Returns the usernames of new accounts. An account without one gets its id, as after a registration.
fn usernames(tx: &Tx<'_>, staging: &Staging, users: &[StagedUser], ids: &[AccountId]) -> Result<Vec<String>> {
    let names =
        users.iter().zip(ids).map(|(user, id)| user.username.clone().unwrap_or_else(|| id.to_string()));
    let mut names: Vec<String> = names.collect();
    let owners = accounts::transfer::list_owners_of_usernames(tx, &names)?;
    let taken: HashSet<String> = owners.into_iter().map(|(name, _)| name).collect();
    for ((name, user), id) in names.iter_mut().zip(users).zip(ids) {
        if user.username.is_none() && (taken.contains(name) || staging.has_username(name)?) {
            *name = format!("{id}-{}", tx.app.random.hex::<4>());
        }
    }
    Ok(names)
}

fn add_members(tx: &Tx<'_>, staging: &Staging, imported: &mut Imported) -> Result<()> {
    let mut after = Position::START;
    loop {
        let members = staging.list_new_members(&after, PAGE)?;
        let Some(last) = members.last() else { return Ok(()) };
        after = last.position.clone();
        for member in members {
            let role = if member.is_representative { MemberRole::Representative } else { MemberRole::Member };
            if store::memberships::insert(tx, member.account, &member.group_id, role)? {
                continue;
            }
            imported.other_members += 1;
            if member.is_representative {
                imported.unrepresented.push(member.group_id);
            }
        }
    }
}

fn add_requests(tx: &Tx<'_>, staging: &Staging, imported: &mut Imported) -> Result<()> {
    let mut after = (Timestamp::from_micros(i64::MIN), 0);
    loop {
        let requests = staging.list_new_requests(after, PAGE)?;
        let Some(last) = requests.last() else { return Ok(()) };
        after = (last.made_at, last.position);
        let mut keys = Vec::new();
        for staged in requests {
            let id = uuid(&staged.key).unwrap_or_else(|| tx.app.random.uuid());
            let request = JoinRequest {
                id: id.clone(),
                account: staged.account,
                group: staged.group_id,
                made_at: staged.made_at,
                status: staged.status,
            };
            // An account that was imported before may have asked the same group here.
            if store::join_requests::insert(tx, &request)? {
                keys.push(DjangoKey { key: staged.key, id });
            }
        }
        imported.join_requests += keys.len() as u64;
        django_keys::insert_many(tx, KeyedModel::JoinRequest, &keys)?;
    }
}
