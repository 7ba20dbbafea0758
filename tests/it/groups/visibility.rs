//! Visibility of groups, members and join requests, and the search for institutions.

use serde_json::{Value, json};

use super::{add, start};
use crate::support::mutation::log_in;
use crate::support::person::{PASSWORD, Person};
use crate::support::server::TestServer;

/// Every path from a query to a group.
const PATHS: [&str; 6] = [
    "workinggroups { name }",
    "institutions { workinggroupSet { name } }",
    "researchfields { workinggroupSet { name } }",
    "users { edges { node { isRepresentative workingGroup { name } workinggroup { name } } } }",
    "institutions { workinggroupSet { representative { workingGroup { name institution { workinggroupSet { name } } } } } }",
    "me { workingGroup { field { workinggroupSet { name } } } }",
];

/// Whether the reply to a query contains a name.
async fn contains(server: &TestServer, token: Option<&str>, query: &str, name: &str) -> bool {
    let answer = server.send(token, &format!("{{ {query} }}"), json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.to_string().contains(name)
}

/// Counts the paths that lead to a name.
async fn paths_to(server: &TestServer, token: Option<&str>, name: &str) -> usize {
    let mut met = 0;
    for path in PATHS {
        met += usize::from(contains(server, token, path, name).await);
    }
    met
}

#[tokio::test]
async fn a_private_group_is_visible_to_its_members_only() {
    for audience in ["verified", "public"] {
        let server = start(&format!("accounts.users_visible_to = \"{audience}\"\n")).await;
        let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
        ada.create_group(&server, "Secret tides", false).await;
        ada.mutate(&server, &add(&bo.email)).await;
        eve.create_group(&server, "Open winds", true).await;

        for member in [&ada, &bo] {
            assert_eq!(paths_to(&server, Some(&member.token), "Secret tides").await, 5);
            assert_eq!(paths_to(&server, Some(&member.token), "Open winds").await, 6);
        }
        assert_eq!(paths_to(&server, Some(&eve.token), "Secret tides").await, 0);
        assert_eq!(paths_to(&server, Some(&eve.token), "Open winds").await, 6);
        assert_eq!(paths_to(&server, None, "Secret tides").await, 0);
        let anonymous = if audience == "public" { 4 } else { 0 };
        assert_eq!(paths_to(&server, None, "Open winds").await, anonymous);

        let query =
            "{ users(username: \"ada\") { edges { node { isRepresentative workingGroup { id } } } } }";
        let seen_by_eve = &eve.query(&server, query).await["users"]["edges"][0]["node"];
        assert_eq!(*seen_by_eve, json!({ "isRepresentative": false, "workingGroup": null }));
        server.ignore_mail();
    }
}

/// The representative, a member, the author of a join request, and another person.
async fn four_people(server: &TestServer) -> [Person; 4] {
    let [ada, bo, cy] = server.sign_up_all(["ada", "bo", "cy"]).await;
    let group = ada.create_group(server, "Tides", true).await;
    ada.mutate(server, &add(&bo.email)).await;
    cy.request_join(server, &group).await;
    let di = server.sign_up("di").await;
    server.ignore_mail();
    [ada, bo, cy, di]
}

/// Returns which of the four a person sees in groups.
async fn visible_members(server: &TestServer, person: &Person) -> Vec<&'static str> {
    let query = "workinggroups { representative { email } customuserSet { email } \
        workinggroupjoinrequestSet { user { email } } } me { workingGroup { customuserSet { email } } }";
    let mut met = Vec::new();
    for name in ["ada", "bo", "cy", "di"] {
        if contains(server, Some(&person.token), query, &format!("\"{name}@example.org\"")).await {
            met.push(name);
        }
    }
    met
}

#[tokio::test]
async fn members_are_visible_to_representatives_and_as_the_settings_say() {
    let server = start("accounts.users_visible_to = \"staff\"\n").await;
    let [ada, bo, cy, di] = four_people(&server).await;
    assert_eq!(visible_members(&server, &ada).await, ["ada", "bo", "cy"]);
    assert_eq!(visible_members(&server, &bo).await, ["bo"]);
    assert_eq!(visible_members(&server, &cy).await, ["cy"], "the own request");
    assert!(visible_members(&server, &di).await.is_empty());
    let members = ada.query(&server, "{ workinggroupUsers { email } }").await;
    assert_eq!(members["workinggroupUsers"], json!([{ "email": ada.email }, { "email": bo.email }]));

    let server = start("").await;
    let [ada, bo, cy, di] = four_people(&server).await;
    assert_eq!(visible_members(&server, &ada).await, ["ada", "bo", "cy"]);
    assert_eq!(visible_members(&server, &bo).await, ["ada", "bo"]);
    assert_eq!(visible_members(&server, &cy).await, ["ada", "bo", "cy"]);
    assert_eq!(visible_members(&server, &di).await, ["ada", "bo"]);
}

#[tokio::test]
async fn a_join_request_is_visible_to_its_author_and_the_representative() {
    let server = start("").await;
    let [ada, bo, cy, di] = four_people(&server).await;
    let paths = "users { edges { node { workinggroupjoinrequestSet { status } } } } \
        workinggroups { workinggroupjoinrequestSet { status } }";
    let met = |sees: Value| sees.to_string().matches("PENDING").count();
    let query = format!("{{ {paths} }}");
    for (person, number) in [(&ada, 2), (&bo, 0), (&cy, 2), (&di, 0)] {
        assert_eq!(met(person.query(&server, &query).await), number, "{}", person.email);
    }
}

