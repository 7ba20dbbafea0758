//! Working groups as clients see them.

use async_graphql::{Enum, SimpleObject};

use super::scalars::{DateTime, Uuid};
use super::user::UserType;
use crate::groups::directory::{Institution, ResearchField};

/// A working group.
#[derive(SimpleObject)]
pub struct WorkingGroupType {
    /// Its id.
    id: Uuid,
    /// Its name.
    name: String,
    /// Where it is at home.
    institution: Option<InstitutionType>,
    /// Who speaks for it.
    representative: Option<UserType>,
    /// How many people work in it.
    n_employees: Option<i32>,
    /// What it works on.
    field: ResearchFieldType,
    /// Whether everybody may find it.
    is_public: bool,
    /// Its members.
    #[graphql(name = "customuserSet")]
    members: Vec<UserType>,
    /// Who wishes to join.
    #[graphql(name = "workinggroupjoinrequestSet")]
    join_requests: Vec<WorkingGroupJoinRequestType>,
}

/// Where working groups are at home.
#[derive(SimpleObject)]
pub struct InstitutionType {
    /// Its id.
    id: Uuid,
    /// Its name.
    name: String,
    /// The city.
    city: String,
    /// The state, where the country has such.
    state: Option<String>,
    /// The country.
    country: String,
    /// The working groups there.
    #[graphql(name = "workinggroupSet")]
    working_groups: Vec<WorkingGroupType>,
}

/// What working groups work on.
#[derive(SimpleObject)]
pub struct ResearchFieldType {
    /// Its number.
    id: i32,
    /// The field.
    field: String,
    /// Its part.
    subfield: String,
    /// The working groups of that field.
    #[graphql(name = "workinggroupSet")]
    working_groups: Vec<WorkingGroupType>,
}

/// Somebody's wish to join a working group.
#[derive(SimpleObject)]
pub struct WorkingGroupJoinRequestType {
    /// Its id.
    id: Uuid,
    /// Who wishes.
    user: UserType,
    /// The group.
    working_group: WorkingGroupType,
    /// When it was made.
    timestamp: DateTime,
    /// What became of it.
    status: WorkingGroupJoinRequestStatus,
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

impl From<Institution> for InstitutionType {
    fn from(institution: Institution) -> Self {
        let Institution { id, name, city, state, country } = institution;
        Self { id: Uuid(id), name, city, state, country, working_groups: Vec::new() }
    }
}

impl From<ResearchField> for ResearchFieldType {
    fn from(research_field: ResearchField) -> Self {
        let ResearchField { id, field, subfield } = research_field;
        Self { id: i32::try_from(id).unwrap_or(i32::MAX), field, subfield, working_groups: Vec::new() }
    }
}
