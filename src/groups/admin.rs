//! The rules of working groups for operators, on the command line and on pages.

pub mod directory;
pub mod record;

use super::errors;
use super::manage::{self, NewGroupForm};
use super::queries::words;
use crate::accounts::{Account, admin};
use crate::app::App;
use crate::error::{Error, Result};
use crate::printable::single_line;
use crate::security::audit::Event;
use crate::security::{Operator, notices};
use crate::store::accounts::MemberRole;
use crate::store::groups::Group;
use crate::store::{self, Reader};
use crate::text;

/// The fewest characters of an abbreviated id.
const MIN_PREFIX: usize = 4;
/// The most candidates that an error lists.
const MAX_CANDIDATES: usize = 10;

pub struct Represented {
    pub group: Group,
    /// `None` if the group was imported without one.
    pub representative: Option<Account>,
}

/// Returns all groups, in the order in which they were created.
pub fn list(app: &App) -> Result<Vec<Represented>> {
    app.store.read(|db| {
        let groups = store::groups::list(db)?;
        represented(db, groups)
    })
}

/// Adds their representatives to groups.
fn represented(db: &Reader<'_>, groups: Vec<Group>) -> Result<Vec<Represented>> {
    let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
    let mut representatives = store::accounts::list_representatives(db, &ids)?;
    let represented = groups.into_iter().map(|group| {
        let found = representatives.iter().position(|account| account.is_member_of(&group.id));
        Represented { representative: found.map(|found| representatives.swap_remove(found)), group }
    });
    Ok(represented.collect())
}

/// Finds a group by its id or the beginning of its id.
pub fn find(db: &Reader<'_>, id: &str) -> Result<Group> {
    let prefix = text::uuid(id).unwrap_or_else(|| id.to_lowercase());
    if prefix.chars().count() < MIN_PREFIX {
        return Err(Error::bad_request(format!(
            "give at least {MIN_PREFIX} characters of the id of a working group, not \"{id}\""
        )));
    }
    let found = store::groups::list_by_id_prefix(db, &prefix)?;
    only(
        found,
        &format!("no working group has the id \"{id}\"; `group list` shows all"),
        &format!("the ids of several working groups begin with \"{id}\""),
        |group| format!("{} ({})", group.id, group.name),
    )
}

/// Returns the only element of `found`. The error is `none` if there is none, and `several` with a list if there are more.
fn only<T>(mut found: Vec<T>, none: &str, several: &str, show: impl Fn(&T) -> String) -> Result<T> {
    if found.len() > 1 {
        let shown: Vec<String> = found.iter().take(MAX_CANDIDATES).map(show).collect();
        let more = if found.len() > MAX_CANDIDATES { ", and more" } else { "" };
        let list = single_line(&shown.join(", "));
        return Err(Error::bad_request(format!("{several}: {list}{more}")));
    }
    found.pop().ok_or_else(|| Error::bad_request(none.to_owned()))
}

pub struct Creation {
    /// Unique within the institution.
    pub name: String,
    /// The id of the institution, or words that occur only in its name and place.
    pub institution: String,
    /// The id of the research field, or words that occur only in its name.
    pub research_field: String,
    /// The address, username or id of an account.
    pub representative: String,
    pub employees: Option<i64>,
    /// Whether all logged-in users can find the group.
    pub is_public: bool,
}

/// Creates a group, and mails a notice to its representative. The representative must not be in a group.
pub fn create<'a>(by: impl Into<Operator<'a>>, new: &Creation) -> Result<(Group, Account)> {
    by.into().run(|tx| {
        let representative = admin::find(tx, &new.representative)?;
        require_active(&representative)?;
        if representative.membership.is_some() {
            return Err(errors::SUCCESSOR_ELSEWHERE);
        }
        let form = NewGroupForm {
            name: Some(new.name.clone()),
            institution: find_institution(tx, &new.institution)?,
            research_field: find_research_field(tx, &new.research_field)?,
            employees: new.employees,
            is_public: new.is_public,
        };
        let id = manage::insert(tx, &form)?;
        store::memberships::insert(tx, representative.id, &id, MemberRole::Representative)?;
        tx.record(representative.id, Event::GroupCreated(&id))?;
        notices::enqueue(tx, &representative, notices::NOW_REPRESENTATIVE)?;
        Ok((find(tx, &id)?, representative))
    })
}

