//! Logins of accounts with an authenticator app.

use std::time::Duration;

use serde_json::{Value, json};

use super::QUIET;
use crate::support::mutation::{archive_account, log_in};
use crate::support::person::{
    OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused, assert_refused_with,
};
use crate::support::second_factor::{
    LOGIN, STEP, assert_no_tokens, challenge_of, log_in_with_code, log_in_without_code,
};
use crate::support::server::TestServer;

#[tokio::test]
async fn a_password_alone_begins_no_session() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let sessions = server.count_sessions();
    let payload = server.mutate(None, &log_in_without_code(&ada.person.email)).await;
    let error = json!({ "nonFieldErrors": [{
        "message": "Enter the code of your authenticator app.",
        "code": "second_factor_required",
    }] });
    assert_eq!((&payload["success"], &payload["errors"]), (&json!(false), &error));
    assert_no_tokens(&payload);
    assert_eq!((&payload["unarchiving"], &payload["passkeyOptions"]), (&json!(false), &Value::Null));
    assert!(!challenge_of(&payload).is_empty());
    assert_eq!(server.count_sessions(), sessions);
    // An empty code counts as missing.
    let empty = server.mutate(None, &log_in_with_code(&ada.person.email, "")).await;
    assert_refused_with(&empty, "second_factor_required");
}

#[tokio::test]
async fn a_challenge_and_a_code_begin_a_session() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let challenge = ada.challenge(&server).await;
    let code = server.next_code(&ada.phone);
    let payload = ada.finish(&server, &challenge, &code).await;
    assert_eq!(payload["user"]["email"], ada.person.email);
    assert_eq!((&payload["challenge"], &payload["unarchiving"]), (&Value::Null, &json!(false)));
    let person = Person::new(&ada.person.email, &payload);
    assert_eq!(person.me(&server).await["username"], "ada");
    assert_done(&server.refresh(&person.refresh_token).await);
}

#[tokio::test]
async fn a_login_accepts_the_password_and_the_code_at_once() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let code = server.next_code(&ada.phone);
    // Apps show the digits in groups.
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let payload = ada.log_in_with(&server, &spaced).await;
    let person = Person::new(&ada.person.email, &payload);
    assert_eq!((&payload["challenge"], &payload["user"]["email"]), (&Value::Null, &json!(person.email)));
    assert_eq!(person.me(&server).await["username"], "ada");
}

#[tokio::test]
async fn a_code_does_not_replace_the_password() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let code = server.next_code(&ada.phone);
    for code in [&code, &ada.recovery_codes[0]] {
        let wrong = log_in(&ada.person.email, OTHER_PASSWORD).with("code", code.as_str()).select(LOGIN);
        let payload = server.mutate(None, &wrong).await;
        assert_refused_with(&payload, "invalid_credentials");
        assert_no_tokens(&payload);
        assert_eq!(payload["challenge"], Value::Null);
        // The code was not used up.
        assert_done(&ada.log_in_with(&server, code).await);
    }
}

#[tokio::test]
async fn codes_of_adjacent_steps_are_accepted() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    for (steps, is_right) in [(-2, false), (-1, true), (0, true), (1, true), (2, false), (-2, false)] {
        server.advance(Duration::from_mins(5));
        let code = ada.phone.code_at(server.now_seconds() + steps * 30);
        let payload = ada.log_in_with(&server, &code).await;
        if is_right {
            assert_done(&payload);
        } else {
            assert_refused(&payload, "code", "invalid_code");
            assert_no_tokens(&payload);
        }
    }
}

