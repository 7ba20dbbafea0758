//! Passkeys as the second factor, after the password.

use std::time::Duration;

use serde_json::{Value, json};

use super::{QUIET, forger, rejected, sign_anyway, sign_up_with_passkey};
use crate::support::mutation::{change_password, mutation, revoke_all_sessions};
use crate::support::person::{
    OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused, assert_refused_with,
};
use crate::support::second_factor::{
    ORIGIN, assert_no_tokens, challenge_of, finish_with_code, finish_with_passkey, log_in_with_code,
    log_in_without_code, recovery_codes, set_up_second_factor,
};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

/// Sends the password. Returns the challenge and the options for the passkey.
async fn send_password(server: &TestServer, email: &str) -> (String, Value) {
    let mut payload = server.mutate(None, &log_in_without_code(email)).await;
    assert_refused_with(&payload, "second_factor_required");
    assert_no_tokens(&payload);
    (challenge_of(&payload), payload["passkeyOptions"].take())
}

#[tokio::test]
async fn a_passkey_finishes_a_login_with_the_password() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let payload = server.mutate(None, &log_in_without_code(&ada.email)).await;
    let message = &payload["errors"]["nonFieldErrors"][0]["message"];
    assert_eq!(message, "Use your passkey, or enter a recovery code.");
    let (challenge, options) = send_password(&server, &ada.email).await;
    assert_eq!(options["allowCredentials"][0]["id"], key.credential_id());
    let answer = key.log_in(&options, ORIGIN);
    let payload = server.mutate(None, &finish_with_passkey(&challenge, &answer)).await;
    let person = Person::new(&ada.email, &payload);
    assert_eq!(person.me(&server).await["username"], "ada");
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_passkey");
    let answer = key.log_in(&options, ORIGIN);
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_token");
}

#[tokio::test]
async fn a_key_that_cannot_verify_its_user_needs_the_password() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    key.user_verified = false;
    let (challenge, options) = server.start_passkey_login().await;
    let answer = key.log_in(&options, ORIGIN);
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_passkey");
    let (challenge, options) = send_password(&server, &ada.email).await;
    let login = finish_with_passkey(&challenge, &key.log_in(&options, ORIGIN));
    assert_done(&server.mutate(None, &login).await);
}

#[tokio::test]
async fn an_answer_for_one_kind_of_login_is_rejected_by_the_other() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let (after_password, password_options) = send_password(&server, &ada.email).await;
    let (alone, alone_options) = server.start_passkey_login().await;
    let answer = key.log_in(&alone_options, ORIGIN);
    assert_refused_with(&rejected(&server, &after_password, &answer).await, "invalid_passkey");
    let answer = key.log_in(&password_options, ORIGIN);
    assert_refused_with(&rejected(&server, &alone, &answer).await, "invalid_passkey");
}

#[tokio::test]
async fn the_passkey_must_belong_to_the_account_of_the_password() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut own_key) = sign_up_with_passkey(&server, "ada").await;
    let (_, mut key) = sign_up_with_passkey(&server, "bo").await;
    let (challenge, options) = send_password(&server, &ada.email).await;
    let answer = sign_anyway(&mut key, &options);
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_passkey");
    // A passkey that was added later was not asked for.
    let ada = Person::new(&ada.email, &server.log_in_with_passkey(&mut own_key).await);
    let mut late = SecurityKey::new();
    server.add_passkey(&ada, &mut late, "late").await;
    let answer = sign_anyway(&mut late, &options);
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_passkey");
}

#[tokio::test]
async fn wrong_answers_after_the_password_begin_no_session() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let (challenge, options) = send_password(&server, &ada.email).await;
    let (_, other_options) = send_password(&server, &ada.email).await;
    for answer in [
        key.log_in(&other_options, ORIGIN),
        key.log_in(&options, "http://localhost:8001"),
        forger(&key).log_in(&options, ORIGIN),
        json!({}),
    ] {
        assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_passkey");
    }
    server.advance(Duration::from_secs(5 * 60 + 1));
    let answer = key.log_in(&options, ORIGIN);
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "expired_token");
}

#[tokio::test]
async fn a_challenge_works_with_a_code_or_a_passkey_but_once() {
    let server = TestServer::start(QUIET).await;
    let owner = server.sign_up_with_app("ada").await;
    let mut key = SecurityKey::new();
    server.add_passkey(&owner.person, &mut key, "a key").await;
    let email = owner.person.email.as_str();
    let payload = server.mutate(None, &log_in_without_code(email)).await;
    let message = &payload["errors"]["nonFieldErrors"][0]["message"];
    assert_eq!(message, "Enter the code of your authenticator app.");

    let (challenge, options) = send_password(&server, email).await;
    let code = server.next_code(&owner.phone);
    assert_done(&owner.finish(&server, &challenge, &code).await);
    let answer = key.log_in(&options, ORIGIN);
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_token");

    let (challenge, options) = send_password(&server, email).await;
    let login = finish_with_passkey(&challenge, &key.log_in(&options, ORIGIN));
    assert_done(&server.mutate(None, &login).await);
    let payload = owner.finish(&server, &challenge, &server.next_code(&owner.phone)).await;
    assert_refused_with(&payload, "invalid_token");
    assert_no_tokens(&payload);
}

#[tokio::test]
async fn a_recovery_code_replaces_a_lost_passkey() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let mut key = SecurityKey::new();
    let codes = recovery_codes(&server.add_passkey(&ada, &mut key, "a key").await);
    let (challenge, _) = send_password(&server, &ada.email).await;
    assert_done(&server.mutate(None, &finish_with_code(&challenge, &codes[0])).await);
    assert_done(&server.mutate(None, &log_in_with_code(&ada.email, &codes[1])).await);
    for code in &codes[..2] {
        let payload = server.mutate(None, &log_in_with_code(&ada.email, code)).await;
        assert_refused(&payload, "code", "invalid_code");
        assert_no_tokens(&payload);
    }
}

#[tokio::test]
async fn a_challenge_ends_with_the_sessions_of_its_account() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let (first, first_options) = send_password(&server, &ada.email).await;
    let change = change_password(PASSWORD, PASSWORD).select("success errors token refreshToken");
    let person = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    let person = Person::new(&ada.email, &person.mutate(&server, &change).await);
    let (second, second_options) = send_password(&server, &ada.email).await;
    assert_done(&person.mutate(&server, &revoke_all_sessions()).await);
    for (challenge, options) in [(first, first_options), (second, second_options)] {
        let answer = key.log_in(&options, ORIGIN);
        assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_token");
    }
}

#[tokio::test]
async fn changes_need_a_second_factor_five_minutes_after_a_login_with_a_passkey() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let export = mutation("exportMyData", json!({ "password": PASSWORD }));
    let set_up = set_up_second_factor(PASSWORD);
    let person = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    server.advance(Duration::from_mins(5));
    for change in [&export, &set_up] {
        assert_done(&person.mutate(&server, change).await);
    }
    let wrong = export.clone().with("password", OTHER_PASSWORD);
    assert_refused(&person.mutate(&server, &wrong).await, "password", "invalid_password");
    server.advance(Duration::from_secs(1));
    for change in [&export, &set_up] {
        assert_refused_with(&person.mutate(&server, change).await, "second_factor_required");
    }
}
