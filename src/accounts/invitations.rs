//! Invitations to register, and to join a working group. A mailed link contains a random token, of which only the hash is
//! stored. An invitation works once, and is deleted then. It ends with the group, with the account that made it, and when
//! that account no longer represents the group.

use anyhow::anyhow;

use super::Account;
use crate::app::App;
use crate::clock::Timestamp;
use crate::email;
use crate::error::{FieldError, Result};
use crate::mail::MailKind;
use crate::outbox::Recipient;
use crate::security::Tx;
use crate::security::audit::Event;
use crate::store::accounts::MemberRole;
use crate::store::groups::Group;
use crate::store::{self, Reader};
use crate::text::plain_words;
use crate::tokens::opaque;

pub use crate::store::invitations::Invitation;

/// The most characters of the name of a group in a mail.
const LONGEST_GROUP_NAME: usize = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvitationStatus {
    Valid(OpenInvitation),
    Expired,
    /// The invitation was used, revoked or replaced, or there is none.
    Unknown,
}

/// What the page of an invitation shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    /// The invited address.
    pub email: String,
    /// Whether the account joins a group.
    pub has_group: bool,
    /// The name of the group. `None` if it is not fit for strangers.
    pub group: Option<String>,
    /// The name of the inviter. `None` if an operator made the invitation, or if the name is not fit for strangers.
    pub inviter: Option<String>,
    /// Whether an account has the address, other than one that gives way to a registration. If so, its owner accepts the
    /// invitation after a login, instead of registering.
    pub has_account: bool,
}

impl Account {
    /// Whether this is the primary or the secondary address of the account, however it is spelled.
    pub fn has_address(&self, address: &str) -> bool {
        self.addresses().any(|own| email::is_same(own, address))
    }
}

/// Returns the status of an invitation without using it.
pub fn status(app: &App, token: &str) -> Result<InvitationStatus> {
    app.store.read(|db| {
        let invitation = match find(db, token, app.clock.now())? {
            Ok(invitation) => invitation,
            Err(error) if error == FieldError::EXPIRED_INVITATION => return Ok(InvitationStatus::Expired),
            Err(_) => return Ok(InvitationStatus::Unknown),
        };
        let group = invitation.group.as_deref().map(|id| store::groups::find_by_id(db, id)).transpose()?;
        let inviter = invitation.invited_by.map(|id| store::accounts::find_by_id(db, id)).transpose()?;
        Ok(InvitationStatus::Valid(OpenInvitation {
            has_account: has_proven_account(db, &invitation.email)?,
            has_group: invitation.group.is_some(),
            email: invitation.email,
            group: group.flatten().as_ref().and_then(plain_group_name),
            inviter: inviter.flatten().and_then(|account| account.plain_name()),
        }))
    })
}

fn plain_group_name(group: &Group) -> Option<String> {
    plain_words(&group.name, LONGEST_GROUP_NAME)
}

fn has_proven_account(db: &Reader<'_>, address: &str) -> Result<bool> {
    let account = store::accounts::find_by_email(db, &email::key(address))?;
    Ok(account.is_some_and(|account| !account.is_unproven()))
}

/// Returns the account that gives way to a registration with an invitation: somebody registered the invited address without
/// proving to own it, as the holder of the link does.
pub(super) fn find_unproven(db: &Reader<'_>, invitation: &Invitation) -> Result<Option<Account>> {
    let account = store::accounts::find_by_email(db, &email::key(&invitation.email))?;
    Ok(account.filter(Account::is_unproven))
}

/// Returns the invitation of a token, or the error of one that is not valid.
pub fn find(
    db: &Reader<'_>,
    token: &str,
    now: Timestamp,
) -> Result<std::result::Result<Invitation, FieldError>> {
    Ok(match store::invitations::find_by_token(db, &opaque::hash(token))? {
        None => Err(FieldError::INVALID_INVITATION),
        Some(invitation) if invitation.expires_at <= now => Err(FieldError::EXPIRED_INVITATION),
        Some(invitation) => Ok(invitation),
    })
}

/// Invites an address, which must be valid, and mails it the link. Replaces an earlier invitation of the address into the
/// same group. `inviter` is the representative of the group, or `None` if an operator invites. The mail and the time that
/// this takes are the same whether an account has the address or not.
pub fn invite(
    tx: &Tx<'_>,
    address: &str,
    group: Option<&Group>,
    inviter: Option<&Account>,
) -> Result<Invitation> {
    let (token, key) = (opaque::issue(&tx.app.random), email::key(address));
    let group_id = group.map(|group| group.id.as_str());
    let invitation = Invitation {
        id: tx.app.random.uuid(),
        email: address.to_owned(),
        group: group_id.map(str::to_owned),
        invited_by: inviter.map(|account| account.id),
        made_at: tx.now,
        expires_at: tx.now.plus(tx.app.config.tokens.invitation_lifetime),
    };
    store::invitations::delete_of_address(tx, &key, group_id)?;
    store::invitations::insert(tx, &invitation, &opaque::hash(&token), &key)?;
    tx.record(invitation.invited_by, Event::Invited(group_id))?;
    let owner = store::accounts::find_by_email(tx, &key)?;
    let language = owner.as_ref().and_then(|owner| owner.language.as_deref());
    // The mail is erased with the inviter, whom it names, and with the owner of the address.
    let recipient = Recipient { email: address, name: address, language, about: invitation.invited_by };
    // Anybody may become a representative, and must not use the server to send a text to strangers.
    let inviter = inviter.and_then(Account::plain_name);
    let group = group.and_then(plain_group_name);
    let kind = MailKind::Invitation { token: &token, inviter: inviter.as_deref(), group: group.as_deref() };
    tx.enqueue(&kind, &recipient)?;
    Ok(invitation)
}

/// Consumes an invitation, and adds the account to its group if it has one. Returns false if the account is in a group
/// already.
pub fn redeem(tx: &Tx<'_>, account: &Account, invitation: &Invitation) -> Result<bool> {
    if !store::invitations::delete(tx, &invitation.id)? {
        return Err(anyhow!("the invitation {} changed within its transaction", invitation.id).into());
    }
    let group = invitation.group.as_deref();
    tx.record_by_owner(account.id, Event::InvitationAccepted(group))?;
    let Some(group) = group else { return Ok(true) };
    if !store::memberships::insert(tx, account.id, group, MemberRole::Member)? {
        return Ok(false);
    }
    tx.record_by_owner(account.id, Event::GroupJoined(group))?;
    Ok(true)
}

/// Revokes an invitation. Returns false if it was used or revoked already.
pub fn revoke(tx: &Tx<'_>, invitation: &Invitation) -> Result<bool> {
    let is_revoked = store::invitations::delete(tx, &invitation.id)?;
    if is_revoked {
        tx.record(invitation.invited_by, Event::InvitationRevoked(invitation.group.as_deref()))?;
    }
    Ok(is_revoked)
}
