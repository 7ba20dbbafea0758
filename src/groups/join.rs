//! The mutations `setWorkingGroup`, `requestJoinWorkingGroup`, `answerJoinRequest` and `leaveWorkingGroup`.

use anyhow::anyhow;

use super::errors;
use super::loader::{Loader, SeenAccount, SeenJoinRequest};
use super::selection::{AccountSelection, JoinRequestSelection};
use super::visibility::Visibility;
use crate::accounts::{Account, AccountId};
use crate::app::App;
use crate::config::Joining;
use crate::error::Result;
use crate::mail::MailKind;
use crate::outbox::Recipient;
use crate::security::audit::Event;
use crate::security::{Tx, Viewer, throttle};
use crate::store::accounts::MemberRole;
use crate::store::groups::Group;
use crate::store::join_requests::{JoinRequest, Status};
use crate::store::{self, Reader};
use crate::text;

/// Moves the viewer into a group without a join request, if `groups.joining` is `open`.
pub fn set(app: &App, viewer: &Viewer, group_id: &str, selection: &AccountSelection) -> Result<SeenAccount> {
    Tx::run(app, viewer, |tx| {
        let account = errors::require_verified(&tx.caller)?;
        let group = find_group(tx, account, group_id)?;
        if !account.is_member_of(&group.id) {
            if app.config.groups.joining == Joining::Request {
                return Err(errors::MUST_ASK);
            }
            require_not_representative(account)?;
            throttle::group_change(tx)?;
            leave_current(tx, account)?;
            store::memberships::insert(tx, account.id, &group.id, MemberRole::Member)?;
            tx.record(account.id, Event::GroupJoined(&group.id))?;
        }
        let account = get(tx, account.id)?;
        Loader::new(app, tx, Some(account.clone())).account(account, selection)
    })
}

/// Makes a request to join a group, and mails it to the representative of the group.
pub fn request(
    app: &App,
    viewer: &Viewer,
    group_id: &str,
    selection: &JoinRequestSelection,
) -> Result<SeenJoinRequest> {
    Tx::run(app, viewer, |tx| {
        let account = errors::require_verified(&tx.caller)?;
        let group = find_group(tx, account, group_id)?;
        if account.is_member_of(&group.id) {
            return Err(errors::MEMBER_ALREADY);
        }
        let request = JoinRequest {
            id: app.random.uuid(),
            account: account.id,
            group: group.id,
            made_at: tx.now,
            status: Status::Pending,
        };
        if !store::join_requests::insert(tx, &request)? {
            return Err(errors::ASKED_ALREADY);
        }
        tx.record(account.id, Event::JoinRequestMade(&request.group))?;
        let requester = account.full_name();
        // An imported group may have no representative.
        let groups = std::slice::from_ref(&request.group);
        for representative in store::accounts::list_representatives(tx, groups)? {
            if throttle::join_request_mail(tx, account, &representative.email)? {
                let (id, email) = (&request.id, &account.email);
                let kind = MailKind::JoinRequest { id, requester: &requester, email, group: &group.name };
                let name = representative.salutation();
                let recipient = Recipient::owner(&representative, &representative.email, name);
                // The mail names the requester, so it is erased with that account.
                tx.enqueue(&kind, &Recipient { about: Some(account.id), ..recipient })?;
            }
        }
        Loader::new(app, tx, Some(account.clone())).join_request(request, selection)
    })
}

/// Answers a request to join the group that the viewer represents, and mails the answer.
pub fn answer(
    app: &App,
    viewer: &Viewer,
    request_id: &str,
    is_approved: bool,
    selection: &AccountSelection,
) -> Result<SeenAccount> {
    Tx::run(app, viewer, |tx| {
        let own = errors::require_verified(&tx.caller)?;
        throttle::group_change(tx)?;
        let own_group = own.represents().ok_or(errors::REPRESENTATIVES_ONLY)?;
        let id = text::uuid(request_id).ok_or(errors::REQUEST_NOT_FOUND)?;
        let request = store::join_requests::find_by_id(tx, &id)?.ok_or(errors::REQUEST_NOT_FOUND)?;
        let group = store::groups::find_by_id(tx, &request.group)?.ok_or(errors::REQUEST_NOT_FOUND)?;
        if group.id != own_group {
            let is_visible = Visibility::of(app, Some(own.clone())).sees_group(&group);
            return Err(if is_visible {
                errors::not_authorized_to_answer(&group.name)
            } else {
                errors::REQUEST_NOT_FOUND
            });
        }
        let status = if is_approved { Status::Approved } else { Status::Declined };
        if !store::join_requests::answer(tx, &request.id, status)? {
            return Err(errors::ANSWERED_ALREADY);
        }
        let requester = get(tx, request.account)?;
        let event = if is_approved { Event::JoinRequestApproved } else { Event::JoinRequestDeclined };
        tx.record(requester.id, event(&group.id))?;
        if is_approved && !requester.is_member_of(&group.id) {
            admit(tx, &requester, &group.id)?;
        }
        let kind = MailKind::JoinAnswer { group: &group.name, approved: is_approved };
        tx.enqueue(&kind, &Recipient::owner(&requester, &requester.email, requester.salutation()))?;
        Loader::new(app, tx, Some(own.clone())).account(get(tx, requester.id)?, selection)
    })
}

/// Removes the viewer from their group, if they have one.
pub fn leave(app: &App, viewer: &Viewer) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let account = errors::require_verified(&tx.caller)?;
        require_not_representative(account)?;
        if account.membership.is_some() {
            throttle::group_change(tx)?;
        }
        leave_current(tx, account)
    })
}

fn leave_current(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let Some(membership) = &account.membership else { return Ok(()) };
    store::memberships::delete(tx, account.id)?;
    tx.record(account.id, Event::GroupLeft(&membership.group))
}

/// Adds an account without a group to a group.
pub(super) fn admit(tx: &Tx<'_>, newcomer: &Account, group_id: &str) -> Result<()> {
    // Until the address is confirmed, somebody other than its owner may have created the account.
    if !newcomer.is_verified_and_active() {
        return Err(errors::NOT_REGISTERED);
    }
    if !store::memberships::insert(tx, newcomer.id, group_id, MemberRole::Member)? {
        return Err(errors::HAS_GROUP);
    }
    tx.record(newcomer.id, Event::MemberAdded(group_id))
}

/// Returns an account that must exist.
pub(super) fn get(db: &Reader<'_>, id: AccountId) -> Result<Account> {
    store::accounts::find_by_id(db, id)?.ok_or_else(|| anyhow!("account {id} is missing").into())
}

/// Finds a group to join. A group that the viewer does not see is treated as missing, unless `groups.joining` is `open`, so
/// that anybody who knows the id of a group may join it.
fn find_group(tx: &Tx<'_>, own: &Account, id: &str) -> Result<Group> {
    let id = text::uuid(id).ok_or(errors::GROUP_NOT_FOUND)?;
    let visibility = Visibility::of(tx.app, Some(own.clone()));
    let is_open = tx.app.config.groups.joining == Joining::Open;
    let found = store::groups::find_by_id(tx, &id)?.filter(|group| is_open || visibility.sees_group(group));
    found.ok_or(errors::GROUP_NOT_FOUND)
}

fn require_not_representative(account: &Account) -> Result<()> {
    if account.represents().is_some() { Err(errors::REPRESENTATIVE_STAYS) } else { Ok(()) }
}
