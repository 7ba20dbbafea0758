//! The audit log: the events of accounts, each with its actor, session and IP address. Events are recorded in the
//! transaction that causes them.
//!
//! Entries contain no secrets. They also contain no names and e-mail addresses that a client sent, because people sometimes
//! type a password into the wrong field.

use strum::{IntoStaticStr, VariantNames};

use super::Tx;
use crate::error::Result;
use crate::store;
use crate::store::accounts::AccountId;
use crate::store::audit::{NewEntry, StoredActor};

/// An event of an account. The log contains the name of the variant in snake case, which must not change. The strings are
/// ids: of sessions or working groups, unless a variant says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Event<'a> {
    /// With the session that begins, if accounts may log in before they are verified.
    Registered(Option<&'a str>),
    /// The address of the account was registered again. The reply did not reveal that the address is taken.
    RegisteredAgain,
    Imported,
    Verified,
    ActivationRequested,
    LoggedIn(&'a str),
    LoginRefused(LoginFailure),
    /// The password of a login was right, and the second factor was asked for.
    PasswordAccepted,
    /// A code or a passkey was wrong.
    SecondFactorRefused,
    AuthenticatorAdded,
    AuthenticatorRemoved,
    RecoveryCodeUsed,
    RecoveryCodesRenewed,
    PasskeyAdded,
    PasskeyRenamed,
    PasskeyRemoved,
    /// An operator removed the authenticator app, the recovery codes and the passkeys.
    SecondFactorsRemoved,
    /// A logged-in user gave a wrong password to confirm a change.
    PasswordRefused,
    /// The next attempt must wait. The string is the name of the limit in the settings.
    SlowedDown(&'a str),
    SessionRevoked(&'a str),
    AllSessionsRevoked,
    /// All but the one in which the event happened.
    OtherSessionsRevoked,
    /// The owner entered the password again on the pages.
    PasswordConfirmed,
    /// The owner used a passkey on the pages to confirm a change.
    PasskeyConfirmed,
    /// The owner logged out on the pages.
    LoggedOut(&'a str),
    /// The session lasts until its access token expires.
    RefreshTokenRevoked(&'a str),
    /// A copied refresh token was used, which ended the session.
    SessionReuseDetected(&'a str),
    /// With the session that begins.
    PasswordChanged(&'a str),
    PasswordReset,
    /// The first password was set with a mailed link, or an operator set a password.
    PasswordSet,
    /// The activation deleted the password, because a password reset was requested before it.
    PasswordForgotten,
    ResetRequested,
    /// An operator changed the primary address.
    EmailChanged,
    SecondaryEmailRequested,
    SecondaryEmailConfirmed,
    SecondaryEmailRemoved,
    EmailsSwapped,
    Archived,
    Unarchived,
    Deactivated,
    Activated,
    Deleted,
    /// The account was erased because its address was never confirmed.
    Expired,
    /// The owner or an operator exported what is stored about the account.
    DataExported,
    StaffGiven,
    StaffTaken,
    GroupCreated(&'a str),
    GroupJoined(&'a str),
    GroupLeft(&'a str),
    /// Recorded for each member.
    GroupDeleted(&'a str),
    MemberAdded(&'a str),
    MemberRemoved(&'a str),
    /// The account became the representative of a group.
    RepresentationGiven(&'a str),
    /// The account is no longer the representative of a group.
    RepresentationTaken(&'a str),
    JoinRequestMade(&'a str),
    JoinRequestApproved(&'a str),
    JoinRequestDeclined(&'a str),
    /// The account invited an address, or an operator did. With the group that the invitation leads to, if there is one.
    Invited(Option<&'a str>),
    InvitationAccepted(Option<&'a str>),
    /// Recorded for the account that made the invitation.
    InvitationRevoked(Option<&'a str>),
    /// An operator read a mail about the account, which may contain a link. The string is the id of the mail.
    MailShown(&'a str),
    /// An operator queued a mail about the account for delivery. The string is the id of the mail.
    MailRetried(&'a str),
    /// An operator queued all mails that are not delivered.
    MailsRetried,
    InstitutionAdded(&'a str),
    InstitutionChanged(&'a str),
    /// An institution was merged into another one. The string is the id of the other one.
    InstitutionMerged(&'a str),
    ResearchFieldAdded(&'a str),
    ResearchFieldChanged(&'a str),
    /// A research field was merged into another one. The string is the id of the other one.
    ResearchFieldMerged(&'a str),
}

/// Why a login was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LoginFailure {
    UnknownAccount,
    WrongPassword,
    NotVerified,
    Deactivated,
    /// The account changed while its password was checked.
    ChangedMeanwhile,
}

impl<'a> Event<'a> {
    fn session(self) -> Option<&'a str> {
        match self {
            Self::Registered(session) => session,
            Self::LoggedIn(session)
            | Self::SessionRevoked(session)
            | Self::LoggedOut(session)
            | Self::RefreshTokenRevoked(session)
            | Self::SessionReuseDetected(session)
            | Self::PasswordChanged(session) => Some(session),
            _ => None,
        }
    }

    fn detail(self) -> Option<&'a str> {
        match self {
            Self::LoginRefused(failure) => Some(failure.into()),
            Self::SlowedDown(detail)
            | Self::GroupCreated(detail)
            | Self::GroupJoined(detail)
            | Self::GroupLeft(detail)
            | Self::GroupDeleted(detail)
            | Self::MemberAdded(detail)
            | Self::MemberRemoved(detail)
            | Self::RepresentationGiven(detail)
            | Self::RepresentationTaken(detail)
            | Self::JoinRequestMade(detail)
            | Self::JoinRequestApproved(detail)
            | Self::JoinRequestDeclined(detail)
            | Self::MailShown(detail)
            | Self::MailRetried(detail)
            | Self::InstitutionAdded(detail)
            | Self::InstitutionChanged(detail)
            | Self::InstitutionMerged(detail)
            | Self::ResearchFieldAdded(detail)
            | Self::ResearchFieldChanged(detail)
            | Self::ResearchFieldMerged(detail) => Some(detail),
            Self::Invited(detail) | Self::InvitationAccepted(detail) | Self::InvitationRevoked(detail) => {
                detail
            }
            _ => None,
        }
    }
}

impl Tx<'_> {
    /// Records an event that the caller or an operator causes.
    pub fn record(&self, account: impl Into<Option<AccountId>>, event: Event<'_>) -> Result<()> {
        let (account, session) = (account.into(), self.caller.session.as_deref());
        let actor = match &self.caller.account {
            None if self.is_operator => StoredActor::Operator,
            Some(own) if Some(own.id) == account => StoredActor::Owner,
            Some(own) => StoredActor::Account(own.id),
            None => StoredActor::Somebody,
        };
        self.insert(account, actor, session, event)
    }

    /// Records an event that the owner of the account causes. `session` is the session of the request, even if it ended
    /// during the request.
    pub fn record_in_session(
        &self,
        account: AccountId,
        session: Option<&str>,
        event: Event<'_>,
    ) -> Result<()> {
        self.insert(Some(account), StoredActor::Owner, session, event)
    }

    /// Records an event that the owner of the account causes with a password, a mailed link or a refresh token, or that an
    /// operator causes.
    pub fn record_by_owner(&self, account: impl Into<Option<AccountId>>, event: Event<'_>) -> Result<()> {
        if self.is_operator {
            return self.record(account, event);
        }
        self.insert(account.into(), StoredActor::Owner, None, event)
    }

    /// Records an event that an unauthenticated client causes. `account` is `None` if the client named
    /// none that exists.
    pub fn record_anonymous(&self, account: impl Into<Option<AccountId>>, event: Event<'_>) -> Result<()> {
        self.insert(account.into(), StoredActor::Somebody, None, event)
    }

    fn insert(
        &self,
        account: Option<AccountId>,
        actor: StoredActor,
        session: Option<&str>,
        event: Event<'_>,
    ) -> Result<()> {
        let address = self.caller.client.address.map(|address| address.to_string());
        let new = NewEntry {
            at: self.now,
            event: event.into(),
            account,
            actor,
            address: address.as_deref(),
            session: event.session().or(session),
            detail: event.detail(),
        };
        Ok(store::audit::insert(self, &new)?)
    }
}
