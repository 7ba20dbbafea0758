//! Documents, variables, operations and introspection.

use serde_json::{Value, json};

use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use crate::support::server::TestServer;

#[tokio::test]
async fn fields_and_errors_are_in_the_order_of_the_request() {
    let server = TestServer::start("").await;
    let query = "{ a: me { pk } b: users(first: 101) { edges { cursor } } ...rest c: me { pk } } \
        fragment rest on Query { d: users(last: 102) { edges { cursor } } e: __typename f: me { pk } a: me { email } }";
    for _ in 0..20 {
        let request = server.raw(reqwest::Method::POST, "/graphql").json(&json!({ "query": query }));
        let answer: Value = request.send().await.expect("a reply").json().await.expect("JSON");
        let names: Vec<_> = answer["data"].as_object().expect("data").keys().collect();
        assert_eq!(names, ["a", "b", "d", "e", "f", "c"]);
        let paths: Vec<_> =
            answer["errors"].as_array().expect("errors").iter().map(|error| &error["path"][0]).collect();
        assert_eq!(paths, ["b", "d"]);
    }
}

#[tokio::test]
async fn a_missing_required_variable_prevents_execution() {
    let server = TestServer::start("").await;
    let query = "mutation ($email: String, $password: String, $token: String!) { \
        register(email: $email, password1: $password, password2: $password) { success } \
        verifyToken(token: $token) { success } }";
    for (name, value) in [("email", json!("ada@example.org")), ("token", Value::Null), ("other", json!("x"))]
    {
        let mut variables = json!({ "email": "ada@example.org", "password": PASSWORD });
        variables[name] = value;
        let answer = server.send(None, query, variables).await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.get("data").is_none());
        assert_eq!(
            answer.body["errors"][0]["message"],
            "Variable \"$token\" of required type \"String!\" was not provided."
        );
    }
    assert!(server.mails().is_empty(), "an account was registered");
}

#[tokio::test]
async fn only_the_named_operation_is_validated_and_executed() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let query = "mutation Guess ($email: String, $a: String!, $b: String!) { \
        a: tokenAuth(email: $email, password: $a) { success } \
        b: tokenAuth(email: $email, password: $b) { success } } query Me { me { username } }";
    let ask = |name: &str| {
        let variables = json!({ "email": ada.email, "a": OTHER_PASSWORD, "b": PASSWORD });
        let body = json!({ "query": query, "variables": variables, "operationName": name });
        server.raw(reqwest::Method::POST, "/graphql").bearer_auth(&ada.token).json(&body).send()
    };
    let me: Value = ask("Me").await.expect("a reply").json().await.expect("JSON");
    assert_eq!(me, json!({ "data": { "me": { "username": "ada" } } }));
    let guess = ask("Guess").await.expect("a reply");
    assert_eq!(guess.status(), 400);
    let guess: Value = guess.json().await.expect("JSON");
    assert!(
        guess["errors"][0]["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("A request may check one password"))
    );
}

#[tokio::test]
async fn introspection_can_be_turned_off() {
    let query = "{ __schema { queryType { name } } __type(name: \"Register\") { fields { name } } }";
    let server = TestServer::start("").await;
    let data = server.query(None, query).await;
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

/// The introspection query of client generators, with deeply nested types.
fn introspection() -> String {
    let mut of_type = "kind name".to_owned();
    for _ in 0..9 {
        of_type = format!("kind name ofType {{ {of_type} }}");
    }
    format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }} \
         types {{ ...FullType }} directives {{ name description locations args {{ ...InputValue }} }} }} }} \
         fragment FullType on __Type {{ kind name description specifiedByURL \
         fields(includeDeprecated: true) {{ name description args {{ ...InputValue }} type {{ ...TypeRef }} \
         isDeprecated deprecationReason }} inputFields {{ ...InputValue }} interfaces {{ ...TypeRef }} \
         enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} \
         possibleTypes {{ ...TypeRef }} }} \
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue }} \
         fragment TypeRef on __Type {{ {of_type} }}"
    )
}

#[tokio::test]
async fn client_generators_can_introspect_both_endpoints() {
    let server = TestServer::start("").await;
    for (path, input) in [("/graphql/", None), ("/relay/", Some("RegisterInput"))] {
        let request = server.raw(reqwest::Method::POST, path).json(&json!({ "query": introspection() }));
        let answer: Value = request.send().await.expect("a reply").json().await.expect("JSON");
        assert!(answer.get("errors").is_none(), "{path}: {answer}");
        let types = answer["data"]["__schema"]["types"].as_array().expect("types");
        let is_there = |name: &str| types.iter().any(|found| found["name"] == name);
        assert!(is_there("UserNode") && is_there("Mutation") && is_there("ExpectedErrorType"), "{path}");
        assert_eq!(is_there("RegisterInput"), input.is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_request_with_everything_skipped_returns_no_fields() {
    let server = TestServer::start("").await;
    let query = "query ($no: Boolean!) { me @include(if: $no) { email } __typename @skip(if: true) }";
    let answer = server.send(None, query, json!({ "no": false })).await;
    assert_eq!((answer.status, answer.body), (200, json!({ "data": {} })));
}
