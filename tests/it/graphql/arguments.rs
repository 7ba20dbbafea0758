//! Arguments that no person would type.

use serde_json::{Value, json};

use crate::support::person::{PASSWORD, assert_done, assert_refused};
use crate::support::rejection::{assert_no_internals, assert_unmoved, complaint, post, rows};
use crate::support::server::TestServer;

const REGISTER: &str = "register(email: $email, username: $username, firstName: $firstName, \
    lastName: $lastName, academicTitle: $academicTitle, password1: $password1, password2: $password2)";

const TOKEN_ARGUMENTS: [(&str, &str); 5] = [
    ("verifyAccount", "token"),
    ("verifySecondaryEmail", "token"),
    ("verifyToken", "token"),
    ("refreshToken", "refreshToken"),
    ("revokeToken", "refreshToken"),
];

fn registration() -> Value {
    json!({
        "email": "ada@example.org", "username": "ada", "firstName": "Ada", "lastName": "Lovelace",
        "academicTitle": "DR", "password1": PASSWORD, "password2": PASSWORD
    })
}

/// Sends a mutation whose arguments are the variables, all of them texts, and answers its payload.
async fn mutate(server: &TestServer, token: Option<&str>, mutation: &str, variables: &Value) -> Value {
    let names = variables.as_object().expect("variables by name").keys();
    let declared: Vec<String> = names.map(|name| format!("${name}: String!")).collect();
    let declared = declared.join(", ");
    let query = format!("mutation ({declared}) {{ payload: {mutation} {{ success errors }} }}");
    let answer = server.send(token, &query, variables.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.get("errors").is_none(), "{}", answer.body);
    assert_no_internals(&answer.body.to_string());
    answer.body["data"]["payload"].clone()
}

fn codes(payload: &Value, field: &str) -> Vec<String> {
    assert_eq!(payload["success"], false, "{payload}");
    let errors = payload["errors"].as_object().expect("complaints");
    assert_eq!(errors.keys().collect::<Vec<_>>(), [field], "{payload}");
    let codes = errors[field].as_array().expect("a list of complaints").iter();
    codes.map(|error| error["code"].as_str().expect("a code").to_owned()).collect()
}

