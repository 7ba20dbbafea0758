//! `createWorkingGroup`, `deleteWorkingGroup`, `addUserToWorkingGroup`, `removeUserFromWorkingGroup`,
//! `handOverWorkingGroup`: what the representative of a working group does.

use super::errors::{
    EMPLOYEES_INVALID, GROUP_EXISTS, GROUP_NOT_FOUND, HEIR_NOT_ACTIVE, INSTITUTION_NOT_FOUND,
    MEMBER_ELSEWHERE, NAME_INVALID, NOT_IN_YOUR_GROUP, NOT_REGISTERED, NOT_YOUR_GROUP,
    REMOVES_REPRESENTATIVE, REPRESENTATIVES_ONLY, REPRESENTS_ANOTHER, RESEARCH_FIELD_INVALID,
    SUCCESSOR_NOT_MEMBER, USER_NOT_FOUND, require_verified,
};
use super::join::{admit, get};
use super::loader::{Loader, SeenGroup};
use super::selection::GroupSelection;
use super::visibility::Visibility;
use crate::accounts::audit::{Actor, Event};
use crate::accounts::validation::GROUP_NAME;
use crate::accounts::{Account, Result, Viewer, audit, email, notices, text, throttle};
use crate::app::App;
use crate::store::groups::{GroupId, NewGroup};
use crate::store::memberships::MemberRole;
use crate::store::{self, Reader, Writer};

/// What a group is founded with.
pub struct NewGroupForm {
    /// Its name, unique within the institution.
    pub name: Option<String>,
    /// The UUID of its institution.
    pub institution: String,
    /// The number of its research field.
    pub research_field: i64,
    /// How many people work in it; only an operator may leave that out.
    pub employees: Option<i64>,
    /// Whether everybody who is logged in may find it.
    pub is_public: bool,
}

/// Founds a group, of which whoever asks is the first member and the representative.
///
/// # Errors
/// A refusal if something about it is wrong, or the asker has a group.
pub fn create(
    app: &App,
    viewer: &Viewer,
    new: &NewGroupForm,
    selection: &GroupSelection,
) -> Result<SeenGroup> {
    app.write(|tx| {
        let account = require_verified(app, tx, viewer)?;
        throttle::group_change(app, tx, viewer)?;
        let id = insert(app, tx, new)?;
        if !store::memberships::insert(tx, account.id, &id, MemberRole::Representative)? {
            let represents = account.represents().is_some();
            return Err(if represents { REPRESENTS_ANOTHER } else { MEMBER_ELSEWHERE });
        }
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::GroupCreated(&id))?;
        picture(app, tx, get(tx, account.id)?, &id, selection)
    })
}

/// Adds a group that has no members yet, and returns its id.
pub(super) fn insert(app: &App, tx: &Writer<'_>, new: &NewGroupForm) -> Result<GroupId> {
    let institution = text::uuid(&new.institution).ok_or(INSTITUTION_NOT_FOUND)?;
    if !store::institutions::has_institution(tx, &institution)? {
        return Err(INSTITUTION_NOT_FOUND);
    }
    if !store::institutions::has_research_field(tx, new.research_field)? {
        return Err(RESEARCH_FIELD_INVALID);
    }
    let name = text::clean_text(new.name.as_deref().unwrap_or_default(), GROUP_NAME);
    let name = name.ok().filter(|name| !name.is_empty()).ok_or(NAME_INVALID)?;
    if new.employees.is_some_and(|employees| employees < 0) {
        return Err(EMPLOYEES_INVALID);
    }
    let id = app.random.uuid();
    let group = NewGroup {
        id: &id,
        name: &name,
        institution_id: Some(&institution),
        research_field_id: new.research_field,
        employees: new.employees,
        is_public: new.is_public,
    };
    if store::groups::insert(tx, &group)? { Ok(id) } else { Err(GROUP_EXISTS) }
}

/// Ends a group, which sets its members free and forgets who wished to join.
///
/// # Errors
/// A refusal if the asker does not speak for it.
pub fn delete(app: &App, viewer: &Viewer, group_id: &str) -> Result<()> {
    app.write(|tx| {
        let (own, own_group) = require_representative(app, tx, viewer)?;
        throttle::group_change(app, tx, viewer)?;
        let id = text::uuid(group_id).ok_or(GROUP_NOT_FOUND)?;
        if id != own_group {
            let group = store::groups::find_by_id(tx, &id)?;
            let visibility = Visibility::of(app, Some(own));
            let visible = group.is_some_and(|group| visibility.sees_group(&group));
            return Err(if visible { NOT_YOUR_GROUP } else { GROUP_NOT_FOUND });
        }
        let own_id = own.id;
        audit::record(app, tx, Actor::Owner(viewer), own_id, Event::GroupDeleted(&id))?;
        let mut others = store::memberships::list_members(tx, &[own_group])?;
        others.retain(|member| member.id != own_id);
        delete_with(app, tx, Actor::Account(own_id, viewer), &id, &others, notices::GROUP_DELETED)
    })
}

