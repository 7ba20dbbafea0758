//! GraphQL types of working groups, institutions, research fields and join requests.

use anyhow::anyhow;
use async_graphql::{Enum, Object, Result};

use super::scalars::{DateTime, Uuid};
use super::user::UserType;
use crate::graphql::error::request_error;
use crate::groups::Status;
use crate::groups::loader::{SeenGroup, SeenInstitution, SeenJoinRequest, SeenResearchField};

/// Defines output types by what a viewer sees.
macro_rules! output_types {
    ($($name:ident($seen:ident);)*) => {
        $(
            pub struct $name($seen);

            impl From<$seen> for $name {
                fn from(seen: $seen) -> Self {
                    Self(seen)
                }
            }
        )*
    };
}

output_types! {
    WorkingGroupType(SeenGroup);
    InstitutionType(SeenInstitution);
    ResearchFieldType(SeenResearchField);
    WorkingGroupJoinRequestType(SeenJoinRequest);
}

/// A working group.
#[Object]
impl WorkingGroupType {
    /// The id.
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.record.name
    }

    /// The institution of the group.
    async fn institution(&self) -> Option<InstitutionType> {
        self.0.related.institution.clone().map(InstitutionType)
    }

    /// The representative of the group.
    async fn representative(&self) -> Option<UserType> {
        self.0.related.representative.clone().map(UserType::from)
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
        to_output(&self.0.related.members)
    }

    /// The join requests that the viewer may see.
    #[graphql(name = "workinggroupjoinrequestSet")]
    async fn join_requests(&self) -> Vec<WorkingGroupJoinRequestType> {
        to_output(&self.0.related.join_requests)
    }
}

/// An institution.
#[Object]
impl InstitutionType {
    /// The id.
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.record.name
    }

    /// The city.
    async fn city(&self) -> &str {
        &self.0.record.city
    }

    /// The state, if the country has states.
    async fn state(&self) -> Option<&str> {
        self.0.record.state.as_deref()
    }

    /// The country.
    async fn country(&self) -> &str {
        &self.0.record.country
    }

    /// The working groups of the institution.
    #[graphql(name = "workinggroupSet")]
    async fn working_groups(&self) -> Vec<WorkingGroupType> {
        to_output(&self.0.related)
    }
}

/// A research field.
#[Object]
impl ResearchFieldType {
    /// The id.
    async fn id(&self) -> i32 {
        i32::try_from(self.0.record.id).unwrap_or(i32::MAX)
    }

    /// The field.
    async fn field(&self) -> &str {
        &self.0.record.field
    }

    /// The subfield.
    async fn subfield(&self) -> &str {
        &self.0.record.subfield
    }

    /// The working groups of the research field.
    #[graphql(name = "workinggroupSet")]
    async fn working_groups(&self) -> Vec<WorkingGroupType> {
        to_output(&self.0.related)
    }
}

/// A request to join a working group.
#[Object]
impl WorkingGroupJoinRequestType {
    /// The id.
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    /// The account that made the request.
    async fn user(&self) -> Result<UserType> {
        loaded(self.0.related.account.clone().map(UserType::from))
    }

    /// The working group.
    async fn working_group(&self) -> Result<WorkingGroupType> {
        loaded(self.0.related.group.clone().map(WorkingGroupType))
    }

    /// When the request was made.
    async fn timestamp(&self) -> DateTime {
        DateTime(self.0.record.made_at)
    }

    /// The status of the request.
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

/// Converts a list to its output type.
pub(super) fn to_output<S: Clone, T: From<S>>(seen: &[S]) -> Vec<T> {
    seen.iter().cloned().map(T::from).collect()
}

/// Returns a value that is loaded if it is selected.
fn loaded<T>(value: Option<T>) -> Result<T> {
    let error = || request_error(anyhow!("a field of a join request was selected but not loaded").into());
    value.ok_or_else(error)
}
