//! Collects what a request selects around accounts, groups and join requests, for the loader.

use async_graphql::Lookahead;

use crate::groups::selection::{AccountSelection, GroupSelection, JoinRequestSelection};

impl From<Lookahead<'_>> for AccountSelection {
    fn from(account: Lookahead<'_>) -> Self {
        Self {
            // `isRepresentative` needs the group, because a viewer who may not see a group may not see its representative.
            group: selected(&account, &["workingGroup", "workinggroup", "isRepresentative"]),
            join_requests: selected(&account, &["workinggroupjoinrequestSet"]),
        }
    }
}

impl From<Lookahead<'_>> for GroupSelection {
    fn from(group: Lookahead<'_>) -> Self {
        Self {
            institution_groups: selected(&group.field("institution"), &["workinggroupSet"]),
            research_field_groups: selected(&group.field("field"), &["workinggroupSet"]),
            representative: selected(&group, &["representative"]),
            members: selected(&group, &["customuserSet"]),
            join_requests: selected(&group, &["workinggroupjoinrequestSet"]),
        }
    }
}

impl From<Lookahead<'_>> for JoinRequestSelection {
    fn from(request: Lookahead<'_>) -> Self {
        Self { account: selected(&request, &["user"]), group: selected(&request, &["workingGroup"]) }
    }
}

/// Returns what a request selects in fields of these names, or `None` if it selects none of them. Aliases may select a
/// field more than once.
pub(super) fn selected<'a, S: From<Lookahead<'a>>>(object: &Lookahead<'a>, names: &[&str]) -> Option<Box<S>> {
    let fields: Vec<_> = names.iter().flat_map(|name| object.field(name).selection_fields()).collect();
    Lookahead::try_from(fields.as_slice()).ok().map(|fields| Box::new(fields.into()))
}