fn find_institution(db: &Reader<'_>, name: &str) -> Result<String> {
    if let Some(id) = text::uuid(name) {
        return Ok(id);
    }
    let (words, limit) = (words(name), i64::try_from(MAX_CANDIDATES + 1).unwrap_or(i64::MAX));
    let found = if words.is_empty() {
        Vec::new()
    } else {
        store::institutions::list_institutions(db, &words, limit, 0)?
    };
    let institution = only(
        found,
        &format!("no institution has \"{name}\" in its name and place"),
        &format!("several institutions have \"{name}\" in their names and places; give the id of one"),
        |institution| format!("{} ({}, {})", institution.id, institution.name, institution.city),
    )?;
    Ok(institution.id)
}

fn find_research_field(db: &Reader<'_>, name: &str) -> Result<i64> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let (words, mut found) = (words(name), store::institutions::list_research_fields(db)?);
    found.retain(|field| {
        let key = text::search_key(&format!("{} {}", field.field, field.subfield));
        !words.is_empty() && words.iter().all(|word| key.contains(word.as_str()))
    });
    let field = only(
        found,
        &format!("no research field has \"{name}\" in its name"),
        &format!("several research fields have \"{name}\" in their names; give the id of one"),
        |field| format!("{} ({})", field.id, field.subfield),
    )?;
    Ok(field.id)
}

/// Deletes a group, and mails a notice to each member.
pub fn delete<'a>(by: impl Into<Operator<'a>>, id: &str) -> Result<()> {
    by.into().run(|tx| {
        let group = find(tx, id)?;
        let members = store::accounts::list_by_groups(tx, std::slice::from_ref(&group.id))?;
        // The deletion is otherwise recorded for each member.
        if members.is_empty() {
            tx.record(None, Event::GroupDeleted(&group.id))?;
        }
        manage::delete_and_notify(tx, &group.id, &members, notices::GROUP_DELETED_BY_OPERATOR)
    })
}

/// Makes an account the representative of a group, of which it becomes a member if it is in no group. The previous
/// representative remains a member. Returns the account, and false if it was the representative already.
pub fn set_representative<'a>(
    by: impl Into<Operator<'a>>,
    group: &str,
    name: &str,
) -> Result<(Account, bool)> {
    by.into().run(|tx| {
        let group = find(tx, group)?.id;
        let successor = admin::find(tx, name)?;
        require_active(&successor)?;
        if successor.membership.is_some() && !successor.is_member_of(&group) {
            return Err(errors::SUCCESSOR_ELSEWHERE);
        }
        if successor.represents().is_some() {
            return Ok((successor, false));
        }
        for current in store::accounts::list_representatives(tx, std::slice::from_ref(&group))? {
            store::memberships::set_role(tx, current.id, &group, MemberRole::Member)?;
            tx.record(current.id, Event::RepresentationTaken(&group))?;
        }
        if !store::memberships::set_role(tx, successor.id, &group, MemberRole::Representative)? {
            store::memberships::insert(tx, successor.id, &group, MemberRole::Representative)?;
            tx.record(successor.id, Event::MemberAdded(&group))?;
        }
        tx.record(successor.id, Event::RepresentationGiven(&group))?;
        notices::enqueue(tx, &successor, notices::NOW_REPRESENTATIVE)?;
        Ok((successor, true))
    })
}

fn require_active(account: &Account) -> Result<()> {
    if account.is_verified_and_active() { Ok(()) } else { Err(errors::SUCCESSOR_NOT_ACTIVE) }
}
