//! Unusual arguments: NUL, very long strings and numbers out of range.

use serde_json::{Value, json};

use crate::support::mutation::{
    Mutation, log_in, mutation, refresh_token, register, request_reset, resend_activation, revoke_token,
    verify_account, verify_secondary_email, verify_token,
};
use crate::support::person::{PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::rejection::{assert_no_internals, assert_unchanged, post, rejection};
use crate::support::server::TestServer;

fn registration() -> Mutation {
    let names = json!({ "username": "ada", "firstName": "Ada", "lastName": "Lovelace", "academicTitle": "DR", "language": "de" });
    let names = names.as_object().expect("names").clone();
    names
        .into_iter()
        .fold(register("ada@example.org", PASSWORD), |register, (name, value)| register.with(&name, value))
}

fn codes(payload: &Value, field: &str) -> Vec<String> {
    assert_eq!(payload["success"], false, "{payload}");
    let errors = payload["errors"].as_object().expect("errors");
    assert_eq!(errors.keys().collect::<Vec<_>>(), [field], "{payload}");
    let codes = errors[field].as_array().expect("a list of errors").iter();
    codes.map(|error| error["code"].as_str().expect("a code").to_owned()).collect()
}

#[tokio::test]
async fn nul_in_a_registration_is_an_error_of_its_field() {
    let server = TestServer::start("").await;
    let expected: [(&str, &[&str]); 8] = [
        ("email", &["invalid", "null_characters_not_allowed"]),
        ("username", &["null_characters_not_allowed"]),
        ("firstName", &["null_characters_not_allowed"]),
        ("lastName", &["null_characters_not_allowed"]),
        ("academicTitle", &["invalid_choice"]),
        ("language", &["invalid_choice"]),
        ("password1", &["null_characters_not_allowed"]),
        ("password2", &["null_characters_not_allowed"]),
    ];
    for (field, expected) in expected {
        let value = registration().variables()[field].as_str().expect("a string").to_owned();
        let register = registration().with(field, format!("{value}\0"));
        assert_eq!(codes(&server.mutate(None, &register).await, field), expected, "{field}");
    }
    assert_unchanged(&server).await;
    assert_done(&server.mutate(None, &registration()).await);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn nul_in_a_profile_is_an_error_of_its_field() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let good = json!({ "firstName": "Ada", "lastName": "Lovelace", "academicTitle": "DR" });
    let before = ada.me(&server).await;
    for (field, code) in [
        ("firstName", "null_characters_not_allowed"),
        ("lastName", "null_characters_not_allowed"),
        ("academicTitle", "invalid_choice"),
        ("language", "invalid_choice"),
    ] {
        assert_refused(
            &ada.mutate(&server, &mutation("updateAccount", good.clone()).with(field, "D\0R")).await,
            field,
            code,
        );
    }
    assert_eq!(ada.me(&server).await, before);
}

#[tokio::test]
async fn an_address_with_nul_finds_no_account() {
    let server = TestServer::start("").await;
    for mutation in [request_reset, resend_activation] {
        let payload = server.mutate(None, &mutation("ada@example.org\0")).await;
        assert_eq!(codes(&payload, "email"), ["invalid", "null_characters_not_allowed"]);
    }
    for (email, password) in [("ada@example.org\0", PASSWORD), ("ada@example.org", "\0"), ("\0", "\0")] {
        let payload = server.mutate(None, &log_in(email, password)).await;
        assert_refused_with(&payload, "invalid_credentials");
    }
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn a_search_for_nul_or_very_long_strings_finds_nothing() {
    let server = TestServer::start("accounts.users_visible_to = \"public\"\n").await;
    server.sign_up("ada").await;
    for argument in
        ["email", "username", "username_Icontains", "username_Istartswith", "status_SecondaryEmail"]
    {
        for text in ["a\0", &"a".repeat(60_000)] {
            let query =
                format!("query ($text: String) {{ users({argument}: $text) {{ edges {{ cursor }} }} }}");
            let data = server.query_with(None, &query, json!({ "text": text })).await;
            assert_eq!(data["users"]["edges"], json!([]), "{argument}");
        }
    }
    for id in ["", "\0", "VXNlck5vZGU6", "VXNlck5vZGU6MQA=", "not base64", "VXNlck5vZGU6LTE="] {
        let data = server
            .query_with(None, "query ($id: ID!) { user(id: $id) { email } }", json!({ "id": id }))
            .await;
        assert_eq!(data["user"], Value::Null, "{id}");
    }
}

#[tokio::test]
async fn strings_that_are_not_tokens_are_refused_as_invalid_tokens() {
    let server = TestServer::start("").await;
    let long = "a".repeat(60_000);
    let colons = ":".repeat(30_000);
    let dots = ".".repeat(30_000);
    for mutation in [verify_account, verify_secondary_email, verify_token, refresh_token, revoke_token] {
        for token in ["", " ", "\0", "é:é:é", ".:.:.", "a.b.c", "eyJ9:1:x", &long, &colons, &dots] {
            let payload = server.mutate(None, &mutation(token)).await;
            assert_refused_with(&payload, "invalid_token");
        }
    }
    for token in ["", "\0", long.as_str()] {
        let payload = server.reset_password(token, PASSWORD).await;
        assert_refused_with(&payload, "invalid_token");
    }
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn a_very_long_password_is_a_password() {
    let server = TestServer::start("").await;
    let long = "long-Password ".repeat(2000);
    assert_done(&server.mutate(None, &register("ada@example.org", &long)).await);
    let token = server.mailed_token("ada@example.org");
    assert_done(&server.mutate(None, &verify_account(&token)).await);

    for wrong in [format!("{long}x"), long[1..].to_owned(), "x".repeat(60_000)] {
        let payload = server.try_log_in("ada@example.org", &wrong).await;
        assert_refused_with(&payload, "invalid_credentials");
    }
    assert!(server.rows_of("refresh_tokens").is_empty());
    server.log_in("ada@example.org", &long).await;
    assert_eq!(server.rows_of("refresh_tokens").len(), 1);
}

#[tokio::test]
async fn a_number_out_of_range_is_refused() {
    let server = TestServer::start("").await;
    let query = |number: &str| format!("{{ users(first: {number}) {{ edges {{ cursor }} }} }}");
    for number in ["99999999999999", "-99999999999999"] {
        let answer = server.send(None, &query(number), json!({})).await;
        assert!(answer.body["errors"][0]["message"].is_string(), "{}", answer.body);
        assert!(answer.body["data"]["users"].is_null(), "{}", answer.body);
        assert_no_internals(&answer.body.to_string());
    }
    for number in ["1.5", "1e400", "\"1\"", "true", "[1]"] {
        let body = json!({ "query": query(number) }).to_string();
        assert_eq!(rejection(post(&server, body)).await.0, 400, "{number}");
    }
    assert_unchanged(&server).await;
}
