//! Payloads of mutations: `success`, `errors`, and further fields of some. One generic type is named after its
//! mutation.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, EmptyMutation, ErrorExtensions as _, ObjectType, SimpleObject, TypeName};
use serde_json::Value;

use super::group::{WorkingGroupJoinRequestType, WorkingGroupType};
use super::scalars::{ExpectedErrorType, GenericScalar};
use super::summary::Refusals;
use super::user::{UserNode, UserType};
use crate::accounts::login::LoggedIn;
use crate::accounts::sessions::Tokens;
use crate::accounts::{Error, Viewer};
use crate::app::App;
use crate::blocking_pool::{BlockingPool, Queue};
use crate::groups::loader::{SeenAccount, SeenGroup, SeenJoinRequest};

/// The extension of a transient error that holds the seconds to wait before the next attempt.
pub const RETRY_AFTER: &str = "retryAfter";
/// The message that clients get for an internal error.
pub const INTERNAL: &str = "Internal server error";

/// A mutation: the name of its payload type, and the fields of the payload besides `success` and `errors`.
pub trait MutationType: Send + Sync + 'static {
    const NAME: &'static str;
    /// The further fields, all empty if the mutation was rejected.
    type Extras: ObjectType + Default;
}

/// No further fields: async-graphql's object without fields.
pub type NoExtras = EmptyMutation;

macro_rules! mutations {
    ($($marker:ident => $extras:ty),* $(,)?) => {
        $(
            #[doc = concat!("Marks the payload of the mutation that answers `", stringify!($marker), "`.")]
            pub struct $marker;

            impl MutationType for $marker {
                const NAME: &'static str = stringify!($marker);
                type Extras = $extras;
            }
        )*
    };
}

mutations! {
    Register => Registered,
    VerifyAccount => NoExtras,
    ResendActivationEmail => NoExtras,
    SendPasswordResetEmail => NoExtras,
    PasswordReset => NoExtras,
    PasswordSet => NoExtras,
    PasswordChange => NewTokens,
    UpdateAccount => NoExtras,
    ArchiveAccount => NoExtras,
    DeleteAccount => NoExtras,
    SendSecondaryEmailActivation => NoExtras,
    VerifySecondaryEmail => NoExtras,
    SwapEmails => NoExtras,
    RemoveSecondaryEmail => NoExtras,
    ObtainJSONWebToken => Login,
    VerifyToken => Verified,
    RefreshToken => Refreshed,
    RevokeToken => Revoked,
    RevokeSession => NoExtras,
    RevokeAllSessions => NoExtras,
    CreateWorkingGroup => OneGroup,
    SetWorkingGroup => GroupUser,
    RequestJoinWorkingGroup => MadeRequest,
    AnswerJoinRequest => RequestingUser,
    RemoveUserFromWorkingGroup => NoExtras,
    AddUserToWorkingGroup => NoExtras,
    DeleteWorkingGroup => NoExtras,
    LeaveWorkingGroup => NoExtras,
    HandOverWorkingGroup => OneGroup,
}

// `success` is always set, but existing clients expect all fields to be nullable.
/// The result of a mutation.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub struct Payload<M: MutationType> {
    /// Whether the mutation succeeded.
    success: Option<bool>,
    /// The errors, if the mutation was rejected.
    errors: Option<ExpectedErrorType>,
    #[graphql(flatten)]
    extras: M::Extras,
}

/// The result of a mutation of working groups. A rejection is an error of the request instead.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub struct GroupPayload<M: MutationType> {
    /// Always true.
    success: Option<bool>,
    #[graphql(flatten)]
    extras: M::Extras,
}

impl<M: MutationType> TypeName for GroupPayload<M> {
    fn type_name() -> Cow<'static, str> {
        M::NAME.into()
    }
}

impl<M: MutationType> TypeName for Payload<M> {
    fn type_name() -> Cow<'static, str> {
        M::NAME.into()
    }
}

/// Further fields of `passwordChange`.
#[derive(SimpleObject, Default)]
pub struct NewTokens {
    /// An access token. Earlier ones are revoked.
    token: Option<String>,
    /// A refresh token. Earlier ones are revoked.
    refresh_token: Option<String>,
}

