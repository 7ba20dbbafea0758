//! What happened to whom, by whom and from where, noted in the transaction that brings it about. All that is
//! noted without a change beside it is refusals of passwords, and attempts that the next has to wait for.
//!
//! Nothing in it is a secret, and nothing is a name or an address of a mailbox: what people type may be a password in
//! the wrong field.

use super::{AccountId, Result, Viewer, sessions};
use crate::app::App;
use crate::store::audit::{NewEntry, StoredActor};
use crate::store::{self, Writer};

/// Something that may happen. Where it bears a text, that is the id of a session or of a working group, or the name of a
/// limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// An account was made. Where people may log in unverified, that begins a session.
    Registered(Option<&'a str>),
    /// Somebody wanted to register an address that the account has; only where answers do not tell that.
    RegisteredAgain,
    /// An account came from a file.
    Imported,
    /// The primary address was confirmed.
    Verified,
    /// Another activation mail was asked for.
    ActivationRequested,
    /// A password began a session.
    LoggedIn(&'a str),
    /// It did not.
    LoginRefused(LoginFailure),
    /// Whoever was logged in gave a wrong password where it is asked for again.
    PasswordRefused,
    /// So much was tried that the next attempt has to wait; by the name of the limit in the settings.
    SlowedDown(&'a str),
    /// A session was ended by its id.
    SessionRevoked(&'a str),
    /// All of them were.
    AllSessionsRevoked,
    /// The refresh tokens of a session were taken back, and the session ends with its access token.
    RefreshTokenRevoked(&'a str),
    /// A refresh token was used twice, which ended its session.
    SessionReuseDetected(&'a str),
    /// By the old one; that begins a session.
    PasswordChanged(&'a str),
    /// By a mailed link.
    PasswordReset,
    /// The first one by a mailed link, or any by an operator.
    PasswordSet,
    /// Whoever activated the account had asked for a new password, so that the old one ended.
    PasswordForgotten,
    /// A link for a new password was asked for.
    ResetRequested,
    /// An operator gave the account another primary address.
    EmailChanged,
    /// A link to another address was asked for.
    SecondaryEmailRequested,
    /// That link was followed.
    SecondaryEmailConfirmed,
    /// Also when another one takes its place.
    SecondaryEmailRemoved,
    /// Primary and secondary address changed places.
    EmailsSwapped,
    /// The account was put away.
    Archived,
    /// By a login.
    Unarchived,
    /// The account was shut off.
    Deactivated,
    /// And opened again.
    Activated,
    /// The account was erased.
    Deleted,
    /// It sees what is reserved for staff.
    StaffGiven,
    /// Not any more.
    StaffTaken,
    /// The account founded a group.
    GroupCreated(&'a str),
    /// It walked in.
    GroupJoined(&'a str),
    /// It walked out.
    GroupLeft(&'a str),
    /// The group is no more: noted for each of its members.
    GroupDeleted(&'a str),
    /// Somebody took the account in.
    MemberAdded(&'a str),
    /// Somebody put it out.
    MemberRemoved(&'a str),
    /// The account speaks for the group.
    RepresentationGiven(&'a str),
    /// Not any more.
    RepresentationTaken(&'a str),
    /// The account asked the group to take it in.
    JoinRequestMade(&'a str),
    /// The group will.
    JoinRequestApproved(&'a str),
    /// It will not.
    JoinRequestDeclined(&'a str),
}

/// Why a password began no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFailure {
    /// Nobody has the name that was given.
    UnknownAccount,
    /// It is not the password of the account, or that has none.
    WrongPassword,
    /// The address is not confirmed.
    NotVerified,
    /// The account is shut off.
    Deactivated,
    /// The account changed while its password was checked.
    ChangedMeanwhile,
}

impl LoginFailure {
    /// Its code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownAccount => "unknown_account",
            Self::WrongPassword => "wrong_password",
            Self::NotVerified => "not_verified",
            Self::Deactivated => "deactivated",
            Self::ChangedMeanwhile => "changed_meanwhile",
        }
    }
}

impl<'a> Event<'a> {
    /// Its name, which never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered(_) => "registered",
            Self::RegisteredAgain => "registered_again",
            Self::Imported => "imported",
            Self::Verified => "verified",
            Self::ActivationRequested => "activation_requested",
            Self::LoggedIn(_) => "logged_in",
            Self::LoginRefused(_) => "login_refused",
            Self::PasswordRefused => "password_refused",
            Self::SlowedDown(_) => "slowed_down",
            Self::SessionRevoked(_) => "session_revoked",
            Self::AllSessionsRevoked => "all_sessions_revoked",
            Self::RefreshTokenRevoked(_) => "refresh_token_revoked",
            Self::SessionReuseDetected(_) => "session_reuse_detected",
            Self::PasswordChanged(_) => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::PasswordSet => "password_set",
            Self::PasswordForgotten => "password_forgotten",
            Self::ResetRequested => "reset_requested",
            Self::EmailChanged => "email_changed",
            Self::SecondaryEmailRequested => "secondary_email_requested",
            Self::SecondaryEmailConfirmed => "secondary_email_confirmed",
            Self::SecondaryEmailRemoved => "secondary_email_removed",
            Self::EmailsSwapped => "emails_swapped",
            Self::Archived => "archived",
            Self::Unarchived => "unarchived",
            Self::Deactivated => "deactivated",
            Self::Activated => "activated",
            Self::Deleted => "deleted",
            Self::StaffGiven => "staff_given",
            Self::StaffTaken => "staff_taken",
            Self::GroupCreated(_) => "group_created",
            Self::GroupJoined(_) => "group_joined",
            Self::GroupLeft(_) => "group_left",
            Self::GroupDeleted(_) => "group_deleted",
            Self::MemberAdded(_) => "member_added",
            Self::MemberRemoved(_) => "member_removed",
            Self::RepresentationGiven(_) => "representation_given",
            Self::RepresentationTaken(_) => "representation_taken",
            Self::JoinRequestMade(_) => "join_request_made",
            Self::JoinRequestApproved(_) => "join_request_approved",
            Self::JoinRequestDeclined(_) => "join_request_declined",
        }
    }

    fn session(self) -> Option<&'a str> {
        match self {
            Self::Registered(session) => session,
            Self::LoggedIn(session)
            | Self::SessionRevoked(session)
            | Self::RefreshTokenRevoked(session)
            | Self::SessionReuseDetected(session)
            | Self::PasswordChanged(session) => Some(session),
            _ => None,
        }
    }

    fn detail(self) -> Option<&'a str> {
        match self {
            Self::LoginRefused(failure) => Some(failure.as_str()),
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
            | Self::JoinRequestDeclined(detail) => Some(detail),
            _ => None,
        }
    }
}

/// By whom something is done, and from where.
#[derive(Clone, Copy)]
pub enum Actor<'a> {
    /// Whoever the account is of, by access token.
    Owner(&'a Viewer),
    /// The same by password, mailed link or refresh token, whatever access token came along.
    Bearer(&'a Viewer),
    /// Another account.
    Account(AccountId, &'a Viewer),
    /// Whoever has the command line.
    Operator,
    /// Somebody who has shown nothing.
    Somebody(&'a Viewer),
}

impl Actor<'_> {
    fn actor(self) -> StoredActor {
        match self {
            Self::Owner(_) | Self::Bearer(_) => StoredActor::Owner,
            Self::Account(id, _) => StoredActor::Account(id),
            Self::Operator => StoredActor::Operator,
            Self::Somebody(_) => StoredActor::Somebody,
        }
    }

    fn address(self) -> Option<String> {
        match self {
            Self::Owner(viewer)
            | Self::Bearer(viewer)
            | Self::Account(_, viewer)
            | Self::Somebody(viewer) => viewer.client().address.map(|address| address.to_string()),
            Self::Operator => None,
        }
    }

    /// The session that it is done in.
    fn session(self, app: &App) -> Option<String> {
        match self {
            Self::Owner(viewer) | Self::Account(_, viewer) => sessions::named_by(app, viewer),
            Self::Bearer(_) | Self::Operator | Self::Somebody(_) => None,
        }
    }
}

/// Notes what happens to an account in this transaction; none where nobody has the name that was given.
///
/// # Errors
/// Only internal ones.
pub fn record(
    app: &App,
    tx: &Writer<'_>,
    by: Actor<'_>,
    account: impl Into<Option<AccountId>>,
    event: Event<'_>,
) -> Result<()> {
    let address = by.address();
    let acting = if event.session().is_none() { by.session(app) } else { None };
    let new = NewEntry {
        at: app.clock.now(),
        event: event.name(),
        account: account.into(),
        actor: by.actor(),
        address: address.as_deref(),
        session: event.session().or(acting.as_deref()),
        detail: event.detail(),
    };
    Ok(store::audit::insert(tx, &new)?)
}

/// Notes that a password began no session, which is all that such a request changes. It costs the same whether or not there is
/// such an account.
///
/// # Errors
/// Only internal ones.
pub fn refused_login(
    app: &App,
    viewer: &Viewer,
    account: Option<AccountId>,
    failure: LoginFailure,
) -> Result<()> {
    let failure = if account.is_some() { failure } else { LoginFailure::UnknownAccount };
    app.store.write(|tx| record(app, tx, Actor::Somebody(viewer), account, Event::LoginRefused(failure)))
}

/// Notes that somebody who is logged in gave a wrong password.
pub(super) fn refused_password(app: &App, viewer: &Viewer, account: AccountId) -> Result<()> {
    app.store.write(|tx| record(app, tx, Actor::Owner(viewer), account, Event::PasswordRefused))
}
