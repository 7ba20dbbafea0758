//! Payloads of mutations: `success`, `errors`, and further fields of some.

use std::borrow::Cow;

use async_graphql::{EmptyMutation, MergedObject, ObjectType, SimpleObject, TypeName};
use serde_json::Value;

use super::types::group::{WorkingGroupJoinRequestType, WorkingGroupType};
use super::types::scalars::{ExpectedErrorType, GenericScalar};
use super::types::second_factor::PasskeyType;
use super::types::user::{UserNode, UserType};
use crate::accounts::login::LoggedIn;
use crate::accounts::passkey_login::PasskeyRequest;
use crate::accounts::passkeys::Registered;
use crate::accounts::qr_code;
use crate::accounts::second_factor::SetUp;
use crate::accounts::sessions::Tokens;
use crate::error::{FieldErrors, NextStep};
use crate::groups::loader::{SeenAccount, SeenGroup, SeenJoinRequest};

/// A mutation, which determines the name and the further fields of its payload.
pub trait MutationType: Send + Sync + 'static {
    const NAME: &'static str;
    type Extras: Extras;
}

/// The fields of a payload besides `success` and `errors`.
pub trait Extras: ObjectType + Default {
    /// Returns the fields of a rejection.
    fn of_rejection(_errors: &FieldErrors) -> Self {
        Self::default()
    }
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
        DeleteWorkingGroup, LeaveWorkingGroup, InviteToWorkingGroup, RevokeInvitation, AcceptInvitation,
        RemoveSecondFactor, RenamePasskey, RemovePasskey;
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
    SetUpExtras: SetUpSecondFactor;
    RecoveryCodesExtras: ConfirmSecondFactor, RenewRecoveryCodes;
    PasskeyRequestExtras: StartPasskeyRegistration, StartPasskeyLogin;
    PasskeyExtras: FinishPasskeyRegistration;
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

impl Extras for NoExtras {}

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

            impl Extras for $name {}

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

    SetUpExtras(set_up: SetUp) {
        /// The address that an authenticator app reads from the QR code.
        otpauth_uri: String = Some(set_up.uri.clone()),
        /// The QR code as an SVG picture.
        qr_svg: String = qr_code::svg(&set_up.uri),
        /// The secret in base32, for an app that cannot read the QR code.
        secret: String = Some(set_up.secret),
    }

    RecoveryCodesExtras(codes: Vec<String>) {
        /// Codes that work once each, instead of a code of the app. They are not shown again.
        recovery_codes: Vec<String> = Some(codes),
    }

    PasskeyRequestExtras(request: PasskeyRequest) {
        /// The challenge to send with the answer of the authenticator, within five minutes.
        challenge: String = Some(request.challenge),
        /// The options for `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` (WebAuthn level 3).
        options: GenericScalar = Some(GenericScalar(request.options)),
    }

    PasskeyExtras(registered: Registered) {
        passkey: PasskeyType = Some(registered.passkey.into()),
        /// Codes that work once each if the passkey is lost. Null if the account has some already.
        recovery_codes: Vec<String> = registered.recovery_codes,
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
    /// Only if the password was right and the second factor is missing: the argument of `tokenAuthSecondFactor` or
    /// `tokenAuthPasskey`, for five minutes.
    challenge: Option<String>,
    /// With `challenge`, if the account has a passkey: the options for `parseRequestOptionsFromJSON` (WebAuthn level 3).
    passkey_options: Option<GenericScalar>,
}

/// The original returns `unarchiving: false` for a rejected login.
impl Default for LoginExtras {
    fn default() -> Self {
        Self {
            token: None,
            user: None,
            unarchiving: Some(false),
            refresh_token: None,
            challenge: None,
            passkey_options: None,
        }
    }
}

impl Extras for LoginExtras {
    fn of_rejection(errors: &FieldErrors) -> Self {
        let Some(next_step) = errors.next_step.as_deref().cloned() else { return Self::default() };
        let NextStep { challenge, passkey_options } = next_step;
        Self {
            challenge: Some(challenge),
            passkey_options: passkey_options.map(GenericScalar),
            ..Self::default()
        }
    }
}

impl From<(LoggedIn, SeenAccount)> for LoginExtras {
    fn from((login, user): (LoggedIn, SeenAccount)) -> Self {
        Self {
            token: Some(login.tokens.token),
            user: Some(UserNode(user)),
            unarchiving: Some(login.was_archived),
            refresh_token: Some(login.tokens.refresh_token),
            ..Self::default()
        }
    }
}
