//! `/relay`: the same mutations with their arguments in `input`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::mutation::{Mutation, log_in, register, verify_account};
use crate::support::person::{PASSWORD, assert_refused};
use crate::support::server::TestServer;

const SELECTION: &str = "success errors clientMutationId";

async fn post(server: &TestServer, body: &Value) -> Value {
    let request = server.raw(Method::POST, "/relay").json(body);
    request.send().await.expect("a reply").json().await.expect("JSON")
}

async fn mutate(server: &TestServer, mutation: Mutation) -> Value {
    post(server, &mutation.in_input().body()).await["data"]["payload"].take()
}

#[tokio::test]
async fn relay_does_the_same_and_returns_the_client_mutation_id() {
    let server = TestServer::start("").await;
    let register = register("ada@example.org", PASSWORD).with("clientMutationId", "1").select(SELECTION);
    let payload = mutate(&server, register.clone()).await;
    assert_eq!(payload, json!({ "success": true, "errors": null, "clientMutationId": "1" }));
    let refused = mutate(&server, register).await;
    assert_refused(&refused, "email", "unique");
    assert_eq!(refused["clientMutationId"], "1");
    let verify = verify_account(&server.mailed_token("ada@example.org")).select(SELECTION);
    let payload = mutate(&server, verify).await;
    assert_eq!(payload, json!({ "success": true, "errors": null, "clientMutationId": null }));

    let log_in = log_in("ada@example.org", PASSWORD).with("clientMutationId", "2");
    let payload = mutate(&server, log_in.clone().select("token clientMutationId")).await;
    assert_eq!(payload["clientMutationId"], "2");
    let token = payload["token"].as_str().expect("a token");
    let me =
        server.raw(Method::POST, "/relay").bearer_auth(token).json(&json!({ "query": "{ me { email } }" }));
    let me: Value = me.send().await.expect("a reply").json().await.expect("JSON");
    assert_eq!(me["data"]["me"]["email"], "ada@example.org");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn relay_refuses_two_passwords_and_arguments_that_are_turned_off() {
    let server = TestServer::start("").await;
    let twice = "mutation ($input: ObtainJSONWebTokenInput!) { a: tokenAuth(input: $input) { token } \
        b: tokenAuth(input: $input) { token } }";
    let input = json!({ "email": "ada@example.org", "password": PASSWORD });
    let reply = post(&server, &json!({ "query": twice, "variables": { "input": input } })).await;
    assert!(reply.get("data").is_none(), "{reply}");

    let once = "mutation ($input: ObtainJSONWebTokenInput!) { tokenAuth(input: $input) { token } }";
    let input = json!({ "username": "ada", "password": PASSWORD });
    let reply = post(&server, &json!({ "query": once, "variables": { "input": input } })).await;
    assert!(reply.get("data").is_none(), "{reply}");
    let message = "Invalid value for argument \"input\", unknown field \"username\" of type \"ObtainJSONWebTokenInput\"";
    assert_eq!(reply["errors"][0]["message"], message);
}

#[tokio::test]
async fn relay_is_not_found_where_it_is_turned_off() {
    let server = TestServer::start("graphql.relay = false\n").await;
    let request = server.raw(Method::POST, "/relay").json(&json!({ "query": "{ me { email } }" }));
    assert_eq!(request.send().await.expect("a reply").status(), 404);
}

#[tokio::test]
async fn a_field_of_input_that_is_turned_off_is_refused_however_written() {
    let server = TestServer::start("accounts.register_optional = []\n").await;
    let variables = json!({ "email": "ada@example.org", "password": PASSWORD, "name": "Ada" });
    for query in [
        "mutation ($email: String, $password: String) { register(input: { email: $email, password1: $password, \
         password2: $password, firstName: \"Ada\" }) { success } }",
        "mutation ($email: String, $password: String, $x: String) { register(input: { email: $email, \
         password1: $password, password2: $password, firstName: \"Ada\", clientMutationId: $x }) { success } }",
        "mutation ($email: String, $password: String, $name: String) { register(input: { email: $email, \
         password1: $password, password2: $password, firstName: $name }) { success } }",
        "mutation ($i: RegisterInput! = { email: \"ada@example.org\", password1: \"kelp-Forest-41\", \
         password2: \"kelp-Forest-41\", firstName: \"Ada\" }) { register(input: $i) { success } }",
        "mutation ($email: String, $password: String) { ...F } fragment F on Mutation { register(input: { \
         email: $email, password1: $password, password2: $password, firstName: \"Ada\" }) { success } }",
        "mutation ($email: String, $password: String) { register(input: { email: $email, password1: $password, \
         password2: $password }) { ...P } } fragment P on RegisterPayload { success token }",
    ] {
        let request =
            server.raw(Method::POST, "/relay/").json(&json!({ "query": query, "variables": variables }));
        assert_eq!(request.send().await.expect("a reply").status(), 400, "{query}");
    }
    assert!(server.mails().is_empty(), "an account was registered");
}
