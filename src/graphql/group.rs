//! Working groups as clients see them.

use async_graphql::{Enum, SimpleObject};

use super::scalars::{DateTime, Uuid};

/// A working group.
#[derive(SimpleObject)]
pub struct WorkingGroupType {
    /// Its id.
    id: Uuid,
    /// Its name.
    name: String,
    /// Where it is at home.
    institution: Option<InstitutionType>,
    /// How many people work in it.
    n_employees: Option<i32>,
    /// What it works on.
    field: ResearchFieldType,
    /// Whether everybody may find it.
    is_public: bool,
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
}

/// Somebody's wish to join a working group.
#[derive(SimpleObject)]
pub struct WorkingGroupJoinRequestType {
    /// Its id.
    id: Uuid,
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