/// Further fields of `register`, if accounts can log in before they are verified.
#[derive(SimpleObject, Default)]
pub struct Registered {
    /// A refresh token, which `refreshToken` takes once.
    #[graphql(visible = "super::features::register_tokens")]
    refresh_token: Option<String>,
    /// An access token.
    #[graphql(visible = "super::features::register_tokens")]
    token: Option<String>,
}

/// Further fields of `tokenAuth`.
#[derive(SimpleObject)]
pub struct Login {
    /// An access token, for the header `Authorization: JWT …`.
    token: Option<String>,
    /// The account that logged in.
    user: Option<UserNode>,
    /// Whether the login unarchived the account.
    unarchiving: Option<bool>,
    /// A refresh token, which `refreshToken` takes once.
    refresh_token: Option<String>,
}

/// Further fields of `verifyToken`.
#[derive(SimpleObject, Default)]
pub struct Verified {
    /// The claims of the token.
    payload: Option<GenericScalar>,
}

/// Further fields of `refreshToken`.
#[derive(SimpleObject, Default)]
pub struct Refreshed {
    /// An access token.
    token: Option<String>,
    /// The claims of the access token.
    payload: Option<GenericScalar>,
    /// The refresh token that replaces the one in the request.
    refresh_token: Option<String>,
}

/// Further fields of `revokeToken`.
#[derive(SimpleObject, Default)]
pub struct Revoked {
    /// When the token was revoked, in seconds since 1970.
    revoked: Option<i32>,
}

/// Further fields of mutations that return a working group.
#[derive(SimpleObject, Default)]
pub struct OneGroup {
    /// The working group.
    workinggroup: Option<WorkingGroupType>,
}

/// Further fields of `setWorkingGroup`.
#[derive(SimpleObject, Default)]
pub struct GroupUser {
    /// The account that entered the group.
    user: Option<UserType>,
}

/// Further fields of `requestJoinWorkingGroup`.
#[derive(SimpleObject, Default)]
pub struct MadeRequest {
    /// The join request.
    join_request: Option<WorkingGroupJoinRequestType>,
}

/// Further fields of `answerJoinRequest`.
#[derive(SimpleObject, Default)]
pub struct RequestingUser {
    /// The account that made the request.
    requesting_user: Option<UserType>,
}

/// A rejected login unarchives nothing, and `unarchiving` says so.
impl Default for Login {
    fn default() -> Self {
        Self { token: None, user: None, unarchiving: Some(false), refresh_token: None }
    }
}

impl From<Option<Tokens>> for Registered {
    fn from(tokens: Option<Tokens>) -> Self {
        let (token, refresh_token) = tokens.map(|tokens| (tokens.token, tokens.refresh_token)).unzip();
        Self { refresh_token, token }
    }
}

impl From<Tokens> for NewTokens {
    fn from(tokens: Tokens) -> Self {
        Self { token: Some(tokens.token), refresh_token: Some(tokens.refresh_token) }
    }
}

impl From<(LoggedIn, SeenAccount)> for Login {
    fn from((login, user): (LoggedIn, SeenAccount)) -> Self {
        Self {
            token: Some(login.tokens.token),
            user: Some(user.into()),
            unarchiving: Some(login.unarchiving),
            refresh_token: Some(login.tokens.refresh_token),
        }
    }
}

impl From<Value> for Verified {
    fn from(payload: Value) -> Self {
        Self { payload: Some(GenericScalar(payload)) }
    }
}

impl From<Tokens> for Refreshed {
    fn from(tokens: Tokens) -> Self {
        Self {
            token: Some(tokens.token),
            payload: Some(GenericScalar(tokens.payload)),
            refresh_token: Some(tokens.refresh_token),
        }
    }
}

impl From<i64> for Revoked {
    fn from(at: i64) -> Self {
        Self { revoked: i32::try_from(at).ok() }
    }
}

impl From<SeenGroup> for OneGroup {
    fn from(group: SeenGroup) -> Self {
        Self { workinggroup: Some(group.into()) }
    }
}

impl From<SeenAccount> for GroupUser {
    fn from(account: SeenAccount) -> Self {
        Self { user: Some(account.into()) }
    }
}

