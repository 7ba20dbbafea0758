//! `setWorkingGroup`, `requestJoinWorkingGroup`, `answerJoinRequest`, `leaveWorkingGroup`: how people get into a
//! working group and out of it.

use super::errors::{
    ANSWERED_ALREADY, ASKED_ALREADY, GROUP_NOT_FOUND, HAS_GROUP, MEMBER_ALREADY, MUST_ASK, NOT_REGISTERED,
    REPRESENTATIVE_STAYS, REPRESENTATIVES_ONLY, REQUEST_NOT_FOUND, not_authorized_to_answer,
    require_verified,
};
use super::loader::{Loader, SeenAccount, SeenJoinRequest};
use super::queries;
use super::selection::{AccountSelection, JoinRequestSelection};
use super::visibility::Visibility;
use crate::accounts::audit::{Actor, Event};
use crate::accounts::{Account, AccountId, Result, Viewer, audit, text, throttle};
use crate::app::App;
use crate::config::Joining;
use crate::mail::MailKind;
use crate::outbox;
use crate::store::groups::Group;
use crate::store::join_requests::{JoinRequest, Status};
use crate::store::memberships::MemberRole;
use crate::store::{self, Reader, Writer};

/// Takes whoever asks into a group without asking it, where `groups.joining` is `open`; out of another, if need be.
///
/// # Errors
/// A refusal if the group has to be asked, or if the asker speaks for another, which would be left without a voice.
pub fn set(app: &App, viewer: &Viewer, group_id: &str, selection: &AccountSelection) -> Result<SeenAccount> {
    app.write(|tx| {
        let account = require_verified(app, tx, viewer)?;
        let group = find_group(app, tx, &account, group_id)?;
        if !account.is_member_of(&group.id) {
            if app.config.groups.joining == Joining::Request {
                return Err(MUST_ASK);
            }
            require_no_representative(&account)?;
            throttle::group_change(app, tx, viewer)?;
            part(app, tx, viewer, &account)?;
            store::memberships::insert(tx, account.id, &group.id, MemberRole::Member)?;
            audit::record(app, tx, Actor::Owner(viewer), account.id, Event::GroupJoined(&group.id))?;
        }
        let account = get(tx, account.id)?;
        queries::one(app, tx, &account, account.clone(), selection)
    })
}

/// Makes a request to join a group, and mails it to the representative of the group.
///
/// # Errors
/// A refusal if the asker is in the group, or waits for its answer.
pub fn request(
    app: &App,
    viewer: &Viewer,
    group_id: &str,
    selection: &JoinRequestSelection,
) -> Result<SeenJoinRequest> {
    app.write(|tx| {
        let account = require_verified(app, tx, viewer)?;
        let group = find_group(app, tx, &account, group_id)?;
        if account.is_member_of(&group.id) {
            return Err(MEMBER_ALREADY);
        }
        let (id, made_at) = (app.random.uuid(), app.clock.now());
        let request =
            JoinRequest { id, account: account.id, group: group.id, made_at, status: Status::Pending };
        if !store::join_requests::insert(tx, &request)? {
            return Err(ASKED_ALREADY);
        }
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::JoinRequestMade(&request.group))?;
        let requester = account.full_name();
        for representative in
            store::memberships::list_representatives(tx, std::slice::from_ref(&request.group))?
        {
            if throttle::join_request_mail(app, tx, viewer, &account, &representative.email)? {
                let (id, email) = (&request.id, &account.email);
                let kind = MailKind::JoinRequest { id, requester: &requester, email, group: &group.name };
                outbox::enqueue(app, tx, &kind, &representative.email, representative.salutation())?;
            }
        }
        let visibility = Visibility::of(app, Some(account));
        let seen = Loader::new(tx, &visibility).join_requests(vec![request], selection)?.pop();
        seen.ok_or_else(|| anyhow::anyhow!("a join request is not in its own picture").into())
    })
}

