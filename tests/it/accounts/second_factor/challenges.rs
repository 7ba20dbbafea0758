//! Challenges between the password and the code.

use std::time::Duration;

use pledge4future_auth::accounts::admin;

use super::QUIET;
use crate::support::mutation::{change_password, revoke_all_sessions};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::second_factor::{
    STEP, assert_no_tokens, challenge_of, remove_second_factor, start_passkey_registration,
};
use crate::support::server::TestServer;

#[tokio::test]
async fn only_challenges_of_logins_with_a_password_accept_codes() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let person = ada.log_in(&server).await;
    let challenge = ada.challenge(&server).await;
    let (passkey_login, _) = server.start_passkey_login().await;
    let registration = person.mutate(&server, &start_passkey_registration(PASSWORD)).await;
    let reset = server.request_reset(&person.email).await;
    let (start, end) = challenge.split_at(challenge.len() / 2);
    let (_, end_of_other) = passkey_login.split_at(passkey_login.len() / 2);
    let code = server.next_code(&ada.phone);
    for forged in [
        "",
        "challenge",
        "\u{0}",
        &"A".repeat(10_000),
        start,
        end,
        &format!("{challenge}A"),
        &format!("{start}{end_of_other}"),
        &challenge.to_lowercase(),
        &passkey_login,
        &challenge_of(&registration),
        &person.token,
        &person.refresh_token,
        &reset,
        &code,
    ] {
        let payload = ada.finish(&server, forged, &code).await;
        assert_refused_with(&payload, "invalid_token");
        assert_no_tokens(&payload);
    }
    // None of them used up the code.
    assert_done(&ada.finish(&server, &challenge, &code).await);
}

#[tokio::test]
async fn a_challenge_is_no_other_token() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let challenge = ada.challenge(&server).await;
    assert!(server.account_of(&challenge).await.is_null());
    let refreshed = server.refresh(&challenge).await;
    assert_refused_with(&refreshed, "invalid_token");
    assert_no_tokens(&refreshed);
    assert_refused_with(&server.reset_password(&challenge, OTHER_PASSWORD).await, "invalid_token");
    // Nor does it replace the password of its account.
    let payload = server.try_log_in(&ada.person.email, &challenge).await;
    assert_refused_with(&payload, "invalid_credentials");
}

#[tokio::test]
async fn a_challenge_accepts_only_codes_of_its_account() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let bo = server.sign_up_with_app("bo").await;
    let challenge = bo.challenge(&server).await;
    let code = server.next_code(&ada.phone);
    let payload = ada.finish(&server, &challenge, &code).await;
    assert_refused(&payload, "code", "invalid_code");
    assert_no_tokens(&payload);
    let payload = bo.finish(&server, &challenge, &server.code(&bo.phone)).await;
    assert_eq!(payload["user"]["email"], bo.person.email, "{payload}");
}

#[tokio::test]
async fn a_challenge_expires_after_five_minutes() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let challenges = [ada.challenge(&server).await, ada.challenge(&server).await];
    server.advance(Duration::from_mins(5));
    assert_done(&ada.finish(&server, &challenges[0], &server.code(&ada.phone)).await);
    server.advance(Duration::from_secs(1));
    let code = server.next_code(&ada.phone);
    for challenge in &challenges {
        let payload = ada.finish(&server, challenge, &code).await;
        assert_refused_with(&payload, "expired_token");
        assert_no_tokens(&payload);
    }
}

#[tokio::test]
async fn a_challenge_works_once_but_survives_wrong_codes() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let challenge = ada.challenge(&server).await;
    let wrong = ada.finish(&server, &challenge, &server.wrong_code(&ada.phone)).await;
    assert_refused(&wrong, "code", "invalid_code");
    let code = server.next_code(&ada.phone);
    assert_done(&ada.finish(&server, &challenge, &code).await);
    for code in [&code, &server.next_code(&ada.phone), &ada.recovery_codes[0]] {
        let payload = ada.finish(&server, &challenge, code).await;
        assert_eq!(payload["success"], false, "{payload}");
        assert_no_tokens(&payload);
    }
}

#[tokio::test]
async fn a_challenge_ends_with_the_sessions_of_its_account() {
    let server = TestServer::start(QUIET).await;
    for (name, change) in
        [("ada", "change"), ("bo", "reset"), ("cleo", "revoke"), ("dan", "deactivate"), ("eve", "operator")]
    {
        let owner = server.sign_up_with_app(name).await;
        let challenge = owner.challenge(&server).await;
        let email = owner.person.email.clone();
        match change {
            "change" => {
                let change = change_password(PASSWORD, OTHER_PASSWORD);
                assert_done(&owner.person.mutate(&server, &change).await);
            }
            "reset" => {
                let link = server.request_reset(&email).await;
                assert_done(&server.reset_password(&link, OTHER_PASSWORD).await);
            }
            "revoke" => assert_done(&owner.person.mutate(&server, &revoke_all_sessions()).await),
            "deactivate" => assert!(server.run(|app| admin::set_active(app, &email, false)).is_ok()),
            _ => assert!(server.run(|app| admin::remove_second_factors(app, &email)).is_ok()),
        }
        for code in [&server.next_code(&owner.phone), &owner.recovery_codes[0]] {
            let payload = owner.finish(&server, &challenge, code).await;
            assert_refused_with(&payload, "invalid_token");
            assert_no_tokens(&payload);
        }
    }
}

#[tokio::test]
async fn a_challenge_ends_with_the_second_factor() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let challenge = ada.challenge(&server).await;
    let remove = remove_second_factor(PASSWORD, &server.next_code(&ada.phone));
    assert_done(&ada.person.mutate(&server, &remove).await);
    server.advance(STEP);
    for code in [&server.code(&ada.phone), &ada.recovery_codes[0]] {
        let payload = ada.finish(&server, &challenge, code).await;
        assert_refused(&payload, "code", "invalid_code");
        assert_no_tokens(&payload);
    }
}
