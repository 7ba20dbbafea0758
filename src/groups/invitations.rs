//! Invitations by representatives into their group and by operators. The mutations `inviteToWorkingGroup`,
//! `acceptInvitation` and `revokeInvitation`, and the query `invitations`.

use std::collections::HashMap;

use super::{admin, errors};
use crate::accounts::invitations::{self, Invitation};
use crate::accounts::{Account, validation};
use crate::app::App;
use crate::error::{FieldError, FieldErrors, Result};
use crate::security::authentication::caller;
use crate::security::throttle::{self, MailPurpose};
use crate::security::{Operator, Tx, Viewer};
use crate::store;
use crate::store::groups::{Group, GroupId};
use crate::text;

/// Invites an address into the group that the viewer represents. The reply does not reveal whether an account has the
/// address.
pub fn invite(app: &App, viewer: &Viewer, address: &str) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let (own, group) = require_representative(tx)?;
        let address = validation::email(address)?;
        throttle::mail(tx, MailPurpose::Invitation, &address)?;
        throttle::group_change(tx)?;
        let group = store::groups::find_by_id(tx, &group)?.ok_or(FieldError::REPRESENTATIVES_ONLY)?;
        invitations::invite(tx, &address, Some(&group), Some(own)).map(drop)
    })
}

/// Accepts an invitation with the account of the viewer, which must have the invited address and be in no group. An
/// invitation without a group is only consumed. Returns whether there was a group.
pub fn accept(app: &App, viewer: &Viewer, token: &str) -> Result<bool> {
    let accepted = Tx::run(app, viewer, |tx| {
        let own = tx.caller.require_verified()?;
        throttle::group_change(tx)?;
        let invitation = match invitations::find(tx, token, tx.now)? {
            Ok(invitation) => invitation,
            Err(error) if error == FieldError::INVALID_INVITATION => return Ok(None),
            Err(error) => return Err(FieldErrors::of("token", error).into()),
        };
        if !own.has_address(&invitation.email) {
            return Err(FieldErrors::of("token", FieldError::INVITATION_OF_ANOTHER).into());
        }
        if !invitations::redeem(tx, own, &invitation)? {
            let is_member = invitation.group.as_deref().is_some_and(|group| own.is_member_of(group));
            let error =
                if is_member { FieldError::MEMBER_ALREADY } else { FieldError::IN_ANOTHER_WORKING_GROUP };
            return Err(error.into());
        }
        Ok(Some(invitation.group.is_some()))
    })?;
    let Some(has_group) = accepted else {
        throttle::invalid_token(app, viewer)?;
        return Err(FieldErrors::of("token", FieldError::INVALID_INVITATION).into());
    };
    Ok(has_group)
}

/// Returns the valid invitations into the group that the viewer represents, in the order in which they were made.
pub fn list(app: &App, viewer: &Viewer) -> Result<Vec<Invitation>> {
    app.store.read(|db| {
        let own = errors::require_login(caller(app, db, viewer)?)?;
        let group = own.represents().ok_or(errors::REPRESENTATIVES_ONLY)?;
        Ok(store::invitations::list_by_group(db, group, app.clock.now())?)
    })
}

/// Revokes an invitation into the group that the viewer represents. Other invitations are treated as missing.
pub fn revoke(app: &App, viewer: &Viewer, id: &str) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let (_, group) = require_representative(tx)?;
        throttle::group_change(tx)?;
        let id = text::uuid(id).unwrap_or_default();
        let invitation = store::invitations::find_by_id(tx, &id)?;
        let invitation = invitation.filter(|invitation| invitation.group.as_deref() == Some(&group));
        match invitation {
            Some(invitation) if invitations::revoke(tx, &invitation)? => Ok(()),
            _ => Err(FieldErrors::of("id", FieldError::NO_SUCH_INVITATION).into()),
        }
    })
}

/// Returns the viewer's account and the group that it represents.
fn require_representative<'a>(tx: &'a Tx<'_>) -> Result<(&'a Account, GroupId)> {
    let own = tx.caller.require_verified()?;
    let group = own.represents().ok_or(FieldError::REPRESENTATIVES_ONLY)?.to_owned();
    Ok((own, group))
}

/// An invitation as operators see it.
pub struct ListedInvitation {
    pub invitation: Invitation,
    pub group: Option<Group>,
    /// `None` if an operator made the invitation.
    pub inviter: Option<Account>,
}

/// Invites an address for an operator. `group` is the id of a working group or the beginning of the id.
pub fn invite_as_operator<'a>(
    by: impl Into<Operator<'a>>,
    address: &str,
    group: Option<&str>,
) -> Result<ListedInvitation> {
    by.into().run(|tx| {
        let address = validation::email(address)?;
        let group = group.map(|group| admin::find(tx, group)).transpose()?;
        let invitation = invitations::invite(tx, &address, group.as_ref(), None)?;
        Ok(ListedInvitation { invitation, group, inviter: None })
    })
}

/// Returns all valid invitations, in the order in which they were made.
pub fn list_all(app: &App) -> Result<Vec<ListedInvitation>> {
    app.store.read(|db| {
        let invitations = store::invitations::list(db, app.clock.now())?;
        let groups: Vec<_> = invitations.iter().filter_map(|invitation| invitation.group.clone()).collect();
        let groups: HashMap<_, _> = store::groups::list_by_ids(db, &groups)?
            .into_iter()
            .map(|group| (group.id.clone(), group))
            .collect();
        let inviters: Vec<_> = invitations.iter().filter_map(|invitation| invitation.invited_by).collect();
        let inviters: HashMap<_, _> = store::accounts::list_by_ids(db, &inviters)?
            .into_iter()
            .map(|account| (account.id, account))
            .collect();
        let listed = invitations.into_iter().map(|invitation| ListedInvitation {
            group: invitation.group.as_ref().and_then(|id| groups.get(id)).cloned(),
            inviter: invitation.invited_by.and_then(|id| inviters.get(&id)).cloned(),
            invitation,
        });
        Ok(listed.collect())
    })
}

/// Revokes any invitation for an operator.
pub fn revoke_as_operator<'a>(by: impl Into<Operator<'a>>, id: &str) -> Result<Invitation> {
    by.into().run(|tx| {
        let id = text::uuid(id).unwrap_or_default();
        match store::invitations::find_by_id(tx, &id)? {
            Some(invitation) if invitations::revoke(tx, &invitation)? => Ok(invitation),
            _ => Err(FieldErrors::of("id", FieldError::NO_SUCH_INVITATION).into()),
        }
    })
}