#[tokio::test]
async fn the_payload_of_a_login_contains_the_own_group() {
    let server = start("").await;
    let ada = server.sign_up("ada").await;
    ada.create_group(&server, "Secret tides", false).await;
    let selection = "user { isRepresentative workingGroup { name customuserSet { email } } }";
    assert_eq!(
        server.mutate(None, &log_in(&ada.email, PASSWORD).select(selection)).await["user"],
        json!({ "isRepresentative": true, "workingGroup": { "name": "Secret tides", "customuserSet": [{ "email": ada.email }] } })
    );
    let id = ada.query(&server, "{ me { id } }").await["me"]["id"].take();
    let query = "query ($id: ID!) { user(id: $id) { ...place } again: user(id: $id) { workingGroup { ...place } } } \
        fragment place on Node { id ... on UserNode { workingGroup { name } } }";
    let reply = server.send(Some(&ada.token), query, json!({ "id": id })).await;
    assert_eq!(reply.status, 400, "a group is a node: {}", reply.body);
    let query = "query ($id: ID!) { user(id: $id) { ...place group: workingGroup { isPublic } } } \
        fragment place on Node { id ... on UserNode { workingGroup { name ...here } } } \
        fragment here on WorkingGroupType { institution { workinggroupSet { name } } }";
    let user = server.query_with(Some(&ada.token), query, json!({ "id": id })).await["user"].take();
    assert_eq!(user["group"], json!({ "isPublic": false }));
    assert_eq!(user["workingGroup"]["institution"]["workinggroupSet"], json!([{ "name": "Secret tides" }]));
}

#[tokio::test]
async fn a_reply_with_too_many_entries_is_refused() {
    let server = start("").await;
    let people: Vec<Value> = (0..40)
        .map(|number| json!({ "email": format!("p{number}@example.org"), "username": format!("p{number}"), "password": "" }))
        .collect();
    let members: Vec<_> = people.iter().map(|person| person["email"].clone()).collect();
    let group = json!({ "id": super::NOWHERE, "name": "Tides", "researchfield": 1, "is_public": true, "members": members });
    server.import(&json!({ "users": people, "workinggroups": [group] }).to_string());
    let ada = server.sign_up("ada").await;
    let nested = |levels: usize| {
        let group = (0..levels)
            .fold("name".to_owned(), |inner, _| format!("customuserSet {{ workingGroup {{ {inner} }} }}"));
        format!("{{ workinggroups {{ {group} }} }}")
    };
    let few = ada.query(&server, &nested(2)).await;
    assert_eq!(few.to_string().matches("Tides").count(), 40 * 40);
    let answer = server.send(Some(&ada.token), &nested(3), json!({})).await;
    assert_eq!(answer.body["data"], json!({ "workinggroups": null }));
    assert_eq!(
        answer.body["errors"][0]["message"],
        "The request selects too much: lists within lists may return at most 50000 entries."
    );
    server.ignore_mail();
}

const INSTITUTIONS: &str = "query ($search: String, $first: Int, $offset: Int) { \
    institutions(search: $search, first: $first, offset: $offset) { city } }";

async fn cities(server: &TestServer, arguments: Value) -> Vec<String> {
    let found = server.query_with(None, INSTITUTIONS, arguments).await;
    let found = found["institutions"].as_array().expect("a list").clone();
    found.iter().map(|institution| institution["city"].as_str().expect("a city").to_owned()).collect()
}

#[tokio::test]
async fn institutions_are_found_by_parts_of_name_and_place() {
    let server = start("").await;
    for (search, expected) in [
        ("zurich", vec!["Zürich"]),
        ("  GERMANY   karls ", vec!["Karlsruhe"]),
        ("baden württ", vec!["Heidelberg", "Karlsruhe"]),
        ("Region metro", vec!["Santiago"]),
        ("oslo oslo", vec!["Oslo"]),
        ("%", vec![]),
        ("heidelberg norway", vec![]),
        ("heidel\u{0}berg", vec!["Heidelberg"]),
        (&"x".repeat(60_000), vec![]),
        (&"heidelberg ".repeat(5_000), vec!["Heidelberg"]),
    ] {
        assert_eq!(cities(&server, json!({ "search": search })).await, expected);
    }
    let all = ["Heidelberg", "Karlsruhe", "Zürich", "Oslo", "Santiago"];
    assert_eq!(cities(&server, json!({ "search": "" })).await, all);
    assert_eq!(cities(&server, json!({ "first": 2 })).await, all[..2]);
    assert_eq!(cities(&server, json!({ "first": 2, "offset": 3 })).await, all[3..]);
    assert_eq!(cities(&server, json!({ "offset": 4 })).await, all[4..]);
    assert_eq!(cities(&server, json!({ "search": "univers", "first": 1, "offset": 1 })).await, ["Oslo"]);
    assert!(cities(&server, json!({ "first": 0 })).await.is_empty());
    for (argument, sentence) in
        [("first", "`first` cannot be negative."), ("offset", "`offset` cannot be negative.")]
    {
        let answer = server.send(None, INSTITUTIONS, json!({ argument: -1 })).await;
        assert_eq!(answer.body["errors"][0]["message"], sentence);
    }
}