#[tokio::test]
async fn nul_in_a_registration_is_an_error_of_its_field() {
    let server = TestServer::start("").await;
    let expected: [(&str, &[&str]); 7] = [
        ("email", &["invalid", "null_characters_not_allowed"]),
        ("username", &["null_characters_not_allowed"]),
        ("firstName", &["null_characters_not_allowed"]),
        ("lastName", &["null_characters_not_allowed"]),
        ("academicTitle", &["invalid_choice"]),
        ("password1", &["null_characters_not_allowed"]),
        ("password2", &["null_characters_not_allowed"]),
    ];
    for (field, expected) in expected {
        let mut form = registration();
        form[field] = json!(format!("{}\0", form[field].as_str().expect("a text")));
        assert_eq!(codes(&mutate(&server, None, REGISTER, &form).await, field), expected, "{field}");
    }
    assert_unmoved(&server).await;
    assert_done(&mutate(&server, None, REGISTER, &registration()).await);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn nul_in_a_profile_is_an_error_of_its_field_and_changes_nothing() {
    let server = TestServer::start("").await;
    let ada = server.joins("ada").await;
    let update = "updateAccount(firstName: $firstName, lastName: $lastName, academicTitle: $academicTitle)";
    let good = json!({ "firstName": "Ada", "lastName": "Lovelace", "academicTitle": "DR" });
    let before = ada.me(&server).await;
    for (field, code) in [
        ("firstName", "null_characters_not_allowed"),
        ("lastName", "null_characters_not_allowed"),
        ("academicTitle", "invalid_choice"),
    ] {
        let mut changes = good.clone();
        changes[field] = json!("D\0R");
        assert_refused(&mutate(&server, Some(&ada.token), update, &changes).await, field, code);
    }
    assert_eq!(ada.me(&server).await, before);
}

#[tokio::test]
async fn nul_where_an_address_is_looked_for_finds_nobody() {
    let server = TestServer::start("").await;
    for mutation in ["sendPasswordResetEmail(email: $email)", "resendActivationEmail(email: $email)"] {
        let payload = mutate(&server, None, mutation, &json!({ "email": "ada@example.org\0" })).await;
        assert_eq!(codes(&payload, "email"), ["invalid", "null_characters_not_allowed"], "{mutation}");
    }
    let login = "tokenAuth(email: $email, password: $password)";
    for (email, password) in [("ada@example.org\0", PASSWORD), ("ada@example.org", "\0"), ("\0", "\0")] {
        let payload = mutate(&server, None, login, &json!({ "email": email, "password": password })).await;
        assert_refused(&payload, "nonFieldErrors", "invalid_credentials");
    }
    assert_unmoved(&server).await;
}

#[tokio::test]
async fn nul_and_overlong_texts_in_a_search_find_nobody() {
    let server = TestServer::start("accounts.users_visible_to = \"public\"\n").await;
    server.joins("ada").await;
    for argument in
        ["email", "username", "username_Icontains", "username_Istartswith", "status_SecondaryEmail"]
    {
        for text in ["a\0", &"a".repeat(60_000)] {
            let query = format!("{{ users({argument}: {}) {{ edges {{ cursor }} }} }}", json!(text));
            assert_eq!(server.ask(None, &query).await["users"]["edges"], json!([]), "{argument}");
        }
    }
    for id in ["", "\\u0000", "VXNlck5vZGU6", "VXNlck5vZGU6MQA=", "not base64", "VXNlck5vZGU6LTE="] {
        let data = server.ask(None, &format!("{{ user(id: \"{id}\") {{ email }} }}")).await;
        assert_eq!(data["user"], Value::Null, "{id}");
    }
}

#[tokio::test]
async fn texts_that_are_no_tokens_are_invalid_tokens_whatever_their_length() {
    let server = TestServer::start("").await;
    let long = "a".repeat(60_000);
    let colons = ":".repeat(30_000);
    let dots = ".".repeat(30_000);
    for (mutation, argument) in TOKEN_ARGUMENTS {
        for token in ["", " ", "\0", "é:é:é", ".:.:.", "a.b.c", "eyJ9:1:x", &long, &colons, &dots] {
            let call = format!("{mutation}({argument}: $token)");
            let payload = mutate(&server, None, &call, &json!({ "token": token })).await;
            assert_refused(&payload, "nonFieldErrors", "invalid_token");
        }
    }
    let reset = "passwordReset(token: $token, newPassword1: $password, newPassword2: $password)";
    for token in ["", "\0", long.as_str()] {
        let payload = mutate(&server, None, reset, &json!({ "token": token, "password": PASSWORD })).await;
        assert_refused(&payload, "nonFieldErrors", "invalid_token");
    }
    assert_unmoved(&server).await;
}

#[tokio::test]
async fn a_very_long_password_is_a_password() {
    let server = TestServer::start("").await;
    let long = "long-Password ".repeat(2000);
    let mut form = registration();
    form["password1"] = json!(long);
    form["password2"] = json!(long);
    assert_done(&mutate(&server, None, REGISTER, &form).await);
    let token = server.last_link("ada@example.org");
    assert_done(&server.mutate(None, &format!("verifyAccount(token: {token:?})")).await);

    let login = "tokenAuth(email: $email, password: $password)";
    for wrong in [format!("{long}x"), long[1..].to_owned(), "x".repeat(60_000)] {
        let wrong = json!({ "email": "ada@example.org", "password": wrong });
        let payload = mutate(&server, None, login, &wrong).await;
        assert_refused(&payload, "nonFieldErrors", "invalid_credentials");
    }
    assert_eq!(rows(&server, "refresh_tokens"), 0);
    let right = json!({ "email": "ada@example.org", "password": long });
    assert_done(&mutate(&server, None, login, &right).await);
    assert_eq!(rows(&server, "refresh_tokens"), 1);
}

#[tokio::test]
async fn a_number_beyond_its_range_is_refused() {
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
        assert_eq!(complaint(post(&server, body)).await.0, 400, "{number}");
    }
    assert_unmoved(&server).await;
}
