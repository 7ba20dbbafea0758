//! GraphQL types of working groups, institutions, research fields and join requests.

use anyhow::anyhow;
use async_graphql::{Enum, Object, Result};

use super::scalars::{DateTime, Uuid};
use super::user::UserType;
use crate::graphql::error::request_error;
use crate::groups::Status;
use crate::groups::loader::{SeenGroup, SeenInstitution, SeenJoinRequest, SeenResearchField};

pub struct WorkingGroupType(pub SeenGroup);
pub struct InstitutionType(pub SeenInstitution);
pub struct ResearchFieldType(pub SeenResearchField);
pub struct WorkingGroupJoinRequestType(pub SeenJoinRequest);

#[Object]
impl WorkingGroupType {
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    async fn name(&self) -> &str {
        &self.0.record.name
    }

    /// The institution of the group.
    async fn institution(&self) -> Option<InstitutionType> {
        self.0.related.institution.clone().map(InstitutionType)
    }

    /// The representative of the group.
    async fn representative(&self) -> Option<UserType> {
        self.0.related.representative.clone().map(UserType)
    }

    /// The number of employees.
    async fn n_employees(&self) -> Option<i32> {
        self.0.record.employees.and_then(|number| i32::try_from(number).ok())
    }

    /// The research field of the group.
    async fn field(&self) -> ResearchFieldType {
        ResearchFieldType(self.0.related.research_field.clone())
    }

    /// Whether every user who is logged in can find the group.
    async fn is_public(&self) -> bool {
        self.0.record.is_public
    }

    /// The members of the group.
    #[graphql(name = "customuserSet")]
    async fn members(&self) -> Vec<UserType> {
        list(&self.0.related.members, UserType)
    }

    /// The join requests that the viewer may see.
    #[graphql(name = "workinggroupjoinrequestSet")]
    async fn join_requests(&self) -> Vec<WorkingGroupJoinRequestType> {
        list(&self.0.related.join_requests, WorkingGroupJoinRequestType)
    }
}

#[Object]
impl InstitutionType {
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    async fn name(&self) -> &str {
        &self.0.record.name
    }

    async fn city(&self) -> &str {
        &self.0.record.city
    }

    /// The state, if the country has states.
    async fn state(&self) -> Option<&str> {
        self.0.record.state.as_deref()
    }

    async fn country(&self) -> &str {
        &self.0.record.country
    }

    /// The working groups of the institution.
    #[graphql(name = "workinggroupSet")]
    async fn working_groups(&self) -> Vec<WorkingGroupType> {
        list(&self.0.related, WorkingGroupType)
    }
}

#[Object]
impl ResearchFieldType {
    async fn id(&self) -> i32 {
        i32::try_from(self.0.record.id).unwrap_or(i32::MAX)
    }

    async fn field(&self) -> &str {
        &self.0.record.field
    }

    async fn subfield(&self) -> &str {
        &self.0.record.subfield
    }

    /// The working groups of the research field.
    #[graphql(name = "workinggroupSet")]
    async fn working_groups(&self) -> Vec<WorkingGroupType> {
        list(&self.0.related, WorkingGroupType)
    }
}

/// A request to join a working group.
#[Object]
impl WorkingGroupJoinRequestType {
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    /// The account that made the request.
    async fn user(&self) -> Result<UserType> {
        loaded(self.0.related.account.as_ref()).map(UserType)
    }

    /// The working group.
    async fn working_group(&self) -> Result<WorkingGroupType> {
        loaded(self.0.related.group.as_ref()).map(WorkingGroupType)
    }

    /// When the request was made.
    async fn timestamp(&self) -> DateTime {
        self.0.record.made_at.into()
    }

    async fn status(&self) -> WorkingGroupJoinRequestStatus {
        self.0.record.status.into()
    }
}

/// The status of a join request.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Status")]
pub enum WorkingGroupJoinRequestStatus {
    /// Waits for an answer.
    Pending,
    /// The request was approved.
    Approved,
    /// The request was declined.
    Declined,
}

pub(super) fn list<S: Clone, T>(seen: &[S], output_type: fn(S) -> T) -> Vec<T> {
    seen.iter().cloned().map(output_type).collect()
}

/// Returns the value of a field that is not nullable. The loader loads every selected field, so a missing value is a bug.
fn loaded<T: Clone>(seen: Option<&T>) -> Result<T> {
    let missing = || request_error(anyhow!("a field of a join request was selected but not loaded").into());
    seen.cloned().ok_or_else(missing)
}