/// Answers a wish to join the group that the asker speaks for, and tells whoever made it by mail.
///
/// # Errors
/// A refusal if it is not theirs to answer, was answered before, or whoever made it has found another group.
pub fn answer(
    app: &App,
    viewer: &Viewer,
    request_id: &str,
    approve: bool,
    selection: &AccountSelection,
) -> Result<SeenAccount> {
    app.write(|tx| {
        let own = require_verified(app, tx, viewer)?;
        throttle::group_change(app, tx, viewer)?;
        let own_group = own.represents().ok_or(REPRESENTATIVES_ONLY)?;
        let request = match text::uuid(request_id) {
            Some(id) => store::join_requests::find_by_id(tx, &id)?.ok_or(REQUEST_NOT_FOUND)?,
            None => return Err(REQUEST_NOT_FOUND),
        };
        let group = store::groups::find_by_id(tx, &request.group)?.ok_or(REQUEST_NOT_FOUND)?;
        if group.id != own_group {
            let sees = Visibility::of(app, Some(own.clone())).sees_group(&group);
            return Err(if sees { not_authorized_to_answer(&group.name) } else { REQUEST_NOT_FOUND });
        }
        let status = if approve { Status::Approved } else { Status::Declined };
        if !store::join_requests::answer(tx, &request.id, status)? {
            return Err(ANSWERED_ALREADY);
        }
        let requester = get(tx, request.account)?;
        let event = if approve { Event::JoinRequestApproved } else { Event::JoinRequestDeclined };
        let by = Actor::Account(own.id, viewer);
        audit::record(app, tx, by, requester.id, event(&group.id))?;
        if approve && !requester.is_member_of(&group.id) {
            admit(app, tx, by, &requester, &group.id)?;
        }
        let kind = MailKind::JoinAnswer { group: &group.name, approved: approve };
        outbox::enqueue(app, tx, &kind, &requester.email, requester.salutation())?;
        queries::one(app, tx, &own, get(tx, requester.id)?, selection)
    })
}

/// Takes whoever asks out of their group; that they have none is no error.
///
/// # Errors
/// A refusal if they speak for it.
pub fn leave(app: &App, viewer: &Viewer) -> Result<()> {
    app.write(|tx| {
        let account = require_verified(app, tx, viewer)?;
        require_no_representative(&account)?;
        if account.membership.is_some() {
            throttle::group_change(app, tx, viewer)?;
        }
        part(app, tx, viewer, &account)
    })
}

/// Takes whoever asks out of their group, if they have one.
fn part(app: &App, tx: &Writer<'_>, viewer: &Viewer, account: &Account) -> Result<()> {
    let Some(membership) = &account.membership else { return Ok(()) };
    store::memberships::delete(tx, account.id)?;
    audit::record(app, tx, Actor::Owner(viewer), account.id, Event::GroupLeft(&membership.group))
}

/// Takes somebody who has no group into one.
pub(super) fn admit(
    app: &App,
    tx: &Writer<'_>,
    by: Actor<'_>,
    newcomer: &Account,
    group_id: &str,
) -> Result<()> {
    // Whoever registered an address that is not theirs must not get in by it.
    if !newcomer.is_verified_and_active() {
        return Err(NOT_REGISTERED);
    }
    if !store::memberships::insert(tx, newcomer.id, group_id, MemberRole::Member)? {
        return Err(HAS_GROUP);
    }
    audit::record(app, tx, by, newcomer.id, Event::MemberAdded(group_id))
}

/// An account that must be there.
pub(super) fn get(db: &Reader<'_>, id: AccountId) -> Result<Account> {
    store::accounts::find_by_id(db, id)?.ok_or_else(|| anyhow::anyhow!("account {id} is gone").into())
}

/// A group that somebody may join or ask. Where groups are asked, private ones are as those that do not exist.
fn find_group(app: &App, db: &Reader<'_>, own: &Account, id: &str) -> Result<Group> {
    let Some(id) = text::uuid(id) else { return Err(GROUP_NOT_FOUND) };
    let visibility = Visibility::of(app, Some(own.clone()));
    let open = app.config.groups.joining == Joining::Open;
    let found = store::groups::find_by_id(db, &id)?.filter(|group| open || visibility.sees_group(group));
    found.ok_or(GROUP_NOT_FOUND)
}

fn require_no_representative(account: &Account) -> Result<()> {
    if account.represents().is_some() { Err(REPRESENTATIVE_STAYS) } else { Ok(()) }
}