impl From<SeenJoinRequest> for MadeRequest {
    fn from(request: SeenJoinRequest) -> Self {
        Self { join_request: Some(request.into()) }
    }
}

impl From<SeenAccount> for RequestingUser {
    fn from(account: SeenAccount) -> Self {
        Self { requesting_user: Some(account.into()) }
    }
}

/// A field that is null if it fails, without affecting other fields: the outer `Option` has this effect in
/// async-graphql.
pub type Nullable<T> = Option<async_graphql::Result<T>>;

/// The return type of a mutation's resolver.
pub type Reply<M> = Nullable<Payload<M>>;

/// Calls a rule and returns its result in the further fields of the payload.
pub async fn run<M, T>(
    ctx: &Context<'_>,
    queue: Queue,
    rule: impl FnOnce(&App, &Viewer) -> Result<T, Error> + Send + 'static,
) -> Reply<M>
where
    M: MutationType,
    M::Extras: From<T>,
    T: Send + 'static,
{
    reply(run_rule(ctx, queue, rule).await.map(M::Extras::from))
}

/// Calls a rule that returns nothing.
pub async fn run_unit<M: MutationType<Extras = NoExtras>>(
    ctx: &Context<'_>,
    queue: Queue,
    rule: impl FnOnce(&App, &Viewer) -> Result<(), Error> + Send + 'static,
) -> Reply<M> {
    reply(run_rule(ctx, queue, rule).await.map(|()| NoExtras::default()))
}

/// Calls a rule of working groups.
pub async fn run_group<M, T>(
    ctx: &Context<'_>,
    rule: impl FnOnce(&App, &Viewer) -> Result<T, Error> + Send + 'static,
) -> Nullable<GroupPayload<M>>
where
    M: MutationType,
    M::Extras: From<T>,
    T: Send + 'static,
{
    let done = run_rule(ctx, Queue::Writing, rule).await;
    Some(done.map(|done| GroupPayload { success: Some(true), extras: done.into() }).map_err(request_error))
}

/// Calls a rule on behalf of the viewer.
pub async fn run_rule<T: Send + 'static>(
    ctx: &Context<'_>,
    queue: Queue,
    rule: impl FnOnce(&App, &Viewer) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (Some(pool), Some(viewer)) = (ctx.data_opt::<Arc<BlockingPool>>(), ctx.data_opt::<Viewer>()) else {
        return Err(anyhow::anyhow!("the request came without its context").into());
    };
    let viewer = viewer.clone();
    let outcome = pool.call(queue, move |app| rule(app, &viewer)).await;
    pool.count(ctx.field().name(), &outcome);
    let retry_after = match &outcome {
        Err(Error::Refused(errors)) => {
            if let Some(refusals) = ctx.data_opt::<Arc<Refusals>>() {
                refusals.add(errors);
            }
            errors.retry_after()
        }
        Err(Error::Unavailable(unavailable)) => Some(unavailable.retry_after),
        _ => None,
    };
    if let Some(seconds) = retry_after {
        ctx.insert_http_header("Retry-After", seconds.to_string());
    }
    outcome
}

fn reply<M: MutationType>(outcome: Result<M::Extras, Error>) -> Reply<M> {
    Some(match outcome {
        Ok(extras) => Ok(Payload { success: Some(true), errors: None, extras }),
        Err(Error::Refused(errors)) => {
            let errors = Some(ExpectedErrorType(errors));
            Ok(Payload { success: Some(false), errors, extras: M::Extras::default() })
        }
        Err(error) => Err(request_error(error)),
    })
}

/// Returns an error of the request, for fields without a payload. Internal errors are logged here, and their cause is
/// not shown.
pub fn request_error(error: Error) -> async_graphql::Error {
    match error {
        Error::Refused(errors) => async_graphql::Error::new(errors.first_message()),
        Error::BadRequest(sentence) => async_graphql::Error::new(sentence),
        Error::Unavailable(unavailable) => {
            async_graphql::Error::new(unavailable.sentence).extend_with(|_, extensions| {
                extensions.set(RETRY_AFTER, unavailable.retry_after);
            })
        }
        Error::Internal(error) => {
            tracing::error!("{error:#}");
            async_graphql::Error::new(INTERNAL)
        }
    }
}
