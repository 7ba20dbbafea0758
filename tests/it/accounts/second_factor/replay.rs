//! Codes that were used, and older ones.

use super::QUIET;
use crate::support::mutation::{change_password, request_secondary_email};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::support::second_factor::{AppOwner, STEP, assert_no_tokens, remove_second_factor};
use crate::support::server::TestServer;

/// The ways to use a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    AtOnce,
    AfterChallenge,
    PasswordChange,
    Removal,
}

const WAYS: [Way; 4] = [Way::AtOnce, Way::AfterChallenge, Way::PasswordChange, Way::Removal];

impl Way {
    async fn try_code(self, server: &TestServer, owner: &AppOwner, code: &str) -> serde_json::Value {
        match self {
            Self::AtOnce => owner.log_in_with(server, code).await,
            Self::AfterChallenge => {
                let challenge = owner.challenge(server).await;
                owner.finish(server, &challenge, code).await
            }
            Self::PasswordChange => {
                let change = change_password(PASSWORD, OTHER_PASSWORD).with("code", code);
                owner.person.mutate(server, &change.select("success errors token refreshToken")).await
            }
            Self::Removal => owner.person.mutate(server, &remove_second_factor(PASSWORD, code)).await,
        }
    }
}

#[tokio::test]
async fn a_code_works_once_whatever_it_is_used_for() {
    let server = TestServer::start(QUIET).await;
    for (number, first) in [Way::AtOnce, Way::AfterChallenge].into_iter().enumerate() {
        let ada = server.sign_up_with_app(&format!("ada{number}")).await;
        let code = server.next_code(&ada.phone);
        assert_done(&first.try_code(&server, &ada, &code).await);
        for second in WAYS {
            let payload = second.try_code(&server, &ada, &code).await;
            assert_refused(&payload, "code", "invalid_code");
            assert!(payload["token"].is_null(), "{first:?}, {second:?}: {payload}");
        }
    }
}

#[tokio::test]
async fn a_code_of_a_change_cannot_be_used_for_a_login() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let code = server.next_code(&ada.phone);
    // The change is rejected, and the code is used up nevertheless.
    let own = request_secondary_email(&ada.person.email, PASSWORD).with("code", code.as_str());
    assert_eq!(ada.person.mutate(&server, &own).await["success"], false);
    let payload = ada.log_in_with(&server, &code).await;
    assert_refused(&payload, "code", "invalid_code");
    assert_no_tokens(&payload);
}

#[tokio::test]
async fn an_older_code_is_rejected_after_a_newer_one() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    server.advance(STEP * 10);
    let now = server.now_seconds();
    let [before, current, after] = [-30, 0, 30].map(|seconds| ada.phone.code_at(now + seconds));
    assert_done(&ada.log_in_with(&server, &current).await);
    for code in [&before, &current] {
        assert_refused(&ada.log_in_with(&server, code).await, "code", "invalid_code");
    }
    assert_done(&ada.log_in_with(&server, &after).await);
    for code in [&before, &current, &after] {
        let payload = ada.log_in_with(&server, code).await;
        assert_refused(&payload, "code", "invalid_code");
        assert_no_tokens(&payload);
    }
    // The clock reaches the step whose code was used.
    server.advance(STEP);
    assert_refused(&ada.log_in_with(&server, &after).await, "code", "invalid_code");
    assert_done(&ada.log_in_with(&server, &server.next_code(&ada.phone)).await);
}

#[tokio::test]
async fn the_code_of_the_set_up_cannot_be_used_for_a_login() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let code = server.code(&ada.phone);
    for _ in 0..2 {
        for way in [Way::AtOnce, Way::AfterChallenge] {
            let payload = way.try_code(&server, &ada, &code).await;
            assert_refused(&payload, "code", "invalid_code");
            assert_no_tokens(&payload);
        }
        server.advance(STEP);
    }
    assert_done(&ada.log_in_with(&server, &server.code(&ada.phone)).await);
}

#[tokio::test]
async fn a_clock_that_is_set_back_revives_no_code() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    server.advance(STEP * 10);
    let used = server.code(&ada.phone);
    assert_done(&ada.log_in_with(&server, &used).await);
    server.set_back(STEP * 5);
    for code in [used, server.code(&ada.phone)] {
        assert_refused(&ada.log_in_with(&server, &code).await, "code", "invalid_code");
    }
    // Recovery codes do not depend on the clock.
    assert_done(&ada.log_in_with(&server, &ada.recovery_codes[0]).await);
}
