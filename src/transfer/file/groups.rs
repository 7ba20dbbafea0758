use super::decoder::{Decoder, Object};
use crate::accounts::validation;
use crate::clock::Timestamp;
use crate::email;
use crate::store::join_requests::Status;

pub(super) const MEMBERS: &[&str] = &[
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

/// A working group of the file. Accounts are referred to by the keys of their primary addresses.
pub struct WorkingGroup {
    /// A UUID, in lower case with dashes.
    pub id: String,
    /// Unique within the institution.
    pub name: String,
    /// The id of the institution.
    pub institution: Option<String>,
    /// The id of the research field.
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
    /// A UUID, in lower case with dashes.
    pub id: String,
    /// The account that made the request.
    pub user: String,
    /// When the request was made.
    pub timestamp: Option<Timestamp>,
    pub status: Status,
}

pub(super) fn working_group(decoder: &mut Decoder, object: &Object<'_>) -> WorkingGroup {
    let representative = decoder.string(object, "representative").map(|address| email::key(&address));
    let members: Vec<_> =
        decoder.strings(object, "members").iter().map(|address| email::key(address)).collect();
    let people = representative.iter().map(|one| ("representative", one));
    for (member, address) in people.chain(members.iter().map(|one| ("members", one))) {
        decoder.must_be_unique(object, member, "member of a working group", address.clone());
    }
    let has_institution = object.has("institution");
    WorkingGroup {
        id: decoder.unique_id(object, "working group id"),
        name: decoder.name(object, "name", validation::GROUP_NAME),
        institution: if has_institution { decoder.uuid(object, "institution") } else { None },
        research_field: decoder.required_number(object, "researchfield").unwrap_or_default(),
        employees: decoder.number(object, "n_employees", 0),
        is_public: decoder.flag(object, "is_public", false),
        representative,
        members,
        join_requests: decoder.list(object, "joinrequests", JOIN_REQUEST, join_request),
    }
}

fn join_request(decoder: &mut Decoder, object: &Object<'_>) -> JoinRequest {
    let status = decoder.string(object, "status");
    let status = status.map_or(Some(Status::Pending), |name| name.parse().ok());
    if status.is_none() {
        decoder.reject(object, "status", "Write pending, approved or declined.");
    }
    JoinRequest {
        id: decoder.unique_id(object, "join request id"),
        user: email::key(&decoder.required_string(object, "user").unwrap_or_default()),
        timestamp: decoder.time(object, "timestamp"),
        status: status.unwrap_or(Status::Pending),
    }
}
