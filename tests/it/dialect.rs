//! The dialect as a whole, whatever the field.

use serde_json::{Value, json};

use crate::person::{OTHER_PASSWORD, PASSWORD};
use crate::server::TestServer;

#[tokio::test]
async fn fields_and_errors_come_back_in_the_order_in_which_they_were_asked_for() {
    let server = TestServer::start("").await;
    let query = "{ a: me { pk } b: users(first: 101) { edges { cursor } } ...rest c: me { pk } } \
        fragment rest on Query { d: users(last: 102) { edges { cursor } } e: __typename f: me { pk } a: me { email } }";
    for _ in 0..20 {
        let request = server.raw(reqwest::Method::POST, "/graphql").json(&json!({ "query": query }));
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        let names: Vec<_> = answer["data"].as_object().expect("data").keys().collect();
        assert_eq!(names, ["a", "b", "d", "e", "f", "c"]);
        let paths: Vec<_> =
            answer["errors"].as_array().expect("errors").iter().map(|error| &error["path"][0]).collect();
        assert_eq!(paths, ["b", "d"]);
    }
}

#[tokio::test]
async fn a_required_variable_that_is_missing_keeps_every_field_from_being_executed() {
    let server = TestServer::start("").await;
    let register = format!(
        "register(email: \"ada@example.org\", password1: {PASSWORD:?}, password2: {PASSWORD:?}) {{ success }}"
    );
    let query =
        format!("mutation ($token: String!) {{ {register} verifyToken(token: $token) {{ success }} }}");
    for variables in [json!({}), json!({ "token": null }), json!({ "other": "x" })] {
        let answer = server.send(None, &query, variables).await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.get("data").is_none());
        assert_eq!(
            answer.body["errors"][0]["message"],
            "Variable \"$token\" of required type \"String!\" was not provided."
        );
    }
    assert!(server.mails().is_empty(), "nobody was registered");
}

#[tokio::test]
async fn of_two_operations_only_the_one_that_is_named_is_judged_and_executed() {
    let server = TestServer::start("").await;
    let ada = server.joins("ada").await;
    let login =
        |password: &str| format!("tokenAuth(email: {:?}, password: {password:?}) {{ success }}", ada.email);
    let query = format!(
        "mutation Guess {{ a: {} b: {} }} query Me {{ me {{ username }} }}",
        login(OTHER_PASSWORD),
        login(PASSWORD)
    );
    let ask = |name: &str| {
        let body = json!({ "query": query, "operationName": name });
        server.raw(reqwest::Method::POST, "/graphql").bearer_auth(&ada.token).json(&body).send()
    };
    let me: Value = ask("Me").await.expect("an answer").json().await.expect("JSON");
    assert_eq!(me, json!({ "data": { "me": { "username": "ada" } } }));
    let guess = ask("Guess").await.expect("an answer");
    assert_eq!(guess.status(), 400);
    let guess: Value = guess.json().await.expect("JSON");
    assert!(
        guess["errors"][0]["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("A request may check one password"))
    );
}

#[tokio::test]
async fn clients_may_ask_for_the_schema_unless_the_settings_say_otherwise() {
    let query = "{ __schema { queryType { name } } __type(name: \"Register\") { fields { name } } }";
    let server = TestServer::start("").await;
    let data = server.ask(None, query).await;
    assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    assert_eq!(data["__type"]["fields"], json!([{ "name": "success" }, { "name": "errors" }]));

    let server = TestServer::start("graphql.introspection = false\n").await;
    let answer = server.send(None, query, json!({})).await;
    assert!(
        answer.body.get("errors").is_some() || answer.body["data"]["__schema"].is_null(),
        "{}",
        answer.body
    );
    assert!(!answer.body.to_string().contains("success"), "{}", answer.body);
}
