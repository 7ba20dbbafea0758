//! Adds a site to the database in one transaction.

use std::collections::HashMap;

use super::Staged;
use super::check::{for_each_page, institution_id};
use crate::accounts::AccountId;
use crate::app::App;
use crate::clock::Timestamp;
use crate::email;
use crate::error::{Error, Result};
use crate::security::Tx;
use crate::security::audit::Event;
use crate::store::accounts::transfer::{ImportedAccount, NewEmail, insert_emails, insert_many, last_id};
use crate::store::accounts::{MemberRole, NewAccount, Role};
use crate::store::django_keys::{self, DjangoKey, Model};
use crate::store::groups::NewGroup;
use crate::store::institutions::{Institution, ResearchField};
use crate::store::join_requests::JoinRequest;
use crate::store::properties::{self, Property};
use crate::store::refresh_tokens::NewToken;
use crate::store::sessions::{Session, Use};
use crate::store::staging::{Position, StagedUser, Staging};
use crate::store::{self, accounts};
use crate::text::{search_key, uuid};

/// The rows that are added together.
const PAGE: i64 = 256;
/// The refresh tokens of an account that become sessions. Django keeps a token valid after its exchange, so that one login
/// may have left many. The owner sees all of them as sessions.
const MAX_TOKENS: i64 = 500;

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
}

pub(super) fn import(app: &App, staged: &Staged, dry_run: bool, progress: &dyn Fn(u64)) -> Result<Imported> {
    let staging = &staged.staging;
    app.store.prepare_for_many_rows()?;
    Tx::run_as_operator(app, |tx| {
        tx.savepoint();
        let mut imported = Imported::default();
        add_institutions(tx, staging, &mut imported)?;
        add_groups(tx, staging, &mut imported)?;
        add_accounts(tx, staging, &mut imported, progress)?;
        add_members(tx, staging)?;
        add_requests(tx, staging, &mut imported)?;
        add_sessions(tx, staging, &mut imported)?;
        let models = serde_json::to_string(&staged.models).map_err(anyhow::Error::new)?;
        properties::upsert(tx, Property::DjangoModels, &models)?;
        if dry_run {
            tx.roll_back_to_savepoint()?;
        }
        Ok(imported)
    })
}

fn add_institutions(tx: &Tx<'_>, staging: &Staging, imported: &mut Imported) -> Result<()> {
    for staged in staging.list_institutions()? {
        let known = institution_id(tx, &staged.key)?;
        // An integer is not an id here.
        let id = uuid(&known).unwrap_or_else(|| tx.app.random.uuid());
        let search = search_key(&format!(
            "{} {} {} {}",
            staged.name,
            staged.city,
            staged.state.as_deref().unwrap_or_default(),
            staged.country
        ));
        staging.set_institution_id(&staged.key, &id)?;
        if store::institutions::has_institution(tx, &id)? {
            continue;
        }
        let institution = Institution {
            id: id.clone(),
            name: staged.name,
            city: staged.city,
            state: staged.state,
            country: staged.country,
        };
        store::institutions::upsert_institution(tx, &institution, &search)?;
        django_keys::insert_many(tx, Model::Institution, &[DjangoKey { key: staged.key, id }])?;
        imported.institutions += 1;
    }
    for (id, field, subfield) in staging.list_research_fields()? {
        let is_new = !store::institutions::has_research_field(tx, id)?;
        if is_new {
            store::institutions::upsert_research_field(tx, &ResearchField { id, field, subfield })?;
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
            let name = &staged.name;
            return Err(Error::bad_request(format!(
                "the institution of working group {} has another one of the name \"{name}\"; change one of them in Django",
                staged.key
            )));
        }
        staging.set_group_id(&staged.key, &id)?;
        django_keys::insert_many(tx, Model::WorkingGroup, &[DjangoKey { key: staged.key, id }])?;
        imported.groups += 1;
    }
    Ok(())
}

/// Adds accounts with their addresses. An account has its key in Django as its id, unless the key is a UUID, or not larger than
/// an id that was assigned before.
fn add_accounts(
    tx: &Tx<'_>,
    staging: &Staging,
    imported: &mut Imported,
    progress: &dyn Fn(u64),
) -> Result<()> {
    let mut last = last_id(tx)?;
    for_each_page(staging, Staging::list_new_users, |users| {
        let mut ids = Vec::with_capacity(users.len());
        for user in users {
            // GraphQL's `Int` ends here.
            let keeps_key = (last + 1..=i32::MAX.into()).contains(&user.number);
            last = if keeps_key { user.number } else { last + 1 };
            ids.push(last);
        }
        let usernames = usernames(tx, users, &ids)?;
        let mut new = Vec::with_capacity(users.len());
        let mut emails = Vec::with_capacity(users.len());
        let mut keys = Vec::with_capacity(users.len());
        for ((user, id), username) in users.iter().zip(ids).zip(&usernames) {
            new.push(imported_account(tx.now, user, id, username));
            let primary = Some((&user.email, Role::Primary));
            let secondary = user.secondary_email.as_ref().map(|address| (address, Role::Secondary));
            emails.extend(primary.into_iter().chain(secondary).map(|(address, role)| NewEmail {
                account: id,
                email: address.clone(),
                key: email::key(address),
                role,
            }));
            keys.push(DjangoKey { key: user.key.clone(), id: id.to_string() });
            staging.set_account(&user.key, id)?;
            tx.record(id, Event::Imported)?;
        }
        insert_many(tx, &new, last)?;
        insert_emails(tx, &emails)?;
        django_keys::insert_many(tx, Model::User, &keys)?;
        imported.accounts += users.len() as u64;
        progress(imported.accounts);
        Ok(())
    })
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
    };
    ImportedAccount { id, new, is_superuser: user.is_superuser, last_login_at: user.last_login_at }
}