/// Deletes a group, and records and mails that to each of these members.
pub(super) fn delete_with(
    app: &App,
    tx: &Writer<'_>,
    by: Actor<'_>,
    id: &str,
    members: &[Account],
    notice: &'static str,
) -> Result<()> {
    for member in members {
        audit::record(app, tx, by, member.id, Event::GroupDeleted(id))?;
        notices::enqueue(app, tx, member, notice)?;
    }
    Ok(store::groups::delete(tx, id)?)
}

/// Takes somebody who has no group into that of the asker, by address.
///
/// # Errors
/// A refusal if the asker speaks for no group, nobody has the address, or whoever has it is in a group.
pub fn add(app: &App, viewer: &Viewer, address: &str) -> Result<()> {
    let address = text::strip(address);
    app.store.read(|db| require_representative(app, db, viewer).map(drop))?;
    throttle::mail(app, viewer, throttle::MailPurpose::Group, address)?;
    app.write(|tx| {
        let (own, group) = require_representative(app, tx, viewer)?;
        throttle::group_change(app, tx, viewer)?;
        let key = email::key(address);
        let newcomer = store::accounts::find_by_email(tx, &key)?.ok_or(NOT_REGISTERED)?;
        admit(app, tx, Actor::Account(own.id, viewer), &newcomer, &group)?;
        notices::enqueue(app, tx, &newcomer, notices::ADDED_TO_GROUP)
    })
}

/// Takes a member out of the group of the asker, by number.
///
/// # Errors
/// A refusal if the asker speaks for no group, or the number is not that of another member of it.
pub fn remove(app: &App, viewer: &Viewer, user_id: &str) -> Result<()> {
    app.write(|tx| {
        let (own, group) = require_representative(app, tx, viewer)?;
        throttle::group_change(app, tx, viewer)?;
        let own_id = own.id;
        let visibility = Visibility::of(app, Some(own));
        let member = find_by_number(tx, user_id)?.filter(|found| visibility.sees_account(found));
        let member = member.ok_or(USER_NOT_FOUND)?;
        if represents_visibly(tx, &visibility, &member)? {
            return Err(REMOVES_REPRESENTATIVE);
        }
        if !member.is_member_of(&group) {
            return Err(NOT_IN_YOUR_GROUP);
        }
        store::memberships::delete(tx, member.id)?;
        let by = Actor::Account(own_id, viewer);
        audit::record(app, tx, by, member.id, Event::MemberRemoved(&group))?;
        notices::enqueue(app, tx, &member, notices::REMOVED_FROM_GROUP)
    })
}

/// Makes another member the representative of the asker's group, by number; the asker stays as a member.
///
/// # Errors
/// A refusal if the asker speaks for no group, or the number is not that of a member who could speak for it.
pub fn hand_over(app: &App, viewer: &Viewer, user_id: &str, selection: &GroupSelection) -> Result<SeenGroup> {
    app.write(|tx| {
        let (own, group) = require_representative(app, tx, viewer)?;
        throttle::group_change(app, tx, viewer)?;
        let successor = find_by_number(tx, user_id)?.filter(|found| found.is_member_of(&group));
        let successor = successor.ok_or(SUCCESSOR_NOT_MEMBER)?;
        if !successor.is_verified_and_active() {
            return Err(HEIR_NOT_ACTIVE);
        }
        if successor.id != own.id {
            store::memberships::set_role(tx, own.id, &group, MemberRole::Member)?;
            store::memberships::set_role(tx, successor.id, &group, MemberRole::Representative)?;
            audit::record(app, tx, Actor::Owner(viewer), own.id, Event::RepresentationTaken(&group))?;
            let by = Actor::Account(own.id, viewer);
            audit::record(app, tx, by, successor.id, Event::RepresentationGiven(&group))?;
            notices::enqueue(app, tx, &successor, notices::NOW_REPRESENTATIVE)?;
        }
        picture(app, tx, get(tx, own.id)?, &group, selection)
    })
}

/// The account of whoever asks and the group that it speaks for.
fn require_representative(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<(Account, GroupId)> {
    let own = require_verified(app, db, viewer)?;
    let group = own.represents().ok_or(REPRESENTATIVES_ONLY)?.to_owned();
    Ok((own, group))
}

fn find_by_number(db: &Reader<'_>, number: &str) -> Result<Option<Account>> {
    match text::strip(number).parse() {
        Ok(id) => Ok(store::accounts::find_by_id(db, id)?),
        Err(_) => Ok(None),
    }
}

/// Whether somebody speaks for a group of which the asker may know.
fn represents_visibly(db: &Reader<'_>, visibility: &Visibility, account: &Account) -> Result<bool> {
    let Some(id) = account.represents() else { return Ok(false) };
    Ok(store::groups::find_by_id(db, id)?.is_some_and(|group| visibility.sees_group(&group)))
}

/// A group as one of its members sees it.
fn picture(
    app: &App,
    db: &Reader<'_>,
    own: Account,
    id: &str,
    selection: &GroupSelection,
) -> Result<SeenGroup> {
    let visibility = Visibility::of(app, Some(own));
    let group = store::groups::find_by_id(db, id)?;
    let seen = Loader::new(db, &visibility).groups(group.into_iter().collect(), selection)?;
    seen.into_iter().next().ok_or_else(|| anyhow::anyhow!("group {id} is not there after its insert").into())
}
