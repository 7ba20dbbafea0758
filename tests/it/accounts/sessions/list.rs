//! What people see of their sessions.

use std::time::Duration;

use serde_json::{Value, json};

use super::{QUIET, sessions};
use crate::support::person::{PASSWORD, Person, assert_done};
use crate::support::server::TestServer;

/// A mutation by a program that calls itself something.
async fn mutate_as(server: &TestServer, user_agent: &str, mutation: &str) -> Value {
    let query = format!("mutation {{ payload: {mutation} {{ success errors token refreshToken }} }}");
    let request = server.raw(reqwest::Method::POST, "/graphql").header("User-Agent", user_agent);
    let reply = request.json(&json!({ "query": query })).send().await.expect("an answer");
    let mut body: Value = reply.json().await.expect("JSON");
    let payload = body["data"]["payload"].take();
    assert_done(&payload);
    payload
}

async fn logs_in_as(server: &TestServer, user_agent: &str, email: &str) -> Person {
    let payload =
        mutate_as(server, user_agent, &format!("tokenAuth(email: {email:?}, password: {PASSWORD:?})")).await;
    let text = |field: &str| payload[field].as_str().expect("a token").to_owned();
    Person { email: email.to_owned(), token: text("token"), refresh_token: text("refreshToken") }
}

fn column<'a>(listed: &'a [Value], field: &str) -> Vec<&'a Value> {
    listed.iter().map(|session| &session[field]).collect()
}

#[tokio::test]
async fn people_see_where_they_are_logged_in_the_session_used_last_first() {
    let server = TestServer::start(QUIET).await;
    let email = server.verifies("ada").await;
    let laptop = logs_in_as(&server, "Laptop/1.0", &email).await;
    server.advance(Duration::from_mins(1));
    let phone = logs_in_as(&server, "Phone/1.0", &email).await;
    server.joins("bo").await;

    let listed = sessions(&server, &laptop.token).await;
    assert_eq!(column(&listed, "userAgent"), ["Phone/1.0", "Laptop/1.0"]);
    assert_eq!(column(&listed, "current"), [false, true]);
    assert_eq!(column(&listed, "address"), ["127.0.0.1", "127.0.0.1"]);
    assert_eq!(column(&listed, "createdAt"), ["2026-03-01T12:01:00+00:00", "2026-03-01T12:00:00+00:00"]);
    assert_eq!(column(&listed, "lastUsedAt"), column(&listed, "createdAt"));
    assert_eq!(column(&sessions(&server, &phone.token).await, "current"), [true, false]);

    server.advance(Duration::from_mins(1));
    assert_eq!(sessions(&server, &laptop.token).await, listed, "a request is no use that is noted");
    mutate_as(&server, "Laptop/2.0", &format!("refreshToken(refreshToken: {:?})", laptop.refresh_token))
        .await;
    let listed = sessions(&server, &phone.token).await;
    assert_eq!(column(&listed, "userAgent"), ["Laptop/2.0", "Phone/1.0"]);
    assert_eq!(column(&listed, "createdAt"), ["2026-03-01T12:00:00+00:00", "2026-03-01T12:01:00+00:00"]);
    assert_eq!(column(&listed, "lastUsedAt"), ["2026-03-01T12:02:00+00:00", "2026-03-01T12:01:00+00:00"]);
}

#[tokio::test]
async fn a_session_is_shown_until_the_last_of_its_tokens_ends() {
    for (lifetimes, seconds) in [
        ("tokens.access_lifetime = \"10 minutes\"\ntokens.refresh_lifetime = \"2 hours\"\n", 7200),
        ("tokens.access_lifetime = \"2 hours\"\ntokens.refresh_lifetime = \"10 minutes\"\n", 7200),
    ] {
        let server = TestServer::start(&format!("{lifetimes}{QUIET}")).await;
        let ada = server.joins("ada").await;
        server.advance(Duration::from_secs(seconds));
        let later = server.logs_in(&ada.email, PASSWORD).await;
        assert_eq!(sessions(&server, &later.token).await.len(), 2, "{lifetimes}");
        server.advance(Duration::from_secs(1));
        assert_eq!(sessions(&server, &later.token).await.len(), 1, "{lifetimes}");
    }
}

#[tokio::test]
async fn a_program_may_call_itself_anything_and_is_shown_on_one_short_line() {
    let server = TestServer::start(QUIET).await;
    let email = server.verifies("ada").await;
    let ada = logs_in_as(&server, &format!("a\tb{}", "c".repeat(5000)), &email).await;
    let listed = sessions(&server, &ada.token).await;
    assert_eq!(listed[0]["userAgent"], format!("ab{}", "c".repeat(198)));

    let nameless = server.logs_in(&email, PASSWORD).await;
    let listed = sessions(&server, &nameless.token).await;
    assert_eq!(listed.iter().find(|session| session["current"] == true).expect("a session")["userAgent"], "");
}
