//! The root type of mutations. Each resolver names the rule to call.

use async_graphql::{Context, ID, Object};

use super::input::{
    AddUserToWorkingGroupInput, AnswerJoinRequestInput, CreateWorkingGroupInput, DeleteWorkingGroupInput,
    JoinRequestInput, RemoveUserFromWorkingGroupInput, SetWorkingGroupInput,
};
use super::lookahead::Lookahead as _;
use super::payload::{
    AddUserToWorkingGroup, AnswerJoinRequest, ArchiveAccount, CreateWorkingGroup, DeleteAccount,
    DeleteWorkingGroup, GroupPayload, HandOverWorkingGroup, LeaveWorkingGroup, NoExtras, Nullable,
    ObtainJSONWebToken, PasswordChange, PasswordReset, PasswordSet, RefreshToken, Register,
    RemoveSecondaryEmail, RemoveUserFromWorkingGroup, Reply, RequestJoinWorkingGroup, ResendActivationEmail,
    RevokeAllSessions, RevokeSession, RevokeToken, SendPasswordResetEmail, SendSecondaryEmailActivation,
    SetWorkingGroup, SwapEmails, UpdateAccount, VerifyAccount, VerifySecondaryEmail, VerifyToken, run,
    run_group, run_unit,
};
use crate::accounts::profile::Changes;
use crate::accounts::register::Registration;
use crate::accounts::{
    Error, activation, archive_delete, login, password, profile, refresh, register, secondary_email, sessions,
};
use crate::blocking_pool::Queue::{Hashing, Reading, Writing};
use crate::groups::loader::{AccountSelection, GroupSelection, JoinRequestSelection};
use crate::groups::manage::NewGroupForm;
use crate::groups::{join, manage, queries};

/// The schema allows `input` to be null, as existing clients expect.
const INPUT_REQUIRED: Error =
    Error::BadRequest(std::borrow::Cow::Borrowed("The argument `input` is required."));

/// The root type of mutations.
pub struct Mutation;

#[Object]
impl Mutation {
    /// Registers an account and mails the link that verifies it. The server's settings decide which arguments are
    /// required; a missing one is an error of its field.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the dialect's")]
    #[graphql(complexity = 100)]
    pub(super) async fn register(
        &self,
        ctx: &Context<'_>,
        email: Option<String>,
        #[graphql(visible = "super::features::register_username")] username: Option<String>,
        #[graphql(visible = "super::features::register_first_name")] first_name: Option<String>,
        #[graphql(visible = "super::features::register_last_name")] last_name: Option<String>,
        #[graphql(visible = "super::features::register_academic_title")] academic_title: Option<String>,
        #[graphql(secret, visible = "super::features::register_passwords")] password1: Option<String>,
        #[graphql(secret, visible = "super::features::register_passwords")] password2: Option<String>,
    ) -> Reply<Register> {
        let form =
            Registration { email, username, first_name, last_name, academic_title, password1, password2 };
        run(ctx, Hashing, move |app, viewer| register::register(app, viewer, form)).await
    }

