//! What an operator does to working groups, from the command line.

use super::errors::{HEIR_ELSEWHERE, HEIR_NOT_ACTIVE};
use super::manage::{self, NewGroupForm};
use super::queries::words;
use crate::accounts::audit::{Actor, Event};
use crate::accounts::{Account, AccountId, Error, Result, admin, audit, notices, text};
use crate::app::App;
use crate::printable::single_line;
use crate::store::groups::Group;
use crate::store::institutions::Search;
use crate::store::memberships::MemberRole;
use crate::store::{self, Reader};

/// The fewest characters of an id that stand for it.
const SHORTEST_ID: usize = 4;
/// How many of several candidates a refusal lists.
const MOST_CANDIDATES: usize = 10;

/// A group and who speaks for it.
pub struct Represented {
    /// The group.
    pub group: Group,
    /// None where it was imported without one.
    pub representative: Option<Account>,
}

/// All groups, in the order in which they were founded.
///
/// # Errors
/// Only internal ones.
pub fn list(app: &App) -> Result<Vec<Represented>> {
    app.store.read(|db| {
        let groups = store::groups::list(db)?;
        let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
        let mut representatives = store::memberships::list_representatives(db, &ids)?;
        let represented = groups.into_iter().map(|group| {
            let found = representatives.iter().position(|account| account.is_member_of(&group.id));
            Represented { representative: found.map(|found| representatives.swap_remove(found)), group }
        });
        Ok(represented.collect())
    })
}

/// Finds a group by its id or by the beginning of its id.
///
/// # Errors
/// A sentence if no group has such an id, or several have.
pub fn find(db: &Reader<'_>, id: &str) -> Result<Group> {
    let prefix = text::uuid(id).unwrap_or_else(|| id.to_lowercase());
    if prefix.chars().count() < SHORTEST_ID {
        let sentence =
            format!("give at least {SHORTEST_ID} characters of the id of a working group, not \"{id}\"");
        return Err(Error::BadRequest(sentence.into()));
    }
    let found = store::groups::list_by_id_prefix(db, &prefix)?;
    only(
        found,
        || format!("no working group has the id \"{id}\"; `group list` shows all"),
        || format!("the ids of several working groups begin with \"{id}\""),
        |group| format!("{} ({})", group.id, group.name),
    )
}

/// The only candidate.
///
/// # Errors
/// A sentence if there is none. If there are several, it lists them.
fn only<T>(
    mut found: Vec<T>,
    none: impl FnOnce() -> String,
    several: impl FnOnce() -> String,
    show: impl Fn(&T) -> String,
) -> Result<T> {
    if found.len() > 1 {
        let shown: Vec<String> = found.iter().take(MOST_CANDIDATES).map(show).collect();
        let more = if found.len() > MOST_CANDIDATES { ", and more" } else { "" };
        let list = single_line(&shown.join(", "));
        return Err(Error::BadRequest(format!("{}: {list}{more}", several()).into()));
    }
    found.pop().ok_or_else(|| Error::BadRequest(none().into()))
}

/// A group that an operator makes.
pub struct NewGroup {
    /// Its name, unique within the institution.
    pub name: String,
    /// The id of its institution, or words of its name and place that no other has.
    pub institution: String,
    /// The number of its research field, or words of its name that no other has.
    pub research_field: String,
    /// The address, username or number of the account that represents it.
    pub representative: String,
    /// How many people work in it, if that is known.
    pub employees: Option<i64>,
    /// Whether everybody who is logged in may find it.
    pub is_public: bool,
}

/// Makes a group, and an account without a group its first member and representative, who is told by mail.
///
/// # Errors
/// A refusal if something about the group is wrong, or the account cannot represent it.
pub fn create(app: &App, new: &NewGroup) -> Result<(Group, Account)> {
    app.write(|tx| {
        let representative = admin::find(tx, &new.representative)?;
        require_active(&representative)?;
        if representative.membership.is_some() {
            return Err(HEIR_ELSEWHERE);
        }
        let foundation = NewGroupForm {
            name: Some(new.name.clone()),
            institution: find_institution(tx, &new.institution)?,
            research_field: find_research_field(tx, &new.research_field)?,
            employees: new.employees,
            is_public: new.is_public,
        };
        let id = manage::insert(app, tx, &foundation)?;
        store::memberships::insert(tx, representative.id, &id, MemberRole::Representative)?;
        audit::record(app, tx, Actor::Operator, representative.id, Event::GroupCreated(&id))?;
        notices::enqueue(app, tx, &representative, notices::NOW_REPRESENTATIVE)?;
        Ok((find(tx, &id)?, representative))
    })
}

