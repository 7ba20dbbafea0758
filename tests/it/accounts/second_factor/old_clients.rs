//! Clients without a field for the code.

use serde_json::{Value, json};

use super::QUIET;
use crate::support::mutation::{log_in, mutation, register, verify_account};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::second_factor::{
    LOGIN, STEP, assert_no_tokens, challenge_of, finish_with_code, log_in_with_code, log_in_without_code,
};
use crate::support::server::TestServer;

const BEHIND_PASSWORD: &str = "mail.notices = false\nsecond_factor.code_behind_password = true\n";

#[tokio::test]
async fn a_client_that_knows_no_codes_gets_no_token() {
    for settings in [QUIET, BEHIND_PASSWORD] {
        let server = TestServer::start(settings).await;
        let ada = server.sign_up_with_app("ada").await;
        let sessions = server.count_sessions();
        // The fields of the original.
        let old = log_in(&ada.person.email, PASSWORD)
            .select("success errors token refreshToken unarchiving user { username }");
        for _ in 0..3 {
            let payload = server.mutate(None, &old).await;
            assert_refused_with(&payload, "second_factor_required");
            assert_no_tokens(&payload);
        }
        let null = log_in_without_code(&ada.person.email).with("code", Value::Null);
        assert_no_tokens(&server.mutate(None, &null).await);
        assert_eq!(server.count_sessions(), sessions);
    }
}

#[tokio::test]
async fn a_code_behind_the_password_is_not_accepted_by_default() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let code = server.next_code(&ada.phone);
    let payload = server.try_log_in(&ada.person.email, &format!("{PASSWORD} {code}")).await;
    assert_refused_with(&payload, "invalid_credentials");
    assert_no_tokens(&payload);
    assert_done(&ada.log_in_with(&server, &code).await);
}

#[tokio::test]
async fn a_code_is_accepted_behind_the_password_if_the_settings_permit() {
    let server = TestServer::start(&format!("{BEHIND_PASSWORD}limits.enabled = false\n")).await;
    let ada = server.sign_up_with_app("ada").await;
    let email = ada.person.email.as_str();
    let payload = server.try_log_in(email, PASSWORD).await;
    assert_refused_with(&payload, "second_factor_required");
    let message = "Enter the code of your authenticator app. If there is no field for it, enter it behind your password, \
         after a space.";
    assert_eq!(payload["errors"]["nonFieldErrors"][0]["message"], message);

    let code = server.next_code(&ada.phone);
    let wrong = server.wrong_code(&ada.phone);
    for (password, field, error) in [
        (format!("{PASSWORD} {wrong}"), "code", "invalid_code"),
        (format!("{OTHER_PASSWORD} {code}"), "nonFieldErrors", "invalid_credentials"),
        (format!("{PASSWORD}{code}"), "nonFieldErrors", "invalid_credentials"),
        (format!("{PASSWORD}  {code}"), "nonFieldErrors", "invalid_credentials"),
        (format!("{PASSWORD} {code} "), "nonFieldErrors", "invalid_credentials"),
        (format!("{PASSWORD} {}", ada.recovery_codes[0]), "nonFieldErrors", "invalid_credentials"),
        (code.clone(), "nonFieldErrors", "invalid_credentials"),
        (format!(" {code}"), "nonFieldErrors", "invalid_credentials"),
    ] {
        let payload = server.try_log_in(email, &password).await;
        assert_refused(&payload, field, error);
        assert_no_tokens(&payload);
    }
    let behind = format!("{PASSWORD} {code}");
    assert_done(&server.try_log_in(email, &behind).await);
    assert_refused(&server.try_log_in(email, &behind).await, "code", "invalid_code");

    // Other clients use the field.
    let code = server.next_code(&ada.phone);
    let both = log_in_with_code(email, &code).with("password", format!("{PASSWORD} {code}"));
    assert_refused_with(&server.mutate(None, &both).await, "invalid_credentials");
    assert_done(&ada.log_in_with(&server, &code).await);
}

#[tokio::test]
async fn a_password_that_ends_like_a_code_is_not_split_without_an_app() {
    let server = TestServer::start(BEHIND_PASSWORD).await;
    let password = format!("{PASSWORD} 123456");
    let email = "ada@example.org";
    assert_done(&server.mutate(None, &register(email, &password)).await);
    assert_done(&server.mutate(None, &verify_account(&server.mailed_token(email))).await);
    server.log_in(email, &password).await;
    assert_refused_with(&server.try_log_in(email, PASSWORD).await, "invalid_credentials");
    let bo = server.sign_up("bo").await;
    assert_refused_with(&server.try_log_in(&bo.email, &password).await, "invalid_credentials");
}

#[tokio::test]
async fn wrong_codes_behind_the_password_are_throttled() {
    let server = TestServer::start(BEHIND_PASSWORD).await;
    let ada = server.sign_up_with_app("ada").await;
    let try_code =
        async |code: &str| server.try_log_in(&ada.person.email, &format!("{PASSWORD} {code}")).await;
    server.advance(STEP);
    for _ in 0..5 {
        assert_refused(&try_code(&server.wrong_code(&ada.phone)).await, "code", "invalid_code");
    }
    let payload = try_code(&server.code(&ada.phone)).await;
    assert_refused_with(&payload, "too_many_attempts");
    assert_no_tokens(&payload);
}

#[tokio::test]
async fn relay_clients_need_the_second_factor_too() {
    let server = TestServer::start(BEHIND_PASSWORD).await;
    let ada = server.sign_up_with_app("ada").await;
    let email = ada.person.email.as_str();
    let payload = server.mutate_in_relay(&log_in_without_code(email)).await;
    assert_refused_with(&payload, "second_factor_required");
    assert_no_tokens(&payload);
    let challenge = challenge_of(&payload);
    let wrong = server.wrong_code(&ada.phone);
    for mutation in [finish_with_code(&challenge, &wrong), log_in_with_code(email, &wrong)] {
        let payload = server.mutate_in_relay(&mutation).await;
        assert_refused(&payload, "code", "invalid_code");
        assert_no_tokens(&payload);
    }
    let code = server.next_code(&ada.phone);
    assert_done(&server.mutate_in_relay(&finish_with_code(&challenge, &code)).await);
    // One counter of used codes and challenges for both endpoints.
    for mutation in [finish_with_code(&challenge, &code), log_in_with_code(email, &code)] {
        assert_no_tokens(&server.mutate(None, &mutation).await);
    }
    let code = server.next_code(&ada.phone);
    let behind = mutation("tokenAuth", json!({ "email": email, "password": format!("{PASSWORD} {code}") }));
    assert_done(&server.mutate_in_relay(&behind.select(LOGIN)).await);
    let code = server.next_code(&ada.phone);
    assert_done(&server.mutate_in_relay(&log_in_with_code(email, &code)).await);
}