/// Returns the usernames of new accounts. An account without one gets its id, as after a registration.
fn usernames(tx: &Tx<'_>, users: &[StagedUser], ids: &[AccountId]) -> Result<Vec<String>> {
    let names =
        users.iter().zip(ids).map(|(user, id)| user.username.clone().unwrap_or_else(|| id.to_string()));
    let mut names: Vec<String> = names.collect();
    let taken = accounts::transfer::list_taken_usernames(tx, &names)?;
    for ((name, user), id) in names.iter_mut().zip(users).zip(ids) {
        if !taken.contains(name) {
            continue;
        }
        if user.username.is_some() {
            return Err(Error::bad_request(format!(
                "another account has the username \"{name}\" of user {}; change it in Django",
                user.key
            )));
        }
        *name = format!("{id}-{}", tx.app.random.hex::<4>());
    }
    Ok(names)
}

fn add_members(tx: &Tx<'_>, staging: &Staging) -> Result<()> {
    let mut after = Position::START;
    loop {
        let members = staging.list_new_members(&after, PAGE)?;
        let Some(last) = members.last() else { return Ok(()) };
        after = last.position.clone();
        for member in members {
            let role = if member.is_representative { MemberRole::Representative } else { MemberRole::Member };
            // An account that was imported before may have joined another group here.
            store::memberships::insert(tx, member.account, &member.group_id, role)?;
        }
    }
}

fn add_requests(tx: &Tx<'_>, staging: &Staging, imported: &mut Imported) -> Result<()> {
    for staged in staging.list_new_requests()? {
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
            django_keys::insert_many(tx, Model::JoinRequest, &[DjangoKey { key: staged.key, id }])?;
            imported.join_requests += 1;
        }
    }
    Ok(())
}

/// Turns refresh tokens into sessions, so that logins continue. Tokens that an earlier import has seen do not return, because
/// their sessions may have ended here.
fn add_sessions(tx: &Tx<'_>, staging: &Staging, imported: &mut Imported) -> Result<()> {
    let until = properties::find(tx, Property::DjangoTokensUntil)?.and_then(|micros| micros.parse().ok());
    let until = Timestamp::from_micros(until.unwrap_or(i64::MIN));
    let mut after = 0;
    loop {
        let tokens = staging.list_tokens(until, MAX_TOKENS, after, PAGE)?;
        let Some(last) = tokens.last() else { break };
        after = last.position;
        let ids: Vec<AccountId> = tokens.iter().map(|token| token.account).collect();
        let owners = accounts::list_by_ids(tx, &ids)?;
        let owners: HashMap<AccountId, _> = owners.into_iter().map(|owner| (owner.id, owner)).collect();
        let mut sessions = Vec::new();
        let mut new_tokens = Vec::new();
        for token in &tokens {
            // A change of the password here ended all sessions before it.
            let began = owners.get(&token.account).and_then(|owner| owner.epoch_began_at);
            if began.is_some_and(|began| token.created_at <= began) {
                continue;
            }
            let expires_at = token.created_at.plus(tx.app.config.tokens.refresh_lifetime);
            let last_use = Use { at: token.created_at, expires_at, address: None, user_agent: String::new() };
            let id = tx.app.random.hex::<16>();
            new_tokens.push((id.clone(), token, expires_at));
            sessions.push(Session { id, account: token.account, began_at: token.created_at, last_use });
        }
        store::sessions::insert_many(tx, &sessions)?;
        let new_tokens: Vec<NewToken<'_>> = new_tokens
            .iter()
            .map(|(session, token, expires_at)| NewToken {
                hash: &token.hash,
                session,
                predecessor: None,
                issued_at: token.created_at,
                expires_at: *expires_at,
            })
            .collect();
        store::refresh_tokens::insert_many(tx, &new_tokens)?;
        imported.sessions += sessions.len() as u64;
    }
    if let Some(newest) = staging.newest_token()? {
        properties::upsert(tx, Property::DjangoTokensUntil, &newest.max(until).micros().to_string())?;
    }
    Ok(())
}