fn find_institution(db: &Reader<'_>, name: &str) -> Result<String> {
    if let Some(id) = text::uuid(name) {
        return Ok(id);
    }
    let (words, first) = (words(name), i64::try_from(MOST_CANDIDATES + 1).ok());
    let found = if words.is_empty() {
        Vec::new()
    } else {
        store::institutions::list_institutions(db, &Search { words, first, offset: 0 })?
    };
    let institution = only(
        found,
        || format!("no institution has \"{name}\" in its name and place"),
        || format!("several institutions have \"{name}\" in their names and places; give the id of one"),
        |institution| format!("{} ({}, {})", institution.id, institution.name, institution.city),
    )?;
    Ok(institution.id)
}

fn find_research_field(db: &Reader<'_>, name: &str) -> Result<i64> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let (words, mut found) = (words(name), store::institutions::list_research_fields(db)?);
    found.retain(|field| {
        let key = text::search_key(&format!("{} {}", field.field, field.subfield));
        !words.is_empty() && words.iter().all(|word| key.contains(word.as_str()))
    });
    let field = only(
        found,
        || format!("no research field has \"{name}\" in its name"),
        || format!("several research fields have \"{name}\" in their names; give the number of one"),
        |field| format!("{} ({})", field.id, field.subfield),
    )?;
    Ok(field.id)
}

/// Deletes a group. Its members have no group then, and are told by mail.
///
/// # Errors
/// A sentence if there is no such group.
pub fn delete(app: &App, id: &str) -> Result<()> {
    app.write(|tx| {
        let group = find(tx, id)?;
        let members = store::memberships::list_members(tx, std::slice::from_ref(&group.id))?;
        if members.is_empty() {
            audit::record(app, tx, Actor::Operator, None::<AccountId>, Event::GroupDeleted(&group.id))?;
        }
        let notice = notices::GROUP_DELETED_BY_OPERATOR;
        manage::delete_with(app, tx, Actor::Operator, &group.id, &members, notice)
    })
}

/// Makes an account the representative of a group. The one before stays as a member, and an account without a group becomes
/// a member first. Returns the account, and false if it was the representative already.
///
/// # Errors
/// A refusal if there is no such group or account, or the account cannot represent the group.
pub fn set_representative(app: &App, group: &str, name: &str) -> Result<(Account, bool)> {
    app.write(|tx| {
        let group = find(tx, group)?.id;
        let successor = admin::find(tx, name)?;
        require_active(&successor)?;
        if successor.membership.is_some() && !successor.is_member_of(&group) {
            return Err(HEIR_ELSEWHERE);
        }
        if successor.represents().is_some() {
            return Ok((successor, false));
        }
        for current in store::memberships::list_representatives(tx, std::slice::from_ref(&group))? {
            store::memberships::set_role(tx, current.id, &group, MemberRole::Member)?;
            audit::record(app, tx, Actor::Operator, current.id, Event::RepresentationTaken(&group))?;
        }
        if !store::memberships::set_role(tx, successor.id, &group, MemberRole::Representative)? {
            store::memberships::insert(tx, successor.id, &group, MemberRole::Representative)?;
            audit::record(app, tx, Actor::Operator, successor.id, Event::MemberAdded(&group))?;
        }
        audit::record(app, tx, Actor::Operator, successor.id, Event::RepresentationGiven(&group))?;
        notices::enqueue(app, tx, &successor, notices::NOW_REPRESENTATIVE)?;
        Ok((successor, true))
    })
}

fn require_active(account: &Account) -> Result<()> {
    if account.is_verified_and_active() { Ok(()) } else { Err(HEIR_NOT_ACTIVE) }
}
