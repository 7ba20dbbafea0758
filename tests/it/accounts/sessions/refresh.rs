//! Refresh tokens: turned in once, again after a lost answer, and what happens to copies.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;

use super::{QUIET, assert_not_renewed, renewed, sessions};
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn reuse_of_a_consumed_refresh_token_ends_its_session_only() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.sign_up("ada").await;
    let phone = server.log_in(&laptop.email, PASSWORD).await;

    let (token, next) = renewed(&server.refresh(&laptop.refresh_token).await);
    assert_eq!(server.account_of(&token).await["username"], "ada");
    let (token, last) = renewed(&server.refresh(&next).await);
    assert_eq!(sessions(&server, &phone.token).await.len(), 2);

    assert_not_renewed(&server.refresh(&laptop.refresh_token).await);
    assert_not_renewed(&server.refresh(&last).await);
    for ended in [&laptop.token, &token] {
        assert_eq!(server.account_of(ended).await, Value::Null, "an access token outlived its session");
    }
    assert_eq!(sessions(&server, &phone.token).await.len(), 1);
    renewed(&server.refresh(&phone.refresh_token).await);
}

#[tokio::test]
async fn the_successors_of_a_refresh_token_that_are_stored_are_limited() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let mut newest = String::new();
    for _ in 0..1000 {
        server.advance(Duration::from_micros(1));
        (_, newest) = renewed(&server.refresh(&ada.refresh_token).await);
    }
    // It is the oldest of all that it brought, and forgotten now.
    assert_not_renewed(&server.refresh(&ada.refresh_token).await);
    let remembered = server.rows().iter().filter(|row| row.starts_with("refresh_tokens: ")).count();
    assert_eq!(remembered, 1000);
    let (token, _) = renewed(&server.refresh(&newest).await);
    assert_eq!(server.account_of(&token).await["username"], "ada");
}

#[tokio::test]
async fn a_client_without_a_reply_can_refresh_again_days_later() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (_, lost) = renewed(&server.refresh(&ada.refresh_token).await);
    server.advance(5 * DAY);
    let (_, lost_again) = renewed(&server.refresh(&ada.refresh_token).await);
    server.advance(DAY);
    let (token, next) = renewed(&server.refresh(&ada.refresh_token).await);

    assert_not_renewed(&server.refresh(&lost_again).await);
    assert_eq!(server.account_of(&token).await["username"], "ada");
    let (token, _) = renewed(&server.refresh(&next).await);
    assert_eq!(sessions(&server, &token).await.len(), 1);
    assert_not_renewed(&server.refresh(&lost).await);
    assert_eq!(server.account_of(&token).await, Value::Null, "what was replaced days ago has been copied");
}

#[tokio::test]
async fn an_expired_consumed_token_is_refused_and_its_successor_stays_valid() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    server.advance(6 * DAY);
    let (_, next) = renewed(&server.refresh(&ada.refresh_token).await);
    server.advance(DAY + Duration::from_secs(1));
    assert_not_renewed(&server.refresh(&ada.refresh_token).await);
    renewed(&server.refresh(&next).await);
}

#[tokio::test]
async fn a_replaced_token_ends_its_session_only_after_a_minute() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (_, replaced) = renewed(&server.refresh(&ada.refresh_token).await);
    let (token, next) = renewed(&server.refresh(&ada.refresh_token).await);

    for _ in 0..2 {
        assert_not_renewed(&server.refresh(&replaced).await);
        assert_eq!(server.account_of(&token).await["username"], "ada");
        server.advance(Duration::from_secs(30));
    }
    assert_not_renewed(&server.refresh(&replaced).await);
    assert_eq!(server.account_of(&token).await["username"], "ada", "a minute is not over after a minute");
    server.advance(Duration::from_secs(1));
    assert_not_renewed(&server.refresh(&replaced).await);
    assert_eq!(server.account_of(&token).await, Value::Null);
    assert_not_renewed(&server.refresh(&next).await);
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
            .map(|answer| renewed(answer).1)
            .collect();

        // Those who try the others first do not stop the one whose token is good.
        let mut went_on = Vec::new();
        for token in &given {
            let answer = server.refresh(token).await;
            if answer["success"] == true {
                went_on.push(renewed(&answer));
            } else {
                assert_not_renewed(&answer);
            }
        }
        assert_eq!(went_on.len(), 1, "of {} answers in round {round}", given.len());
        let (token, next) = &went_on[0];
        let listed = sessions(&server, token).await;
        assert_eq!(listed.iter().filter(|session| session["current"] == true).count(), 1);
        assert_eq!(listed.len(), round + 2, "this one, those of the rounds before, and the first");
        renewed(&server.refresh(next).await);
    }
}
