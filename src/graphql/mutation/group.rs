//! The mutations of working groups, with their input types.

use std::borrow::Cow;

use async_graphql::{Context, ID, InputObject, Object};

use crate::blocking_pool::Queue;
use crate::error::Error;
use crate::graphql::payload::{self, GroupPayload, Payload};
use crate::graphql::resolve::{Nullable, run, run_group};
use crate::groups::manage::NewGroupForm;
use crate::groups::selection::{AccountSelection, GroupSelection, JoinRequestSelection};
use crate::groups::{invitations, join, manage};

/// The schema allows `input` to be null, as existing clients expect.
const INPUT_REQUIRED: Error = Error::BadRequest(Cow::Borrowed("The argument `input` is required."));

#[derive(Default)]
pub struct GroupMutation;

#[Object]
impl GroupMutation {
    /// Creates a working group with the viewer as its first member and representative.
    async fn create_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<CreateWorkingGroupInput>,
    ) -> Nullable<GroupPayload<payload::CreateWorkingGroup>> {
        let selection = GroupSelection::from(ctx.look_ahead().field("workinggroup"));
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
    ) -> Nullable<GroupPayload<payload::SetWorkingGroup>> {
        let selection = AccountSelection::from(ctx.look_ahead().field("user"));
        let id = input.unwrap_or_default().id.unwrap_or_default();
        run_group(ctx, move |app, viewer| join::set(app, viewer, &id, &selection)).await
    }

    /// Requests to join a working group. Its representative gets a mail.
    async fn request_join_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<JoinRequestInput>,
    ) -> Nullable<GroupPayload<payload::RequestJoinWorkingGroup>> {
        let selection = JoinRequestSelection::from(ctx.look_ahead().field("joinRequest"));
        let id = input.unwrap_or_default().workinggroup_id.unwrap_or_default();
        run_group(ctx, move |app, viewer| join::request(app, viewer, &id, &selection)).await
    }

    /// Answers a request to join the viewer's working group. A request can be answered once.
    async fn answer_join_request(
        &self,
        ctx: &Context<'_>,
        input: Option<AnswerJoinRequestInput>,
    ) -> Nullable<GroupPayload<payload::AnswerJoinRequest>> {
        let selection = AccountSelection::from(ctx.look_ahead().field("requestingUser"));
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
    ) -> Nullable<GroupPayload<payload::RemoveUserFromWorkingGroup>> {
        run_group(ctx, move |app, viewer| manage::remove(app, viewer, &input.ok_or(INPUT_REQUIRED)?.user_id))
            .await
    }

    /// Adds an account without a working group to the viewer's group.
    async fn add_user_to_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<AddUserToWorkingGroupInput>,
    ) -> Nullable<GroupPayload<payload::AddUserToWorkingGroup>> {
        run_group(ctx, move |app, viewer| manage::add(app, viewer, &input.ok_or(INPUT_REQUIRED)?.user_email))
            .await
    }

    /// Deletes the viewer's working group. Its members are then without a group.
    async fn delete_working_group(
        &self,
        ctx: &Context<'_>,
        input: Option<DeleteWorkingGroupInput>,
    ) -> Nullable<GroupPayload<payload::DeleteWorkingGroup>> {
        run_group(ctx, move |app, viewer| manage::delete(app, viewer, &input.ok_or(INPUT_REQUIRED)?.id)).await
    }

    /// Leaves the working group. A representative must hand it over or delete it first.
    async fn leave_working_group(
        &self,
        ctx: &Context<'_>,
    ) -> Nullable<GroupPayload<payload::LeaveWorkingGroup>> {
        run_group(ctx, join::leave).await
    }

    /// Makes another member the representative of the working group. `userId` is an id as returned by
    /// `workinggroupUsers`. The previous representative stays a member.
    async fn hand_over_working_group(
        &self,
        ctx: &Context<'_>,
        user_id: String,
    ) -> Nullable<GroupPayload<payload::HandOverWorkingGroup>> {
        let selection = GroupSelection::from(ctx.look_ahead().field("workinggroup"));
        run_group(ctx, move |app, viewer| manage::hand_over(app, viewer, &user_id, &selection)).await
    }

    /// Mails an invitation into the viewer's working group to an address, with or without an account. Replaces an earlier
    /// one. Only the representative of the group may invite.
    async fn invite_to_working_group(
        &self,
        ctx: &Context<'_>,
        email: String,
    ) -> Nullable<Payload<payload::InviteToWorkingGroup>> {
        run(ctx, Queue::Writing, move |app, viewer| invitations::invite(app, viewer, &email)).await
    }

    /// Revokes an invitation into the viewer's working group. `invitations` returns the ids.
    async fn revoke_invitation(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Nullable<Payload<payload::RevokeInvitation>> {
        run(ctx, Queue::Writing, move |app, viewer| invitations::revoke(app, viewer, &id)).await
    }

    /// Accepts an invitation with the viewer's account, which must have the invited address and be in no working group.
    /// Somebody without an account passes the token to `register` instead.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
    ) -> Nullable<Payload<payload::AcceptInvitation>> {
        run(ctx, Queue::Writing, move |app, viewer| invitations::accept(app, viewer, &token).map(drop)).await
    }
}

/// A new working group.
#[derive(InputObject)]
pub struct CreateWorkingGroupInput {
    /// The name: 1 to 200 characters, unique within the institution.
    pub name: Option<String>,
    pub institution_id: String,
    pub research_field_id: i32,
    /// The number of employees.
    pub n_employees: i32,
    /// Whether every user who is logged in can find the group.
    pub is_public: bool,
}

/// The working group to enter.
#[derive(InputObject, Default)]
pub struct SetWorkingGroupInput {
    /// The id of the working group.
    pub id: Option<String>,
}

/// The working group to join.
#[derive(InputObject, Default)]
pub struct JoinRequestInput {
    pub workinggroup_id: Option<String>,
}

/// The answer to a join request.
#[derive(InputObject)]
pub struct AnswerJoinRequestInput {
    pub request_id: String,
    /// Whether to approve the request. If omitted, the request is declined.
    pub approve: Option<bool>,
}

/// The member to remove.
#[derive(InputObject)]
pub struct RemoveUserFromWorkingGroupInput {
    /// The id of the account, as returned by `workinggroupUsers`.
    pub user_id: String,
}

/// The account to add.
#[derive(InputObject)]
pub struct AddUserToWorkingGroupInput {
    /// The primary or secondary address of the account.
    pub user_email: String,
}

/// The working group to delete.
#[derive(InputObject)]
pub struct DeleteWorkingGroupInput {
    /// The id of the working group.
    pub id: String,
}
