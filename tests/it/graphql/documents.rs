//! Invalid documents, and documents beyond the limits.

use pledge4future_auth::graphql;
use serde_json::json;

use crate::support::person::PASSWORD;
use crate::support::program::{Serving, Site};
use crate::support::rejection::{ME, assert_unchanged, post, rejection};
use crate::support::server::TestServer;

fn document(server: &TestServer, query: &str) -> reqwest::RequestBuilder {
    post(server, json!({ "query": query }).to_string())
}

#[tokio::test]
async fn a_document_that_does_not_fit_the_schema_is_refused() {
    let server = TestServer::start("").await;
    let cases = [
        "mutation { tokenAuth(email: \"ada@example.org\") { success } }",
        "mutation { verifyAccount { success } }",
        "mutation { tokenAuth(password: 1, email: \"ada@example.org\") { success } }",
        "mutation { tokenAuth(password: \"x\", emial: \"ada@example.org\") { success } }",
        "mutation ($t: String!) { verifyAccount(token: $t) { success } }",
        "mutation ($t: Token!) { verifyAccount(token: $t) { success } }",
        "mutation { nope { success } }",
        "{ nope }",
        "{ me }",
        "{ me { email { length } } }",
        "{ me { password } }",
        "{ me { isSuperuser } }",
        "{ users { edges { node { password } } } }",
        "{ me { email }",
        "me",
        " ",
        "# nothing",
        "{ me { email } }\0",
        "query A { me { email } } query A { me { email } }",
        "query A { me { email } } query B { me { email } }",
        "fragment A on Query { me { email } }",
        "{ ...A }",
        "subscription { me { email } }",
    ];
    for query in cases {
        assert_eq!(rejection(document(&server, query)).await.0, 400, "{query}");
    }
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn a_selection_beyond_the_maximum_depth_is_refused() {
    let server = TestServer::start("graphql.max_depth = 4\n").await;
    let data = server.query(None, "{ users { edges { node { email } } } }").await;
    assert_eq!(data["users"]["edges"], json!([]));
    let deeper = "{ users { edges { node { workingGroup { id } } } } }";
    assert_eq!(rejection(document(&server, deeper)).await.0, 400);
    for depth in [50, 500, 5000] {
        let query = "{ me ".repeat(depth) + &"}".repeat(depth);
        assert_eq!(rejection(document(&server, &query)).await.0, 400, "{depth}");
    }
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn more_fields_than_the_maximum_complexity_are_refused() {
    let server = TestServer::start("graphql.max_complexity = 20\n").await;
    let aliases = |count: usize| {
        let fields: Vec<String> = (0..count).map(|index| format!("a{index}: me {{ email }}")).collect();
        format!("{{ {} }}", fields.join(" "))
    };
    assert_eq!(server.query(None, &aliases(10)).await.as_object().map(serde_json::Map::len), Some(10));
    assert_eq!(rejection(document(&server, &aliases(11))).await.0, 400);
    assert_eq!(rejection(document(&server, &aliases(2000))).await.0, 400);
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn a_document_can_check_only_one_password() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let arguments = "($email: String, $password: String!)";
    let log_in = "tokenAuth(email: $email, password: $password) { success token }";
    let delete = "deleteAccount(password: $password) { success }";
    let cases = [
        format!("mutation M {arguments} {{ a: {log_in} b: {log_in} }}"),
        format!("mutation M {arguments} {{ {log_in} {delete} }}"),
        format!("mutation M {arguments} {{ a: {log_in} ... {{ b: {log_in} }} }}"),
        format!(
            "mutation M {arguments} {{ a: {log_in} ... on Mutation @include(if: true) {{ b: {log_in} }} }}"
        ),
        format!("mutation M {arguments} {{ a: {log_in} ...B }} fragment B on Mutation {{ b: {log_in} }}"),
        format!(
            "mutation M {arguments} {{ ...A ...B }} fragment A on Mutation {{ a: {log_in} }} \
             fragment B on Mutation {{ ...C }} fragment C on Mutation {{ b: {log_in} }}"
        ),
        format!("query Q {{ me {{ email }} }} mutation M {arguments} {{ a: {log_in} b: {log_in} }}"),
        "mutation M($password: String!) { swapEmails(password: $password) { success } removeSecondaryEmail(password: $password) { success } }".to_owned(),
        format!("mutation M($password: String!) {{ archiveAccount(password: $password) {{ success }} {delete} }}"),
        format!(
            "mutation M($email: String!, $password: String!) {{ sendSecondaryEmailActivation(email: $email, password: $password) {{ success }} {delete} }}"
        ),
        format!(
            "mutation M($password: String!) {{ passwordChange(oldPassword: $password, newPassword1: $password, newPassword2: $password) {{ success }} {delete} }}"
        ),
    ];
    for query in cases {
        let variables = json!({ "email": email, "password": PASSWORD });
        let body = json!({ "query": query, "variables": variables, "operationName": "M" });
        assert_eq!(rejection(post(&server, body.to_string())).await.0, 400, "{query}");
        assert!(server.rows_of("refresh_tokens").is_empty(), "{query}");
    }
    server.log_in(&email, PASSWORD).await;
    assert_eq!(server.rows_of("refresh_tokens").len(), 1);
}

#[tokio::test]
async fn a_fragment_cycle_is_refused() {
    let server = TestServer::start("").await;
    let cases = [
        "{ ...A } fragment A on Query { me { email } ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "mutation { ...A } fragment A on Mutation { verifyAccount(token: \"x\") { success } ...A }",
    ];
    for query in cases {
        assert_eq!(rejection(document(&server, query)).await.0, 400, "{query}");
    }
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn introspection_is_executed_only_if_turned_on() {
    let query = "{ __schema { queryType { name } } }";
    let open = TestServer::start("").await;
    assert_eq!(open.query(None, query).await["__schema"]["queryType"]["name"], "Query");
    let closed = TestServer::start("graphql.introspection = false\n").await;
    let answer = closed.send(None, query, json!({})).await;
    assert!(answer.body["data"]["__schema"].is_null(), "{}", answer.body);
    assert_unchanged(&closed).await;
}

/// Sends a document that could exhaust the server. The server is another process, so that it cannot crash the tests.
async fn status_of_separate_server(server: &Serving, query: &str) -> u16 {
    let request = reqwest::Client::new().post(server.endpoint()).json(&json!({ "query": query }));
    let patience = crate::support::program::TIMEOUT;
    let reply = request.timeout(patience).send().await;
    let status = reply.unwrap_or_else(|error| panic!("{}: {error}", &query[..40])).status();
    assert_eq!(server.query(None, ME).await, json!({ "me": null }));
    status.as_u16()
}

#[tokio::test]
async fn a_deeply_nested_value_does_not_crash_the_server() {
    let site = Site::with_settings("");
    let server = site.serve();
    for depth in [1000, 2000, 4000, 8000, 30_000] {
        let list = format!("{{ user(id: {}{}) {{ email }} }}", "[".repeat(depth), "]".repeat(depth));
        let object =
            format!("{{ user(id: {}1{}) {{ email }} }}", "{a:".repeat(depth / 2), "}".repeat(depth / 2));
        let kind = format!("query ($a: {}Int{}) {{ me {{ email }} }}", "[".repeat(depth), "]".repeat(depth));
        let default =
            format!("query ($a: Int = {}{}) {{ me {{ email }} }}", "[".repeat(depth), "]".repeat(depth));
        let directive = format!("{{ me @skip(if: {}{}) {{ email }} }}", "[".repeat(depth), "]".repeat(depth));
        for query in [list, object, kind, default, directive] {
            assert_eq!(status_of_separate_server(&server, &query).await, 400);
        }
    }
    assert_eq!(server.terminate().status, Some(0));
}

#[tokio::test]
async fn strings_and_comments_do_not_hide_the_depth_of_a_document() {
    let site = Site::with_settings("");
    let server = site.serve();
    let deep = format!("{}{}", "[".repeat(8000), "]".repeat(8000));
    let cases = [
        format!("# \\\n{{ user(id: {deep}) {{ email }} }}"),
        format!("# \r{{ user(id: {deep}) {{ email }} }}"),
        format!("{{ user(email: \"\"\"\\\\\"\"\" \"\"\", id: {deep}) {{ email }} }}"),
        format!("{{ user(email: [\"\"\"a\", {deep}]) {{ email }} }}"),
        format!("{{ user(email: [\"\"\"\", {deep}, \"\"]) {{ email }} }}"),
        format!("{{ user(email: \"\n\", id: {deep}, name: \"\") {{ email }} }}"),
    ];
    for query in cases {
        assert_eq!(status_of_separate_server(&server, &query).await, 400);
    }
    let harmless = "{ users(email: \"\"\" \\\\\"\"\" [[[ \"\"\") { edges { cursor } } } # {[( \\";
    assert_eq!(server.query(None, harmless).await, json!({ "users": { "edges": [] } }));
    assert_eq!(server.terminate().status, Some(0));
}

#[tokio::test]
async fn exponentially_nested_fragments_are_refused() {
    let site = Site::with_settings("");
    let server = site.serve();
    let fragments =
        (0..28).map(|level| format!("fragment F{level} on Query {{ ...F{0} ...F{0} }} ", level + 1));
    let end = "fragment F28 on Query { me { email } }";
    let query = format!("{{ ...F0 }} {}{end}", fragments.collect::<String>());
    assert_eq!(status_of_separate_server(&server, &query).await, 400);
    assert_eq!(server.terminate().status, Some(0));
}

#[test]
fn no_secret_of_an_account_is_in_the_schema() {
    let config = pledge4future_auth::config::load_text("").expect("the defaults are valid settings").config;
    let schema = graphql::sdl(graphql::MutationStyle::Plain, &config.graphql);
    for field in ["password:", "passwordHash", "isSuperuser", "epoch"] {
        assert!(!schema.contains(&format!("\t{field}")), "{field}");
    }
}
