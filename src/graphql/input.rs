//! Input types of the mutations for working groups.

use async_graphql::InputObject;

/// A new working group.
#[derive(InputObject)]
pub struct CreateWorkingGroupInput {
    /// The name: 1 to 200 characters, unique within the institution.
    pub name: Option<String>,
    /// The id of the institution.
    pub institution_id: String,
    /// The id of the research field.
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
    /// The id of the working group.
    pub workinggroup_id: Option<String>,
}

/// The answer to a join request.
#[derive(InputObject)]
pub struct AnswerJoinRequestInput {
    /// The id of the join request.
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
