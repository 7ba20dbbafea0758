//! Requests at the same time.

use futures_util::future::join_all;
use serde_json::Value;

use super::QUIET;
use crate::support::person::assert_done;
use crate::support::second_factor::{STEP, assert_no_tokens};
use crate::support::server::TestServer;

/// Asserts that exactly one of these logins succeeded.
#[track_caller]
fn assert_one_succeeded(payloads: &[Value]) {
    let (done, refused): (Vec<_>, Vec<_>) = payloads.iter().partition(|payload| payload["success"] == true);
    assert_eq!(done.len(), 1, "{payloads:?}");
    for payload in refused {
        assert_no_tokens(payload);
    }
}

#[tokio::test]
async fn one_of_several_logins_with_the_same_code_succeeds() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let challenges = join_all((0..3).map(|_| ada.challenge(&server))).await;
    let sessions = server.count_sessions().0;
    let code = server.next_code(&ada.phone);
    for code in [&code, &ada.recovery_codes[0]] {
        let at_once = join_all((0..3).map(|_| ada.log_in_with(&server, code)));
        let finished = join_all(challenges.iter().map(|challenge| ada.finish(&server, challenge, code)));
        let (at_once, finished) = tokio::join!(at_once, finished);
        assert_one_succeeded(&[at_once, finished].concat());
        // The other codes count as wrong ones.
        server.advance(STEP * 100);
        assert_done(&ada.log_in_with(&server, &server.code(&ada.phone)).await);
    }
    assert_eq!(server.count_sessions().0, sessions + 4);
}

#[tokio::test]
async fn one_of_several_uses_of_a_challenge_succeeds() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    server.advance(STEP * 2);
    let challenge = ada.challenge(&server).await;
    let now = server.now_seconds();
    let codes = [ada.phone.code_at(now - 30), ada.phone.code_at(now), ada.phone.code_at(now + 30)];
    let codes = [&codes[..], &ada.recovery_codes[..5]].concat();
    let payloads = join_all(codes.iter().map(|code| ada.finish(&server, &challenge, code))).await;
    assert_one_succeeded(&payloads);
}

#[tokio::test]
async fn concurrent_guesses_are_counted_like_sequential_ones() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let challenge = ada.challenge(&server).await;
    let code = server.wrong_code(&ada.phone);
    let payloads = join_all((0..30).map(|_| ada.finish(&server, &challenge, &code))).await;
    let checked = payloads.iter().filter(|payload| payload["errors"]["code"].is_array()).count();
    assert_eq!(checked, 5);
    let is_throttled =
        |payload: &&Value| payload["errors"]["nonFieldErrors"][0]["code"] == "too_many_attempts";
    assert_eq!(payloads.iter().filter(is_throttled).count(), 25);
}
