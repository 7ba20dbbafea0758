//! The query `sessions`.

use std::time::Duration;

use serde_json::Value;

use super::{QUIET, sessions};
use crate::support::mutation::{Mutation, log_in, refresh_token};
use crate::support::person::{PASSWORD, Person, assert_done};
use crate::support::server::{TestServer, payload_of};

async fn mutate_as(server: &TestServer, user_agent: &str, mutation: Mutation) -> Value {
    let body = mutation.select("success errors token refreshToken").body();
    payload_of(server.graphql(&body).header("User-Agent", user_agent)).await
}

async fn log_in_as(server: &TestServer, user_agent: &str, email: &str) -> Person {
    Person::new(email, &mutate_as(server, user_agent, log_in(email, PASSWORD)).await)
}

fn column<'a>(listed: &'a [Value], field: &str) -> Vec<&'a Value> {
    listed.iter().map(|session| &session[field]).collect()
}

#[tokio::test]
async fn sessions_are_listed_with_the_last_used_one_first() {
    let server = TestServer::start(QUIET).await;
    let email = server.register_verified("ada").await;
    let laptop = log_in_as(&server, "Laptop/1.0", &email).await;
    server.advance(Duration::from_mins(1));
    let phone = log_in_as(&server, "Phone/1.0", &email).await;
    server.sign_up("bo").await;

    let listed = sessions(&server, &laptop.token).await;
    assert_eq!(column(&listed, "userAgent"), ["Phone/1.0", "Laptop/1.0"]);
    assert_eq!(column(&listed, "current"), [false, true]);
    assert_eq!(column(&listed, "address"), ["127.0.0.1", "127.0.0.1"]);
    assert_eq!(column(&listed, "createdAt"), ["2026-03-01T12:01:00+00:00", "2026-03-01T12:00:00+00:00"]);
    assert_eq!(column(&listed, "lastUsedAt"), column(&listed, "createdAt"));
    assert_eq!(column(&sessions(&server, &phone.token).await, "current"), [true, false]);

    server.advance(Duration::from_mins(1));
    assert_eq!(sessions(&server, &laptop.token).await, listed, "a query changed the last use");
    assert_done(&mutate_as(&server, "Laptop/2.0", refresh_token(&laptop.refresh_token)).await);
    let listed = sessions(&server, &phone.token).await;
    assert_eq!(column(&listed, "userAgent"), ["Laptop/2.0", "Phone/1.0"]);
    assert_eq!(column(&listed, "createdAt"), ["2026-03-01T12:00:00+00:00", "2026-03-01T12:01:00+00:00"]);
    assert_eq!(column(&listed, "lastUsedAt"), ["2026-03-01T12:02:00+00:00", "2026-03-01T12:01:00+00:00"]);
}

#[tokio::test]
async fn a_session_is_listed_until_its_last_token_expires() {
    for (lifetimes, seconds) in [
        ("tokens.access_lifetime = \"10 minutes\"\ntokens.refresh_lifetime = \"2 hours\"\n", 7200),
        ("tokens.access_lifetime = \"2 hours\"\ntokens.refresh_lifetime = \"10 minutes\"\n", 7200),
    ] {
        let server = TestServer::start(&format!("{lifetimes}{QUIET}")).await;
        let ada = server.sign_up("ada").await;
        server.advance(Duration::from_secs(seconds));
        let later = server.log_in(&ada.email, PASSWORD).await;
        assert_eq!(sessions(&server, &later.token).await.len(), 2, "{lifetimes}");
        server.advance(Duration::from_secs(1));
        assert_eq!(sessions(&server, &later.token).await.len(), 1, "{lifetimes}");
    }
}

#[tokio::test]
async fn the_user_agent_is_shown_as_one_short_line() {
    let server = TestServer::start(QUIET).await;
    let email = server.register_verified("ada").await;
    let ada = log_in_as(&server, &format!("a\tb{}", "c".repeat(5000)), &email).await;
    let listed = sessions(&server, &ada.token).await;
    assert_eq!(listed[0]["userAgent"], format!("ab{}", "c".repeat(198)));

    let nameless = server.log_in(&email, PASSWORD).await;
    let listed = sessions(&server, &nameless.token).await;
    assert_eq!(listed.iter().find(|session| session["current"] == true).expect("a session")["userAgent"], "");
}
