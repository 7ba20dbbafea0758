//! Payloads of mutations: `success`, `errors`, and further fields of some.

use std::borrow::Cow;

use async_graphql::{EmptyMutation, MergedObject, ObjectType, SimpleObject, TypeName};
use serde_json::Value;

use super::types::group::{WorkingGroupJoinRequestType, WorkingGroupType};
use super::types::scalars::{ExpectedErrorType, GenericScalar};
use super::types::user::{UserNode, UserType};
use crate::accounts::login::LoggedIn;
use crate::accounts::sessions::Tokens;
use crate::groups::loader::{SeenAccount, SeenGroup, SeenJoinRequest};

/// A mutation, which determines the name and the further fields of its payload.
pub trait MutationType: Send + Sync + 'static {
    const NAME: &'static str;
    /// The fields besides `success` and `errors`. A rejection leaves them at their defaults.
    type Extras: ObjectType + Default;
}

macro_rules! mutation_types {
    ($($extras:ident: $($name:ident),+;)*) => {
        $($(
            pub struct $name;

            impl MutationType for $name {
                const NAME: &'static str = stringify!($name);
                type Extras = $extras;
            }
        )+)*
    };
}

mutation_types! {
    NoExtras: VerifyAccount, ResendActivationEmail, SendPasswordResetEmail, PasswordReset, PasswordSet, UpdateAccount,
        ArchiveAccount, DeleteAccount, SendSecondaryEmailActivation, VerifySecondaryEmail, SwapEmails,
        RemoveSecondaryEmail, RevokeSession, RevokeAllSessions, RemoveUserFromWorkingGroup, AddUserToWorkingGroup,
        DeleteWorkingGroup, LeaveWorkingGroup, InviteToWorkingGroup, RevokeInvitation, AcceptInvitation;
    RegisterExtras: Register;
    PasswordChangeExtras: PasswordChange;
    LoginExtras: ObtainJSONWebToken;
    VerifyTokenExtras: VerifyToken;
    DataExtras: ExportMyData;
    RefreshTokenExtras: RefreshToken;
    RevokeTokenExtras: RevokeToken;
    GroupExtras: CreateWorkingGroup, HandOverWorkingGroup;
    SetGroupExtras: SetWorkingGroup;
    JoinRequestExtras: RequestJoinWorkingGroup;
    AnswerExtras: AnswerJoinRequest;
}

// `success` is always set, but existing clients expect all fields to be nullable.
/// The result of a mutation.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub struct Payload<M: MutationType> {
    /// Whether the mutation succeeded.
    pub success: Option<bool>,
    /// The errors, if the mutation was rejected.
    pub errors: Option<ExpectedErrorType>,
    #[graphql(flatten)]
    pub extras: M::Extras,
}

impl<M: MutationType> TypeName for Payload<M> {
    fn type_name() -> Cow<'static, str> {
        M::NAME.into()
    }
}

/// The result of a mutation of working groups. A rejection is in the `errors` of the response, not in the payload.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub struct GroupPayload<M: MutationType> {
    /// Always true.
    pub success: Option<bool>,
    #[graphql(flatten)]
    pub extras: M::Extras,
}

impl<M: MutationType> TypeName for GroupPayload<M> {
    fn type_name() -> Cow<'static, str> {
        M::NAME.into()
    }
}

/// No further fields: an object without fields, which `MergedObject` accepts.
#[derive(MergedObject, Default)]
pub struct NoExtras(EmptyMutation);

impl From<()> for NoExtras {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// Defines further fields of payloads, with the values that they have after a success.
macro_rules! extras {
    ($($name:ident($result:ident: $type:ty) {
        $($(#[$attribute:meta])* $field:ident: $field_type:ty = $value:expr,)*
    })*) => {
        $(
            #[derive(SimpleObject, Default)]
            pub struct $name {
                $($(#[$attribute])* $field: Option<$field_type>,)*
            }

            impl From<$type> for $name {
                fn from($result: $type) -> Self {
                    Self { $($field: $value),* }
                }
            }
        )*
    };
}

extras! {
    RegisterExtras(tokens: Option<Tokens>) {
        /// A refresh token, which the mutation `refreshToken` accepts once.
        #[graphql(visible = "super::features::register_tokens")]
        refresh_token: String = tokens.as_ref().map(|tokens| tokens.refresh_token.clone()),
        /// An access token.
        #[graphql(visible = "super::features::register_tokens")]
        token: String = tokens.map(|tokens| tokens.token),
    }

    PasswordChangeExtras(tokens: Tokens) {
        /// An access token. Earlier ones are revoked.
        token: String = Some(tokens.token),
        /// A refresh token. Earlier ones are revoked.
        refresh_token: String = Some(tokens.refresh_token),
    }

    VerifyTokenExtras(payload: Value) {
        /// The claims of the token.
        payload: GenericScalar = Some(GenericScalar(payload)),
    }

    DataExtras(data: Value) {
        /// The data. Times are in RFC 3339.
        data: GenericScalar = Some(GenericScalar(data)),
    }

    RefreshTokenExtras(tokens: Tokens) {
        /// An access token.
        token: String = Some(tokens.token),
        /// The claims of the access token.
        payload: GenericScalar = Some(GenericScalar(tokens.payload)),
        /// The refresh token that replaces the one in the request.
        refresh_token: String = Some(tokens.refresh_token),
    }

    RevokeTokenExtras(seconds: i64) {
        /// When the token was revoked, in seconds since 1970.
        revoked: i32 = i32::try_from(seconds).ok(),
    }

    GroupExtras(group: SeenGroup) {
        workinggroup: WorkingGroupType = Some(WorkingGroupType(group)),
    }

    SetGroupExtras(account: SeenAccount) {
        /// The account that entered the group.
        user: UserType = Some(UserType(account)),
    }

    JoinRequestExtras(request: SeenJoinRequest) {
        join_request: WorkingGroupJoinRequestType = Some(WorkingGroupJoinRequestType(request)),
    }

    AnswerExtras(account: SeenAccount) {
        /// The account that made the request.
        requesting_user: UserType = Some(UserType(account)),
    }
}

#[derive(SimpleObject)]
pub struct LoginExtras {
    /// An access token, for the header `Authorization: JWT …`.
    token: Option<String>,
    /// The account that logged in.
    user: Option<UserNode>,
    /// Whether the login unarchived the account.
    unarchiving: Option<bool>,
    /// A refresh token, which the mutation `refreshToken` accepts once.
    refresh_token: Option<String>,
}

/// The original returns `unarchiving: false` for a rejected login.
impl Default for LoginExtras {
    fn default() -> Self {
        Self { token: None, user: None, unarchiving: Some(false), refresh_token: None }
    }
}

impl From<(LoggedIn, SeenAccount)> for LoginExtras {
    fn from((login, user): (LoggedIn, SeenAccount)) -> Self {
        Self {
            token: Some(login.tokens.token),
            user: Some(UserNode(user)),
            unarchiving: Some(login.was_archived),
            refresh_token: Some(login.tokens.refresh_token),
        }
    }
}
