//! The mutations `createWorkingGroup`, `deleteWorkingGroup`, `addUserToWorkingGroup`, `removeUserFromWorkingGroup` and
//! `handOverWorkingGroup`.

use anyhow::anyhow;

use super::errors;
use super::join::{admit, get};
use super::loader::{Loader, SeenGroup};
use super::selection::GroupSelection;
use super::visibility::Visibility;
use crate::accounts::Account;
use crate::accounts::validation::{GROUP_NAME, clean_text};
use crate::app::App;
use crate::django::text::strip;
use crate::email;
use crate::error::Result;
use crate::security::audit::Event;
use crate::security::throttle::{self, MailPurpose};
use crate::security::{Tx, Viewer, notices};
use crate::store::accounts::MemberRole;
use crate::store::groups::{GroupId, NewGroup};
use crate::store::{self, Reader};
use crate::text;

pub struct NewGroupForm {
    /// Unique within the institution.
    pub name: Option<String>,
    /// The UUID of the institution.
    pub institution: String,
    /// The id of the research field.
    pub research_field: i64,
    /// Required by the mutation, but not by the command line.
    pub employees: Option<i64>,
    /// Whether all logged-in users can find the group.
    pub is_public: bool,
}

/// Creates a group with the viewer as its first member and representative.
pub fn create(
    app: &App,
    viewer: &Viewer,
    new: &NewGroupForm,
    selection: &GroupSelection,
) -> Result<SeenGroup> {
    Tx::run(app, viewer, |tx| {
        let account = errors::require_verified(&tx.caller)?;
        throttle::group_change(tx)?;
        let id = insert(tx, new)?;
        if !store::memberships::insert(tx, account.id, &id, MemberRole::Representative)? {
            let represents = account.represents().is_some();
            return Err(if represents { errors::REPRESENTS_ANOTHER } else { errors::MEMBER_ELSEWHERE });
        }
        tx.record(account.id, Event::GroupCreated(&id))?;
        load(tx, get(tx, account.id)?, &id, selection)
    })
}

/// Adds a group without members, and returns its id.
pub(super) fn insert(tx: &Tx<'_>, new: &NewGroupForm) -> Result<GroupId> {
    let institution = text::uuid(&new.institution).ok_or(errors::INSTITUTION_NOT_FOUND)?;
    if !store::institutions::has_institution(tx, &institution)? {
        return Err(errors::INSTITUTION_NOT_FOUND);
    }
    if !store::institutions::has_research_field(tx, new.research_field)? {
        return Err(errors::RESEARCH_FIELD_INVALID);
    }
    let name = clean_text(new.name.as_deref().unwrap_or_default(), GROUP_NAME);
    let name = name.ok().filter(|name| !name.is_empty()).ok_or(errors::NAME_INVALID)?;
    if new.employees.is_some_and(|employees| employees < 0) {
        return Err(errors::EMPLOYEES_INVALID);
    }
    let id = tx.app.random.uuid();
    let group = NewGroup {
        id: &id,
        name: &name,
        institution_id: Some(&institution),
        research_field_id: new.research_field,
        employees: new.employees,
        is_public: new.is_public,
    };
    if store::groups::insert(tx, &group)? { Ok(id) } else { Err(errors::GROUP_EXISTS) }
}

/// Deletes a group that the viewer must represent, with its memberships and join requests.
pub fn delete(app: &App, viewer: &Viewer, group_id: &str) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let (own, own_group) = require_representative(tx)?;
        throttle::group_change(tx)?;
        let id = text::uuid(group_id).ok_or(errors::GROUP_NOT_FOUND)?;
        if id != own_group {
            let group = store::groups::find_by_id(tx, &id)?;
            let visibility = Visibility::of(tx.app, Some(own.clone()));
            let is_visible = group.is_some_and(|group| visibility.sees_group(&group));
            return Err(if is_visible { errors::NOT_YOUR_GROUP } else { errors::GROUP_NOT_FOUND });
        }
        tx.record(own.id, Event::GroupDeleted(&id))?;
        let mut others = store::accounts::list_by_groups(tx, &[own_group])?;
        others.retain(|member| member.id != own.id);
        delete_and_notify(tx, &id, &others, notices::GROUP_DELETED)
    })
}

