//! Imports institutions, research fields, accounts and working groups from a file. Repeating an import
//! changes nothing: existing accounts and groups are kept, since their owners may have changed them.

use super::file::{ImportFile, User, WorkingGroup};
use crate::accounts::Account;
use crate::app::App;
use crate::email;
use crate::error::{Error, Result};
use crate::security::Tx;
use crate::security::audit::Event;
use crate::store;
use crate::store::accounts::{NewAccount, Role};
use crate::store::groups::NewGroup;
use crate::store::join_requests::JoinRequest;
use crate::store::memberships::MemberRole;
use crate::text::search_key;

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
    /// Added or corrected.
    pub changed: usize,
    /// Left unchanged.
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

/// Why the transaction is rolled back.
enum Rollback {
    DryRun(Report),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Rollback {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Imports a file completely, or not at all. Calls `progress` for each entry.
pub fn import(app: &App, file: &ImportFile, dry_run: bool, progress: &dyn Fn()) -> Result<Report> {
    let imported = app.store.write(|db| {
        let tx = &Tx::for_operator(app, db);
        let mut report = Report::default();
        for it in &file.institutions {
            let state = it.state.as_deref().unwrap_or_default();
            let key = search_key(&format!("{} {} {state} {}", it.name, it.city, it.country));
            report.institutions.count(store::institutions::upsert_institution(tx, it, &key)?);
            progress();
        }
        for it in &file.research_fields {
            let changed = store::institutions::upsert_research_field(tx, it)?;
            report.research_fields.count(changed);
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
        if dry_run { Err(Rollback::DryRun(report)) } else { Ok(report) }
    });
    match imported {
        Ok(report) | Err(Rollback::DryRun(report)) => Ok(report),
        Err(Rollback::Failed(error)) => Err(error),
    }
}

/// Adds an account. Returns false if its address exists already.
fn import_user(tx: &Tx<'_>, index: usize, user: &User) -> Result<bool> {
    if store::emails::find_role(tx, &email::key(&user.email))? == Some(Role::Primary) {
        return Ok(false);
    }
    let conflict = |member: &str, text: &str| {
        Error::BadRequest(format!("users[{index}].{member}: another account has \"{text}\" already").into())
    };
    let now = tx.now;
    let usable = !user.password.is_empty() && !user.password.starts_with('!');
    let new = NewAccount {
        username: &user.username,
        first_name: &user.first_name,
        last_name: &user.last_name,
        academic_title: &user.academic_title,
        password_hash: usable.then_some(user.password.as_str()),
        is_staff: user.is_staff,
        joined_at: user.date_joined.unwrap_or(now),
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
    tx.record(id, Event::Imported)?;
    Ok(true)
}

/// Adds a working group with its members and join requests. Returns false if its id exists already.
fn import_group(tx: &Tx<'_>, index: usize, group: &WorkingGroup) -> Result<bool> {
    let conflict = |member: &str, problem: &str| {
        Error::BadRequest(format!("workinggroups[{index}].{member}: {problem}").into())
    };
    if store::groups::exists(tx, &group.id)? {
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
    let account = |member: &str, address: &str| -> Result<Account> {
        let found = store::accounts::find_by_email(tx, address)?;
        let found = found.filter(|account| email::key(&account.email) == address);
        found.ok_or_else(|| conflict(member, &format!("no account has \"{address}\" as its primary address")))
    };
    let representative = group.representative.iter().map(|one| (one, "representative"));
    for (address, member) in representative.chain(group.members.iter().map(|one| (one, "members"))) {
        let role = if member == "members" { MemberRole::Member } else { MemberRole::Representative };
        if !store::memberships::insert(tx, account(member, address)?.id, &group.id, role)? {
            return Err(conflict(member, &format!("\"{address}\" has a working group already")));
        }
    }
    for (number, request) in group.join_requests.iter().enumerate() {
        let at = format!("joinrequests[{number}]");
        let new = JoinRequest {
            id: request.id.clone(),
            account: account(&format!("{at}.user"), &request.user)?.id,
            group: group.id.clone(),
            made_at: request.timestamp.unwrap_or(tx.now),
            status: request.status,
        };
        if !store::join_requests::insert(tx, &new)? {
            let problem = "there is a request with this id, or a pending one of this user";
            return Err(conflict(&at, problem));
        }
    }
    Ok(true)
}
