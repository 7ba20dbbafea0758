use super::decoder::{Decoder, Object};
use crate::accounts::validation;
use crate::clock::Timestamp;
use crate::email;
use crate::store::join_requests::Status;

pub(super) const FIELDS: &[&str] = &[
    "id",
    "name",
    "institution",
    "researchfield",
    "n_employees",
    "is_public",
    "representative",
    "members",
    "joinrequests",
];
const JOIN_REQUEST: &[&str] = &["id", "user", "timestamp", "status"];

/// A working group of the file. Ids are UUIDs in lower case with dashes. Accounts are identified by the keys of their
/// primary addresses.
pub struct WorkingGroup {
    pub id: String,
    /// Unique within the institution.
    pub name: String,
    pub institution: Option<String>,
    pub research_field: i64,
    pub employees: Option<i64>,
    /// Whether every user who is logged in can find the group.
    pub is_public: bool,
    pub representative: Option<String>,
    /// The members other than the representative.
    pub members: Vec<String>,
    pub join_requests: Vec<JoinRequest>,
}

pub struct JoinRequest {
    pub id: String,
    pub user: String,
    /// When the request was made.
    pub timestamp: Option<Timestamp>,
    pub status: Status,
}

pub(super) fn working_group(decoder: &mut Decoder, object: &Object<'_>) -> WorkingGroup {
    let representative = decoder.string(object, "representative").map(|address| email::key(&address));
    let members = decoder.strings(object, "members");
    let members: Vec<_> = members.iter().map(|address| email::key(address)).collect();
    let representatives = representative.iter().map(|address| ("representative", address));
    // An account is in at most one group of the file.
    for (field, address) in representatives.chain(members.iter().map(|address| ("members", address))) {
        decoder.must_be_unique(object, field, "member of a working group", address.clone());
    }
    WorkingGroup {
        id: decoder.unique_id(object, "working group id"),
        name: decoder.name(object, "name", validation::GROUP_NAME),
        institution: decoder.uuid(object, "institution"),
        research_field: decoder.required_number(object, "researchfield").unwrap_or_default(),
        employees: decoder.number(object, "n_employees", 0),
        is_public: decoder.flag(object, "is_public", false),
        representative,
        members,
        join_requests: decoder.list(object, "joinrequests", JOIN_REQUEST, join_request),
    }
}

fn join_request(decoder: &mut Decoder, object: &Object<'_>) -> JoinRequest {
    let status = match decoder.string(object, "status") {
        None => Status::Pending,
        Some(name) => name.parse().unwrap_or_else(|_| {
            decoder.reject(object, "status", "Write pending, approved or declined.");
            Status::Pending
        }),
    };
    JoinRequest {
        id: decoder.unique_id(object, "join request id"),
        user: email::key(&decoder.required_string(object, "user").unwrap_or_default()),
        timestamp: decoder.time(object, "timestamp"),
        status,
    }
}