#[tokio::test]
async fn malformed_codes_are_rejected() {
    let server = TestServer::start("mail.notices = false\nlimits.enabled = false\n").await;
    let ada = server.sign_up_with_app("ada").await;
    let code = server.next_code(&ada.phone);
    let challenge = ada.challenge(&server).await;
    let full_width: String =
        code.chars().filter_map(|digit| char::from_u32(u32::from(digit) + 0xfee0)).collect();
    for malformed in [
        " ",
        "0",
        "+12345",
        "-12345",
        "1e5",
        "null",
        &code[..5],
        &format!("{code}0"),
        &format!("0{code}"),
        &full_width,
        &"9".repeat(10_000),
    ] {
        for payload in
            [ada.log_in_with(&server, malformed).await, ada.finish(&server, &challenge, malformed).await]
        {
            assert_refused(&payload, "code", "invalid_code");
            assert_no_tokens(&payload);
        }
    }
    assert_refused(&ada.finish(&server, &challenge, "").await, "code", "invalid_code");
    assert_done(&ada.finish(&server, &challenge, &code).await);
}

#[tokio::test]
async fn a_recovery_code_works_once_and_its_owner_is_notified() {
    let server = TestServer::start("").await;
    let ada = server.sign_up_with_app("ada").await;
    let left = async || {
        let data = ada.person.query(&server, "{ secondFactor { recoveryCodesLeft } }").await;
        data["secondFactor"]["recoveryCodesLeft"].clone()
    };
    let [first, second] = [&ada.recovery_codes[0], &ada.recovery_codes[1]];
    assert_done(&ada.log_in_with(&server, first).await);
    let challenge = ada.challenge(&server).await;
    for code in [first, &first.to_uppercase()] {
        assert_refused(&ada.log_in_with(&server, code).await, "code", "invalid_code");
        assert_refused(&ada.finish(&server, &challenge, code).await, "code", "invalid_code");
    }
    assert_eq!(left().await, 9);
    // People write codes down in other ways.
    let copied = format!(" {} ", second.to_uppercase().replace('-', " ").replace('0', "o").replace('1', "L"));
    assert_done(&ada.finish(&server, &challenge, &copied).await);
    assert_refused(&ada.log_in_with(&server, second).await, "code", "invalid_code");
    assert_eq!(left().await, 8);
    let mails = server.mails_to(&ada.person.email);
    let used: Vec<_> =
        mails.iter().filter(|mail| mail.text.contains("A recovery code of your account was used.")).collect();
    assert_eq!(used.len(), 2);
}

#[tokio::test]
async fn all_recovery_codes_work_and_then_none() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    for code in &ada.recovery_codes {
        assert_done(&ada.log_in_with(&server, code).await);
    }
    assert_eq!(server.rows_of("recovery_codes"), [] as [String; 0]);
    server.advance(STEP);
    assert_done(&ada.log_in_with(&server, &server.code(&ada.phone)).await);
}

#[tokio::test]
async fn codes_work_only_for_their_account() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let bo = server.sign_up_with_app("bo").await;
    server.advance(STEP);
    let challenge = ada.challenge(&server).await;
    for code in [&server.code(&bo.phone), &bo.recovery_codes[0]] {
        for payload in [ada.log_in_with(&server, code).await, ada.finish(&server, &challenge, code).await] {
            assert_refused(&payload, "code", "invalid_code");
            assert_no_tokens(&payload);
        }
        assert_done(&bo.log_in_with(&server, code).await);
    }
}

#[tokio::test]
async fn an_account_without_a_second_factor_ignores_codes() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    assert_done(&server.mutate(None, &log_in_with_code(&ada.email, "123456")).await);
}

#[tokio::test]
async fn an_account_is_unarchived_only_with_its_second_factor() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let bo = server.sign_up("bo").await;
    assert_done(&ada.person.mutate(&server, &archive_account(PASSWORD)).await);
    let list = "{ users(username: \"ada\") { edges { node { archived } } } }";
    let is_archived =
        async || server.query(Some(&bo.token), list).await["users"]["edges"][0]["node"]["archived"].clone();
    let challenge = ada.challenge(&server).await;
    ada.finish(&server, &challenge, &server.wrong_code(&ada.phone)).await;
    assert_eq!(is_archived().await, true);
    let payload = ada.finish(&server, &challenge, &server.next_code(&ada.phone)).await;
    assert_eq!(payload["unarchiving"], true, "{payload}");
    assert_eq!(is_archived().await, false);
}
