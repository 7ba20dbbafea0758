//! Documents that are sent more than once. The server keeps valid ones, and does not parse and validate them again.

use serde_json::{Value, json};

use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_repeated_document_gets_the_same_reply() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let documents = [
        "{ me { id email username } }",
        "{ a: me { email } me { username } b: me { email email lastName } }",
        "{ me { ...Names } } fragment Names on UserNode { firstName lastName ... on Node { id } }",
        "{ me { email @skip(if: true) username @include(if: true) } }",
        "{ me @skip(if: true) { email } }",
        "query Own { me { __typename email } }",
        "{ users(first: 1) { pageInfo { hasNextPage } edges { node { email workingGroup { name } } } } }",
        "{ __schema { queryType { name } } __type(name: \"UserNode\") { fields { name } } }",
        "mutation { revokeToken(refreshToken: \"unknown\") { success errors } }",
        "{ me { email } nope }",
        "{ me { email { length } } }",
        "{ ...A } fragment A on Query { ...A }",
    ];
    for document in documents {
        let first = server.send(Some(&ada.token), document, json!({})).await;
        for _ in 0..2 {
            let again = server.send(Some(&ada.token), document, json!({})).await;
            assert_eq!((again.status, &again.body), (first.status, &first.body), "{document}");
        }
        let anonymous = server.send(None, document, json!({})).await;
        assert!(!anonymous.body.to_string().contains("ada@example.org"), "{document}: {}", anonymous.body);
    }
}

#[tokio::test]
async fn variables_of_a_repeated_document_are_validated() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let document = "query ($first: Int, $email: String!) { users(first: $first, email: $email) { edges { node { email } } } }";
    let good = json!({ "first": 1, "email": ada.email });
    for _ in 0..2 {
        let data = server.query_with(Some(&ada.token), document, good.clone()).await;
        assert_eq!(data["users"]["edges"][0]["node"]["email"], ada.email.as_str());
        for bad in
            [json!({ "first": "one", "email": ada.email }), json!({ "first": 1, "email": 1 }), json!({})]
        {
            let reply = server.send(Some(&ada.token), document, bad).await;
            assert_eq!(reply.status, 400, "{}", reply.body);
        }
    }
}

#[tokio::test]
async fn the_operation_of_a_repeated_document_is_chosen_by_its_name() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let document = "query Email { me { email } } query Name { me { username } }";
    for _ in 0..2 {
        for (operation, me) in
            [("Email", json!({ "email": ada.email })), ("Name", json!({ "username": "ada" }))]
        {
            let request = server.graphql(&json!({ "query": document, "operationName": operation }));
            let request = request.header("Authorization", format!("JWT {}", ada.token));
            let body: Value = request.send().await.expect("a reply").json().await.expect("JSON");
            assert_eq!(body, json!({ "data": { "me": me } }));
        }
    }
    let unnamed = server.graphql(&json!({ "query": document })).send().await.expect("a reply");
    assert_eq!(unnamed.status(), 400);
}

#[tokio::test]
async fn a_document_of_one_style_of_mutations_is_not_valid_in_the_other() {
    let server = TestServer::start("graphql.relay = true\n").await;
    let plain = "mutation ($email: String!, $password: String!) \
        { tokenAuth(email: $email, password: $password) { success } }";
    let variables = json!({ "email": "ada@example.org", "password": PASSWORD });
    let body = json!({ "query": plain, "variables": variables });
    for _ in 0..2 {
        assert_eq!(server.graphql(&body).send().await.expect("a reply").status(), 200);
        let relay = server.raw(reqwest::Method::POST, "/relay").json(&body).send().await.expect("a reply");
        assert_eq!(relay.status(), 400);
    }
}

#[tokio::test]
async fn thousands_of_different_documents_leave_the_server_in_order() {
    let server = TestServer::start("limits.enabled = false\n").await;
    let ada = server.sign_up("ada").await;
    for number in 0..3000 {
        let document = format!("{{ alias{number}: me {{ email username firstName lastName isStaff }} }}");
        let data = server.query(Some(&ada.token), &document).await;
        assert_eq!(data[format!("alias{number}")]["username"], "ada");
    }
    assert_eq!(ada.me(&server).await["username"], "ada");
}
