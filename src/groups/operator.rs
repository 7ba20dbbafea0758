//! What an operator does to working groups, from the command line.

use super::refusal::{HEIR_ELSEWHERE, HEIR_NOT_ACTIVE};
use crate::accounts::audit::{By, Event};
use crate::accounts::{Account, Error, Result, audit, notices, operator, text};
use crate::app::App;
use crate::store;
use crate::store::groups::Group;
use crate::store::memberships::MemberRole;

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

/// Makes an account the representative of a group, by address, username or number. Whoever was it stays as a member, and
/// an account without a group becomes a member first. False if it was the representative already.
///
/// # Errors
/// A refusal if there is no such group or account, or the account could not speak for the group.
pub fn set_representative(app: &App, group: &str, name: &str) -> Result<(Account, bool)> {
    app.write(|tx| {
        let unknown = || {
            Error::Misused(format!("no working group has the id \"{group}\"; `group list` shows all").into())
        };
        let group = text::uuid(group).ok_or_else(unknown)?;
        if !store::groups::exists(tx, &group)? {
            return Err(unknown());
        }
        let heir = operator::find(tx, name)?;
        if heir.verified_at.is_none() || heir.deactivated_at.is_some() {
            return Err(HEIR_NOT_ACTIVE);
        }
        if heir.membership.is_some() && !heir.is_member_of(&group) {
            return Err(HEIR_ELSEWHERE);
        }
        if heir.represents().is_some() {
            return Ok((heir, false));
        }
        for current in store::memberships::list_representatives(tx, std::slice::from_ref(&group))? {
            store::memberships::set_role(tx, current.id, &group, MemberRole::Member)?;
            audit::note(app, tx, By::Operator, current.id, Event::RepresentationTaken(&group))?;
        }
        if !store::memberships::set_role(tx, heir.id, &group, MemberRole::Representative)? {
            store::memberships::insert(tx, heir.id, &group, MemberRole::Representative)?;
            audit::note(app, tx, By::Operator, heir.id, Event::MemberAdded(&group))?;
        }
        audit::note(app, tx, By::Operator, heir.id, Event::RepresentationGiven(&group))?;
        notices::enqueue(app, tx, &heir, notices::NOW_REPRESENTATIVE)?;
        Ok((heir, true))
    })
}
