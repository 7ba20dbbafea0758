//! The number of SQL statements does not grow with the length of lists.

use serde_json::{Value, json};

use crate::support::person::PASSWORD;
use crate::support::program::Site;

const QUERY: &str = "{ me { isRepresentative workingGroup { name institution { name } field { field } } } \
    workinggroups { name institution { name workinggroupSet { name } } field { workinggroupSet { name } } \
    representative { email workingGroup { name } } customuserSet { email workingGroup { representative { email } } } \
    workinggroupjoinrequestSet { user { email workinggroupjoinrequestSet { workingGroup { name } } } } } \
    workinggroupUsers { email workingGroup { name } } joinRequests { user { email workingGroup { name } } } \
    users(first: 20) { edges { node { email isRepresentative workingGroup { name } } } } }";

/// Groups of three members with an institution and a research field each. The representative of the next group has
/// requested to join.
fn file(groups: usize) -> Value {
    let email = |group: usize, person: usize| format!("g{group}p{person}@example.org");
    let id = |group: usize| format!("00000000-0000-4000-8000-{group:012}");
    let people = (0..groups).flat_map(|group| (0..3).map(move |person| (group, person)));
    json!({
        "institutions": (0..groups).map(|group| json!({
            "id": id(group), "name": format!("University {group}"), "city": "Oslo", "country": "Norway",
        })).collect::<Vec<_>>(),
        "researchfields": (1..=groups).map(|number| json!({
            "id": number, "field": "Tides", "subfield": format!("Tide {number}"),
        })).collect::<Vec<_>>(),
        "users": people.map(|(group, person)| json!({
            "email": email(group, person), "username": email(group, person), "status": { "verified": true },
            "password": "pbkdf2_sha256$1$salt$lU8qgBeyJ6GyGW73USNMR2FQBI38+GtTyyEWoGxx4rU=",
        })).collect::<Vec<_>>(),
        "workinggroups": (0..groups).map(|group| json!({
            "id": id(group), "name": format!("Group {group}"), "institution": id(group), "researchfield": group + 1,
            "is_public": true, "representative": email(group, 0), "members": [email(group, 1), email(group, 2)],
            "joinrequests": [{ "id": id(group), "user": email((group + 1) % groups, 0) }],
        })).collect::<Vec<_>>(),
    })
}

/// Returns the statements on groups that the query runs for a representative, and its reply.
async fn statements(groups: usize) -> (Vec<String>, String) {
    let site = Site::with_settings("[log]\nlevel = \"trace\"\n");
    site.write("groups.json", file(groups).to_string());
    site.run(["import", "groups.json"]);
    let server = site.serve();
    let token = server.log_in("g0p0@example.org", PASSWORD).await;
    let answer = server.query(Some(&token), QUERY).await;
    let log = server.terminate().stderr;
    let marks = ["working_groups", "memberships", "join_requests", "institutions", "research_fields"];
    let reads =
        log.lines().filter(|line| line.contains("SELECT") && marks.iter().any(|mark| line.contains(mark)));
    (reads.map(str::to_owned).collect(), answer.to_string())
}

#[tokio::test]
async fn eighty_groups_need_as_many_statements_as_two() {
    let (few, answer) = statements(2).await;
    assert!(answer.contains("Group 1") && !answer.contains("Group 2"));
    let (many, answer) = statements(80).await;
    assert!(answer.contains("Group 79"));
    assert!(few.len() > 15 && few.len() < 60, "{}", few.join("\n"));
    assert_eq!(few.len(), many.len(), "{}\n\n{}", few.join("\n"), many.join("\n"));
}
