//! Working groups as clients see them.

use async_graphql::{Enum, Error, Object, Result};

use super::scalars::{DateTime, Uuid};
use super::user::UserType;
use crate::groups::Status;
use crate::groups::loader::{SeenGroup, SeenInstitution, SeenJoinRequest, SeenResearchField};

/// A working group.
pub struct WorkingGroupType(SeenGroup);

/// A working group.
#[Object]
impl WorkingGroupType {
    /// Its id.
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.record.name
    }

    /// Where it is at home.
    async fn institution(&self) -> Option<InstitutionType> {
        self.0.related.institution.clone().map(InstitutionType)
    }

    /// Who speaks for it.
    async fn representative(&self) -> Option<UserType> {
        self.0.related.representative.clone().map(UserType::from)
    }

    /// How many people work in it.
    async fn n_employees(&self) -> Option<i32> {
        self.0.record.employees.and_then(|number| i32::try_from(number).ok())
    }

    /// What it works on.
    async fn field(&self) -> ResearchFieldType {
        ResearchFieldType(self.0.related.research_field.clone())
    }

    /// Whether everybody may find it.
    async fn is_public(&self) -> bool {
        self.0.record.is_public
    }

    /// Its members.
    #[graphql(name = "customuserSet")]
    async fn members(&self) -> Vec<UserType> {
        self.0.related.members.iter().cloned().map(UserType::from).collect()
    }

    /// Who wishes to join, for whom that concerns.
    #[graphql(name = "workinggroupjoinrequestSet")]
    async fn join_requests(&self) -> Vec<WorkingGroupJoinRequestType> {
        join_requests(&self.0.related.join_requests)
    }
}

/// Where working groups are at home.
pub struct InstitutionType(SeenInstitution);

/// Where working groups are at home.
#[Object]
impl InstitutionType {
    /// Its id.
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.record.name
    }

    /// The city.
    async fn city(&self) -> &str {
        &self.0.record.city
    }

    /// The state, where the country has such.
    async fn state(&self) -> Option<&str> {
        self.0.record.state.as_deref()
    }

    /// The country.
    async fn country(&self) -> &str {
        &self.0.record.country
    }

    /// The working groups there.
    #[graphql(name = "workinggroupSet")]
    async fn working_groups(&self) -> Vec<WorkingGroupType> {
        self.0.related.iter().cloned().map(WorkingGroupType).collect()
    }
}

/// What working groups work on.
pub struct ResearchFieldType(SeenResearchField);

/// What working groups work on.
#[Object]
impl ResearchFieldType {
    /// Its number.
    async fn id(&self) -> i32 {
        i32::try_from(self.0.record.id).unwrap_or(i32::MAX)
    }

    /// The field.
    async fn field(&self) -> &str {
        &self.0.record.field
    }

    /// Its part.
    async fn subfield(&self) -> &str {
        &self.0.record.subfield
    }

    /// The working groups of that field.
    #[graphql(name = "workinggroupSet")]
    async fn working_groups(&self) -> Vec<WorkingGroupType> {
        self.0.related.iter().cloned().map(WorkingGroupType).collect()
    }
}

/// Somebody's wish to join a working group.
pub struct WorkingGroupJoinRequestType(SeenJoinRequest);

/// Somebody's wish to join a working group.
#[Object]
impl WorkingGroupJoinRequestType {
    /// Its id.
    async fn id(&self) -> Uuid {
        Uuid(self.0.record.id.clone())
    }

    /// Who wishes.
    async fn user(&self) -> Result<UserType> {
        found(self.0.related.account.clone().map(UserType::from))
    }

    /// The group.
    async fn working_group(&self) -> Result<WorkingGroupType> {
        found(self.0.related.group.clone().map(WorkingGroupType))
    }

    /// When it was made.
    async fn timestamp(&self) -> DateTime {
        DateTime(self.0.record.made_at)
    }

    /// What became of it.
    async fn status(&self) -> WorkingGroupJoinRequestStatus {
        match self.0.record.status {
            Status::Pending => WorkingGroupJoinRequestStatus::Pending,
            Status::Approved => WorkingGroupJoinRequestStatus::Approved,
            Status::Declined => WorkingGroupJoinRequestStatus::Declined,
        }
    }
}

/// What became of a wish to join.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkingGroupJoinRequestStatus {
    /// Not answered yet.
    Pending,
    /// The group said yes.
    Approved,
    /// The group said no.
    Declined,
}

/// Wishes to join as clients see them.
pub(super) fn join_requests(seen: &[SeenJoinRequest]) -> Vec<WorkingGroupJoinRequestType> {
    seen.iter().cloned().map(WorkingGroupJoinRequestType).collect()
}

/// What is there whenever it is selected.
fn found<T>(selected: Option<T>) -> Result<T> {
    selected.ok_or_else(|| {
        tracing::error!("a field of a join request was selected and not read");
        Error::new("Internal server error")
    })
}

macro_rules! from_seen {
    ($($seen:ident => $name:ident,)*) => {
        $(impl From<$seen> for $name {
            fn from(seen: $seen) -> Self {
                Self(seen)
            }
        })*
    };
}

from_seen! {
    SeenGroup => WorkingGroupType,
    SeenInstitution => InstitutionType,
    SeenResearchField => ResearchFieldType,
    SeenJoinRequest => WorkingGroupJoinRequestType,
}
