//! Rotation of refresh tokens, lost replies and reuse.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;

use super::{QUIET, assert_not_refreshed, new_tokens, sessions};
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn reuse_of_a_consumed_refresh_token_ends_its_session_only() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.sign_up("ada").await;
    let phone = server.log_in(&laptop.email, PASSWORD).await;

    let (token, next) = new_tokens(&server.refresh(&laptop.refresh_token).await);
    assert_eq!(server.account_of(&token).await["username"], "ada");
    let (token, last) = new_tokens(&server.refresh(&next).await);
    assert_eq!(sessions(&server, &phone.token).await.len(), 2);

    assert_not_refreshed(&server.refresh(&laptop.refresh_token).await);
    assert_not_refreshed(&server.refresh(&last).await);
    for ended in [&laptop.token, &token] {
        assert_eq!(server.account_of(ended).await, Value::Null, "an access token is valid after its session");
    }
    assert_eq!(sessions(&server, &phone.token).await.len(), 1);
    new_tokens(&server.refresh(&phone.refresh_token).await);
}

#[tokio::test]
async fn the_successors_of_a_refresh_token_that_are_stored_are_limited() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (mut newest, mut refreshes) = (String::new(), 0);
    // The token is deleted when it is older than a thousand stored successors.
    loop {
        server.advance(Duration::from_micros(1));
        let payload = server.refresh(&ada.refresh_token).await;
        if payload["success"] == false {
            break;
        }
        (_, newest) = new_tokens(&payload);
        refreshes += 1;
    }
    assert!((1000..1100).contains(&refreshes), "{refreshes}");
    let stored = server.rows().iter().filter(|row| row.starts_with("refresh_tokens: ")).count();
    assert_eq!(stored, 1000);
    let (token, _) = new_tokens(&server.refresh(&newest).await);
    assert_eq!(server.account_of(&token).await["username"], "ada");
}

#[tokio::test]
async fn a_client_without_a_reply_can_refresh_again_days_later() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (_, lost) = new_tokens(&server.refresh(&ada.refresh_token).await);
    server.advance(5 * DAY);
    let (_, lost_again) = new_tokens(&server.refresh(&ada.refresh_token).await);
    server.advance(DAY);
    let (token, next) = new_tokens(&server.refresh(&ada.refresh_token).await);

    assert_not_refreshed(&server.refresh(&lost_again).await);
    assert_eq!(server.account_of(&token).await["username"], "ada");
    let (token, _) = new_tokens(&server.refresh(&next).await);
    assert_eq!(sessions(&server, &token).await.len(), 1);
    assert_not_refreshed(&server.refresh(&lost).await);
    assert_eq!(
        server.account_of(&token).await,
        Value::Null,
        "a token that was replaced days ago did not end the session"
    );
}

#[tokio::test]
async fn an_expired_consumed_token_is_refused_and_its_successor_stays_valid() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    server.advance(6 * DAY);
    let (_, next) = new_tokens(&server.refresh(&ada.refresh_token).await);
    server.advance(DAY + Duration::from_secs(1));
    assert_not_refreshed(&server.refresh(&ada.refresh_token).await);
    new_tokens(&server.refresh(&next).await);
}

#[tokio::test]
async fn a_replaced_token_ends_its_session_only_after_a_minute() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (_, replaced) = new_tokens(&server.refresh(&ada.refresh_token).await);
    let (token, next) = new_tokens(&server.refresh(&ada.refresh_token).await);

    for _ in 0..2 {
        assert_not_refreshed(&server.refresh(&replaced).await);
        assert_eq!(server.account_of(&token).await["username"], "ada");
        server.advance(Duration::from_secs(30));
    }
    assert_not_refreshed(&server.refresh(&replaced).await);
    assert_eq!(server.account_of(&token).await["username"], "ada", "the session ended within a minute");
    server.advance(Duration::from_secs(1));
    assert_not_refreshed(&server.refresh(&replaced).await);
    assert_eq!(server.account_of(&token).await, Value::Null);
    assert_not_refreshed(&server.refresh(&next).await);
}

#[tokio::test]
async fn one_of_32_concurrent_refreshes_keeps_the_session() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    for round in 0..4 {
        let person = server.log_in(&ada.email, PASSWORD).await;
        let at_once: FuturesUnordered<_> = (0..32).map(|_| server.refresh(&person.refresh_token)).collect();
        let answers: Vec<Value> = at_once.collect().await;
        assert_eq!(answers.len(), 32);
        let given: Vec<String> = answers
            .iter()
            .filter(|answer| answer["success"] == true)
            .map(|answer| new_tokens(answer).1)
            .collect();

        // Attempts with the other tokens do not invalidate the last one.
        let mut refreshed = Vec::new();
        for token in &given {
            let answer = server.refresh(token).await;
            if answer["success"] == true {
                refreshed.push(new_tokens(&answer));
            } else {
                assert_not_refreshed(&answer);
            }
        }
        assert_eq!(refreshed.len(), 1, "of {} answers in round {round}", given.len());
        let (token, next) = &refreshed[0];
        let listed = sessions(&server, token).await;
        assert_eq!(listed.iter().filter(|session| session["current"] == true).count(), 1);
        assert_eq!(listed.len(), round + 2, "this session, those of earlier rounds, and the first");
        new_tokens(&server.refresh(next).await);
    }
}