    /// Verifies an account with the token from its activation mail. If a new password was requested before, the old
    /// password ends: call `sendPasswordResetEmail` next.
    pub(super) async fn verify_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
    ) -> Reply<VerifyAccount> {
        run_unit(ctx, Writing, move |app, viewer| Ok(activation::verify(app, viewer, &token)?.map(drop)?))
            .await
    }

    /// Mails another activation link. Succeeds for an unknown address as well.
    pub(super) async fn resend_activation_email(
        &self,
        ctx: &Context<'_>,
        email: String,
    ) -> Reply<ResendActivationEmail> {
        run_unit(ctx, Writing, move |app, viewer| activation::resend(app, viewer, &email)).await
    }

    /// Mails a link for a new password to a primary or secondary address. Succeeds for an unknown address as well. An
    /// account that is not verified gets an activation mail instead.
    pub(super) async fn send_password_reset_email(
        &self,
        ctx: &Context<'_>,
        email: String,
    ) -> Reply<SendPasswordResetEmail> {
        run_unit(ctx, Writing, move |app, viewer| password::send_reset_mail(app, viewer, &email)).await
    }

    /// Resets the password with the token from a mail. All sessions of the account end.
    #[graphql(complexity = 100)]
    pub(super) async fn password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
        #[graphql(secret)] new_password1: String,
        #[graphql(secret)] new_password2: String,
    ) -> Reply<PasswordReset> {
        run_unit(ctx, Hashing, move |app, viewer| {
            Ok(password::reset(app, viewer, &token, [&new_password1, &new_password2])??)
        })
        .await
    }

    /// Sets the first password of an account that was registered without one, with the token from a mail.
    #[graphql(complexity = 100)]
    pub(super) async fn password_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
        #[graphql(secret)] new_password1: String,
        #[graphql(secret)] new_password2: String,
    ) -> Reply<PasswordSet> {
        run_unit(ctx, Hashing, move |app, viewer| {
            Ok(password::set_first(app, viewer, &token, [&new_password1, &new_password2])??)
        })
        .await
    }

    /// Changes the password, given the old one. All sessions end, and a new one begins.
    pub(super) async fn password_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] old_password: String,
        #[graphql(secret)] new_password1: String,
        #[graphql(secret)] new_password2: String,
    ) -> Reply<PasswordChange> {
        run(ctx, Hashing, move |app, viewer| {
            password::change(app, viewer, &old_password, [&new_password1, &new_password2])
        })
        .await
    }

    /// Changes names and academic title. Omitted arguments stay as they are.
    pub(super) async fn update_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(visible = "super::features::update_first_name")] first_name: Option<String>,
        #[graphql(visible = "super::features::update_last_name")] last_name: Option<String>,
        #[graphql(visible = "super::features::update_academic_title")] academic_title: Option<String>,
    ) -> Reply<UpdateAccount> {
        let changes = Changes { first_name, last_name, academic_title };
        run_unit(ctx, Writing, move |app, viewer| profile::update(app, viewer, &changes)).await
    }

    /// Archives the account until its owner logs in again. All sessions end.
    pub(super) async fn archive_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
    ) -> Reply<ArchiveAccount> {
        run_unit(ctx, Hashing, move |app, viewer| archive_delete::archive(app, viewer, &password)).await
    }

    /// Erases or deactivates the account, depending on the server's settings.
    pub(super) async fn delete_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
    ) -> Reply<DeleteAccount> {
        run_unit(ctx, Hashing, move |app, viewer| archive_delete::delete(app, viewer, &password)).await
    }

    /// Mails a confirmation link to a new secondary address.
    pub(super) async fn send_secondary_email_activation(
        &self,
        ctx: &Context<'_>,
        email: String,
        #[graphql(secret)] password: String,
    ) -> Reply<SendSecondaryEmailActivation> {
        run_unit(ctx, Hashing, move |app, viewer| {
            secondary_email::send_activation(app, viewer, &email, &password)
        })
        .await
    }

    /// Confirms a secondary address with the token from its mail.
    pub(super) async fn verify_secondary_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
    ) -> Reply<VerifySecondaryEmail> {
        run_unit(ctx, Writing, move |app, viewer| Ok(secondary_email::verify(app, viewer, &token)??)).await
    }

    /// Swaps the primary and the secondary address.
    pub(super) async fn swap_emails(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
    ) -> Reply<SwapEmails> {
        run_unit(ctx, Hashing, move |app, viewer| secondary_email::swap(app, viewer, &password)).await
    }

    /// Removes the secondary address.
    pub(super) async fn remove_secondary_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
    ) -> Reply<RemoveSecondaryEmail> {
        run_unit(ctx, Hashing, move |app, viewer| secondary_email::remove(app, viewer, &password)).await
    }

    /// Logs in with a password and either an address or a username, depending on the server's settings.
    pub(super) async fn token_auth(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
        #[graphql(visible = "super::features::login_email")] email: Option<String>,
        #[graphql(visible = "super::features::login_username")] username: Option<String>,
    ) -> Reply<ObtainJSONWebToken> {
        let name = login::Name { email, username };
        let selection = AccountSelection::selected(ctx, &["user"]);
        run(ctx, Hashing, move |app, viewer| {
            let login = login::log_in(app, viewer, &name, &password)?;
            let user = queries::own(app, &login.account, &selection)?;
            Ok((login, user))
        })
        .await
    }

    /// Verifies an access token and returns its claims.
    pub(super) async fn verify_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
    ) -> Reply<VerifyToken> {
        run(ctx, Reading, move |app, _| crate::security::authentication::verify(app, &token)).await
    }

    /// Exchanges a refresh token for new tokens. A refresh token works once, or again if the response was lost.
    pub(super) async fn refresh_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] refresh_token: String,
    ) -> Reply<RefreshToken> {
        run(ctx, Writing, move |app, viewer| refresh::refresh(app, viewer, &refresh_token)).await
    }

    /// Revokes a refresh token: its session gets no new tokens. The access token stays valid until it expires;
    /// `revokeSession` ends both.
    pub(super) async fn revoke_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] refresh_token: String,
    ) -> Reply<RevokeToken> {
        run(ctx, Writing, move |app, viewer| sessions::revoke_by_token(app, viewer, &refresh_token)).await
    }

    /// Ends a session of the viewer. `sessions` returns the ids.
    pub(super) async fn revoke_session(&self, ctx: &Context<'_>, id: ID) -> Reply<RevokeSession> {
        run_unit(ctx, Writing, move |app, viewer| sessions::revoke(app, viewer, &id)).await
    }

    /// Ends all sessions of the viewer, including the current one.
    pub(super) async fn revoke_all_sessions(&self, ctx: &Context<'_>) -> Reply<RevokeAllSessions> {
        run_unit(ctx, Writing, sessions::revoke_all).await
    }

    /// Creates a working group with the viewer as its first member and representative.
    async fn create_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<CreateWorkingGroupInput>,
    ) -> Nullable<GroupPayload<CreateWorkingGroup>> {
        let selection = GroupSelection::selected(ctx, &["workinggroup"]);
        run_group(ctx, move |app, viewer| {
            let input = input.ok_or(INPUT_REQUIRED)?;
            let new = NewGroupForm {
                name: input.name,
                institution: input.institution_id,
                research_field: input.research_field_id.into(),
                employees: Some(input.n_employees.into()),
                is_public: input.is_public,
            };
            manage::create(app, viewer, &new, &selection)
        })
        .await
    }

    /// Enters a working group without a join request, if the server's settings allow it.
    async fn set_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<SetWorkingGroupInput>,
    ) -> Nullable<GroupPayload<SetWorkingGroup>> {
        let selection = AccountSelection::selected(ctx, &["user"]);
        let id = input.unwrap_or_default().id.unwrap_or_default();
        run_group(ctx, move |app, viewer| join::set(app, viewer, &id, &selection)).await
    }

    /// Requests to join a working group. Its representative gets a mail.
    async fn request_join_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<JoinRequestInput>,
    ) -> Nullable<GroupPayload<RequestJoinWorkingGroup>> {
        let selection = JoinRequestSelection::selected(ctx, &["joinRequest"]);
        let id = input.unwrap_or_default().workinggroup_id.unwrap_or_default();
        run_group(ctx, move |app, viewer| join::request(app, viewer, &id, &selection)).await
    }

    /// Answers a request to join the viewer's working group. A request can be answered once.
    async fn answer_join_request(
        &self,
        ctx: &Context<'_>,
        input: Option<AnswerJoinRequestInput>,
    ) -> Nullable<GroupPayload<AnswerJoinRequest>> {
        let selection = AccountSelection::selected(ctx, &["requestingUser"]);
        run_group(ctx, move |app, viewer| {
            let AnswerJoinRequestInput { request_id, approve } = input.ok_or(INPUT_REQUIRED)?;
            join::answer(app, viewer, &request_id, approve.unwrap_or(false), &selection)
        })
        .await
    }

    /// Removes a member from the viewer's working group.
    async fn remove_user_from_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<RemoveUserFromWorkingGroupInput>,
    ) -> Nullable<GroupPayload<RemoveUserFromWorkingGroup>> {
        run_group(ctx, move |app, viewer| {
            let user_id = input.ok_or(INPUT_REQUIRED)?.user_id;
            manage::remove(app, viewer, &user_id).map(|()| NoExtras::default())
        })
        .await
    }

    /// Adds an account without a working group to the viewer's group.
    async fn add_user_to_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<AddUserToWorkingGroupInput>,
    ) -> Nullable<GroupPayload<AddUserToWorkingGroup>> {
        run_group(ctx, move |app, viewer| {
            let address = input.ok_or(INPUT_REQUIRED)?.user_email;
            manage::add(app, viewer, &address).map(|()| NoExtras::default())
        })
        .await
    }

    /// Deletes the viewer's working group. Its members are then without a group.
    async fn delete_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<DeleteWorkingGroupInput>,
    ) -> Nullable<GroupPayload<DeleteWorkingGroup>> {
        run_group(ctx, move |app, viewer| {
            let id = input.ok_or(INPUT_REQUIRED)?.id;
            manage::delete(app, viewer, &id).map(|()| NoExtras::default())
        })
        .await
    }

    /// Leaves the working group. A representative must hand it over or delete it first.
    async fn leave_working_group(&self, ctx: &Context<'_>) -> Nullable<GroupPayload<LeaveWorkingGroup>> {
        run_group(ctx, |app, viewer| join::leave(app, viewer).map(|()| NoExtras::default())).await
    }

    /// Makes another member the representative of the working group. `userId` is an id as returned by
    /// `workinggroupUsers`. The previous representative stays a member.
    async fn hand_over_working_group(
        &self,
        ctx: &Context<'_>,
        user_id: String,
    ) -> Nullable<GroupPayload<HandOverWorkingGroup>> {
        let selection = GroupSelection::selected(ctx, &["workinggroup"]);
        run_group(ctx, move |app, viewer| manage::hand_over(app, viewer, &user_id, &selection)).await
    }
}