/// Deletes a group. For each of `members`, records an event and enqueues a notice.
pub(super) fn delete_and_notify(tx: &Tx<'_>, id: &str, members: &[Account], notice: &str) -> Result<()> {
    for member in members {
        tx.record(member.id, Event::GroupDeleted(id))?;
        notices::enqueue(tx, member, notice)?;
    }
    Ok(store::groups::delete(tx, id)?)
}

/// Adds the account that has this address to the group that the viewer represents.
pub fn add(app: &App, viewer: &Viewer, address: &str) -> Result<()> {
    let address = strip(address);
    Tx::run(app, viewer, |tx| {
        let (_, group) = require_representative(tx)?;
        throttle::mail(tx, MailPurpose::Group, address)?;
        throttle::group_change(tx)?;
        let newcomer =
            store::accounts::find_by_email(tx, &email::key(address))?.ok_or(errors::NOT_REGISTERED)?;
        admit(tx, &newcomer, &group)?;
        notices::enqueue(tx, &newcomer, notices::ADDED_TO_GROUP)
    })
}

/// Removes a member from the group that the viewer represents.
pub fn remove(app: &App, viewer: &Viewer, user_id: &str) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let (own, group) = require_representative(tx)?;
        throttle::group_change(tx)?;
        let visibility = Visibility::of(app, Some(own.clone()));
        let member = find_account(tx, user_id)?.filter(|found| visibility.sees_account(found));
        let member = member.ok_or(errors::USER_NOT_FOUND)?;
        // As in the original, the member may represent another group. The error must not reveal a hidden one.
        if let Some(represented) = member.represents()
            && store::groups::find_by_id(tx, represented)?.is_some_and(|found| visibility.sees_group(&found))
        {
            return Err(errors::REMOVES_REPRESENTATIVE);
        }
        if !member.is_member_of(&group) {
            return Err(errors::NOT_IN_YOUR_GROUP);
        }
        store::memberships::delete(tx, member.id)?;
        tx.record(member.id, Event::MemberRemoved(&group))?;
        notices::enqueue(tx, &member, notices::REMOVED_FROM_GROUP)
    })
}

/// Makes another member the representative of the group that the viewer represents. The viewer remains a member.
pub fn hand_over(app: &App, viewer: &Viewer, user_id: &str, selection: &GroupSelection) -> Result<SeenGroup> {
    Tx::run(app, viewer, |tx| {
        let (own, group) = require_representative(tx)?;
        throttle::group_change(tx)?;
        let successor = find_account(tx, user_id)?.filter(|found| found.is_member_of(&group));
        let successor = successor.ok_or(errors::SUCCESSOR_NOT_MEMBER)?;
        if !successor.is_verified_and_active() {
            return Err(errors::SUCCESSOR_NOT_ACTIVE);
        }
        if successor.id != own.id {
            store::memberships::set_role(tx, own.id, &group, MemberRole::Member)?;
            store::memberships::set_role(tx, successor.id, &group, MemberRole::Representative)?;
            tx.record(own.id, Event::RepresentationTaken(&group))?;
            tx.record(successor.id, Event::RepresentationGiven(&group))?;
            notices::enqueue(tx, &successor, notices::NOW_REPRESENTATIVE)?;
        }
        load(tx, get(tx, own.id)?, &group, selection)
    })
}

/// Returns the viewer's account and the group that it represents.
fn require_representative<'a>(tx: &'a Tx<'_>) -> Result<(&'a Account, GroupId)> {
    let own = errors::require_verified(&tx.caller)?;
    let group = own.represents().ok_or(errors::REPRESENTATIVES_ONLY)?.to_owned();
    Ok((own, group))
}

fn find_account(db: &Reader<'_>, id: &str) -> Result<Option<Account>> {
    match strip(id).parse() {
        Ok(id) => Ok(store::accounts::find_by_id(db, id)?),
        Err(_) => Ok(None),
    }
}

/// Loads a group as one of its members sees it.
fn load(tx: &Tx<'_>, own: Account, id: &str, selection: &GroupSelection) -> Result<SeenGroup> {
    let group = store::groups::find_by_id(tx, id)?.ok_or_else(|| anyhow!("group {id} is missing"))?;
    Loader::new(tx.app, tx, Some(own)).group(group, selection)
}
