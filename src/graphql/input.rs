//! The arguments of mutations of working groups.

use async_graphql::InputObject;

/// What a working group is founded with.
#[derive(InputObject)]
pub struct CreateWorkingGroupInput {
    /// Its name: 1 to 200 characters, unique within the institution.
    pub name: Option<String>,
    /// The id of its institution.
    pub institution_id: String,
    /// The number of its research field.
    pub research_field_id: i32,
    /// How many people work in it.
    pub n_employees: i32,
    /// Whether everybody who is logged in may find it.
    pub is_public: bool,
}

/// Which working group to enter.
#[derive(InputObject, Default)]
pub struct SetWorkingGroupInput {
    /// Its id.
    pub id: Option<String>,
}

/// Which working group to ask.
#[derive(InputObject, Default)]
pub struct JoinRequestInput {
    /// Its id.
    pub workinggroup_id: Option<String>,
}

/// The answer to a join request.
#[derive(InputObject)]
pub struct AnswerJoinRequestInput {
    /// The id of the request.
    pub request_id: String,
    /// Whether to take them in; left out is no.
    pub approve: Option<bool>,
}

/// Whom to remove.
#[derive(InputObject)]
pub struct RemoveUserFromWorkingGroupInput {
    /// The number of the account, as `workinggroupUsers` has it.
    pub user_id: String,
}

/// Whom to add.
#[derive(InputObject)]
pub struct AddUserToWorkingGroupInput {
    /// An address of theirs.
    pub user_email: String,
}

/// Which working group to end.
#[derive(InputObject)]
pub struct DeleteWorkingGroupInput {
    /// Its id.
    pub id: String,
}
