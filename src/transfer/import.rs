//! Imports institutions, research fields, accounts and working groups from a file. Existing accounts and groups are kept,
//! since their owners may have changed them. So repeating an import changes nothing.

use super::file::{ImportFile, User, WorkingGroup};
use crate::accounts::Account;
use crate::app::App;
use crate::email;
use crate::error::{Error, Result};
use crate::security::Tx;
use crate::security::audit::Event;
use crate::store;
use crate::store::accounts::{MemberRole, NewAccount, Role};
use crate::store::groups::NewGroup;
use crate::store::join_requests::JoinRequest;

#[derive(Debug, Default)]
pub struct Report {
    pub institutions: Tally,
    pub research_fields: Tally,
    pub accounts: Tally,
    pub groups: Tally,
}

/// The counts for one kind of entry.
#[derive(Debug, Default)]
pub struct Tally {
    /// Added or updated.
    pub changed: usize,
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

/// Imports a file completely, or not at all. Calls `progress` with the number of entries so far, which begins again with 1
/// if the transaction is repeated.
pub fn import(app: &App, file: &ImportFile, dry_run: bool, progress: &dyn Fn(u64)) -> Result<Report> {
    Tx::run_as_operator(app, |tx| {
        tx.savepoint();
        let mut report = Report::default();
        let mut done = 0;
        let mut progress = || {
            done += 1;
            progress(done);
        };
        for institution in &file.institutions {
            report.institutions.count(store::institutions::upsert_institution(tx, institution)?);
            progress();
        }
        for field in &file.research_fields {
            report.research_fields.count(store::institutions::upsert_research_field(tx, field)?);
            progress();
        }
        for (index, user) in file.users.iter().enumerate() {
            report.accounts.count(import_user(tx, index, user)?);
            progress();
        }
        for (index, group) in file.groups.iter().enumerate() {
            report.groups.count(import_group(tx, index, group)?);
            progress();
        }
        if dry_run {
            tx.roll_back_to_savepoint()?;
        }
        Ok(report)
    })
}

/// Adds an account. Returns false if an account has its primary address already.
fn import_user(tx: &Tx<'_>, index: usize, user: &User) -> Result<bool> {
    if store::emails::find_role(tx, &email::key(&user.email))? == Some(Role::Primary) {
        return Ok(false);
    }
    let conflict = |field: &str, value: &str| {
        Error::bad_request(format!("users[{index}].{field}: another account has \"{value}\" already"))
    };
    let now = tx.now;
    let has_password = !user.password.is_empty() && !user.password.starts_with('!');
    let new = NewAccount {
        username: &user.username,
        first_name: &user.first_name,
        last_name: &user.last_name,
        academic_title: &user.academic_title,
        password_hash: has_password.then_some(user.password.as_str()),
        is_staff: user.is_staff,
        joined_at: user.date_joined.unwrap_or(now),
        verified_at: user.verified.then_some(now),
        archived_at: user.archived.then_some(now),
        deactivated_at: (!user.is_active).then_some(now),
        added_at: now,
        language: user.language.as_deref(),
        terms_version: None,
    };
    let id = store::accounts::insert(tx, &new)?.ok_or_else(|| conflict("username", &user.username))?;
    let primary = Some((&user.email, Role::Primary, "email"));
    let secondary = user.secondary_email.as_ref();
    let secondary = secondary.map(|email| (email, Role::Secondary, "status.secondary_email"));
    for (address, role, field) in primary.into_iter().chain(secondary) {
        let address = email::normalize(address);
        if !store::accounts::insert_email(tx, id, &address, &email::key(&address), role)? {
            return Err(conflict(field, &address));
        }
    }
    tx.record(id, Event::Imported)?;
    Ok(true)
}

/// Adds a working group with its members and join requests. Returns false if its id exists already.
fn import_group(tx: &Tx<'_>, index: usize, group: &WorkingGroup) -> Result<bool> {
    let conflict =
        |field: &str, problem: &str| Error::bad_request(format!("workinggroups[{index}].{field}: {problem}"));
    if store::groups::find_by_id(tx, &group.id)?.is_some() {
        return Ok(false);
    }
    if let Some(institution) = &group.institution
        && !store::institutions::has_institution(tx, institution)?
    {
        return Err(conflict("institution", "no institution has this id"));
    }
    if !store::institutions::has_research_field(tx, group.research_field)? {
        return Err(conflict("researchfield", "no research field has this id"));
    }
    let new = NewGroup {
        id: &group.id,
        name: &group.name,
        institution_id: group.institution.as_deref(),
        research_field_id: group.research_field,
        employees: group.employees,
        is_public: group.is_public,
    };
    if !store::groups::insert(tx, &new)? {
        return Err(conflict("name", "the institution has another working group of this name"));
    }
    let account = |field: &str, email_key: &str| -> Result<Account> {
        let found = store::accounts::find_by_email(tx, email_key)?;
        let found = found.filter(|account| email::key(&account.email) == email_key);
        found
            .ok_or_else(|| conflict(field, &format!("no account has \"{email_key}\" as its primary address")))
    };
    let representative =
        group.representative.iter().map(|key| (key, MemberRole::Representative, "representative"));
    let members = group.members.iter().map(|key| (key, MemberRole::Member, "members"));
    for (email_key, role, field) in representative.chain(members) {
        if !store::memberships::insert(tx, account(field, email_key)?.id, &group.id, role)? {
            return Err(conflict(field, &format!("\"{email_key}\" has a working group already")));
        }
    }
    for (index, request) in group.join_requests.iter().enumerate() {
        let path = format!("joinrequests[{index}]");
        let new = JoinRequest {
            id: request.id.clone(),
            account: account(&format!("{path}.user"), &request.user)?.id,
            group: group.id.clone(),
            made_at: request.timestamp.unwrap_or(tx.now),
            status: request.status,
        };
        if !store::join_requests::insert(tx, &new)? {
            let problem = "there is a request with this id, or a pending one of this user";
            return Err(conflict(&path, problem));
        }
    }
    Ok(true)
}
