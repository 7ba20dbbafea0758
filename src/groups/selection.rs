//! Which related objects of accounts, groups and join requests a GraphQL query selects.

#[derive(Debug, Default)]
pub struct AccountSelection {
    pub group: Option<Box<GroupSelection>>,
    pub join_requests: Option<Box<JoinRequestSelection>>,
}

impl AccountSelection {
    pub fn is_empty(&self) -> bool {
        self.group.is_none() && self.join_requests.is_none()
    }
}

/// The institution and the research field of a group are always loaded. Their groups are loaded only if selected.
#[derive(Debug, Default)]
pub struct GroupSelection {
    pub institution_groups: Option<Box<GroupSelection>>,
    pub research_field_groups: Option<Box<GroupSelection>>,
    pub representative: Option<Box<AccountSelection>>,
    pub members: Option<Box<AccountSelection>>,
    pub join_requests: Option<Box<JoinRequestSelection>>,
}

#[derive(Debug, Default)]
pub struct JoinRequestSelection {
    /// The account that made the request.
    pub account: Option<Box<AccountSelection>>,
    pub group: Option<Box<GroupSelection>>,
}
