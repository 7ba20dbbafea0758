//! Setting up an authenticator app, and removing it.

use std::time::Duration;

use regex::Regex;
use serde_json::{Value, json};

use super::QUIET;
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::phone::Phone;
use crate::support::second_factor::{
    STEP, assert_no_tokens, confirm_second_factor, recovery_codes, remove_second_factor,
    renew_recovery_codes, set_up_second_factor,
};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

fn scan(payload: &Value) -> Phone {
    assert_done(payload);
    Phone::scan(payload["otpauthUri"].as_str().expect("an address"))
}

const OVERVIEW: &str = "{ secondFactor { required authenticatorSince authenticatorLastUsedAt recoveryCodesLeft \
     passkeys { id } } }";

#[tokio::test]
async fn an_app_is_set_up_with_the_password_and_a_first_code() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let wrong = ada.mutate(&server, &set_up_second_factor(OTHER_PASSWORD)).await;
    assert_refused(&wrong, "password", "invalid_password");
    assert_eq!((&wrong["otpauthUri"], &wrong["secret"]), (&Value::Null, &Value::Null));

    let payload = ada.mutate(&server, &set_up_second_factor(PASSWORD)).await;
    let phone = scan(&payload);
    assert_eq!((phone.issuer(), phone.account_name()), ("localhost 8000", ada.email.as_str()));
    let secret = payload["secret"].as_str().expect("a secret");
    assert!(payload["otpauthUri"].as_str().expect("an address").contains(secret), "{payload}");
    let svg = payload["qrSvg"].as_str().expect("a picture");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{svg}");

    // The app does not count yet.
    server.log_in(&ada.email, PASSWORD).await;
    let wrong = confirm_second_factor(&server.wrong_code(&phone));
    assert_refused(&ada.mutate(&server, &wrong).await, "code", "invalid_code");
    server.log_in(&ada.email, PASSWORD).await;

    let codes = recovery_codes(&ada.mutate(&server, &confirm_second_factor(&server.code(&phone))).await);
    assert_eq!(codes.len(), 10);
    let pattern = Regex::new("^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$").expect("a pattern");
    for (index, code) in codes.iter().enumerate() {
        assert!(pattern.is_match(code) && !codes[..index].contains(code), "{codes:?}");
    }
    assert_refused_with(&server.try_log_in(&ada.email, PASSWORD).await, "second_factor_required");
    let again = ada.mutate(&server, &set_up_second_factor(PASSWORD)).await;
    assert_refused_with(&again, "authenticator_exists");
    let expected = json!({ "secondFactor": {
        "required": false,
        "authenticatorSince": "2026-03-01T12:00:00+00:00",
        "authenticatorLastUsedAt": "2026-03-01T12:00:00+00:00",
        "recoveryCodesLeft": 10,
        "passkeys": [],
    } });
    assert_eq!(ada.query(&server, OVERVIEW).await, expected);
}

#[tokio::test]
async fn a_set_up_expires_after_an_hour() {
    let server = TestServer::start(QUIET).await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let unknown = bo.mutate(&server, &confirm_second_factor("123456")).await;
    assert_refused_with(&unknown, "set_up_expired");
    let phones =
        [&ada, &bo].map(async |person| scan(&person.mutate(&server, &set_up_second_factor(PASSWORD)).await));
    let phones = futures_util::future::join_all(phones).await;
    server.advance(Duration::from_hours(1));
    let code = server.code(&phones[0]);
    assert_done(&ada.mutate(&server, &confirm_second_factor(&code)).await);
    server.advance(Duration::from_secs(1));
    let code = server.code(&phones[1]);
    let late = bo.mutate(&server, &confirm_second_factor(&code)).await;
    assert_refused_with(&late, "set_up_expired");
    assert_eq!(late["recoveryCodes"], Value::Null);
    server.log_in(&bo.email, PASSWORD).await;
}

#[tokio::test]
async fn a_second_set_up_replaces_one_that_is_not_finished() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let first = scan(&ada.mutate(&server, &set_up_second_factor(PASSWORD)).await);
    let second = scan(&ada.mutate(&server, &set_up_second_factor(PASSWORD)).await);
    let code = server.code(&first);
    assert_refused(&ada.mutate(&server, &confirm_second_factor(&code)).await, "code", "invalid_code");
    let code = server.code(&second);
    assert_done(&ada.mutate(&server, &confirm_second_factor(&code)).await);
    // It cannot be confirmed again.
    let code = server.next_code(&second);
    assert_refused_with(&ada.mutate(&server, &confirm_second_factor(&code)).await, "set_up_expired");
}

#[tokio::test]
async fn a_set_up_needs_a_login() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let code = server.next_code(&ada.phone);
    for mutation in [
        set_up_second_factor(PASSWORD),
        confirm_second_factor(&code),
        remove_second_factor(PASSWORD, &code),
        renew_recovery_codes(PASSWORD, &code),
    ] {
        assert_refused_with(&server.mutate(None, &mutation).await, "unauthenticated");
    }
    assert_done(&ada.log_in_with(&server, &code).await);
}

#[tokio::test]
async fn an_app_is_removed_with_the_password_and_a_code() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let person = &ada.person;
    let code = server.next_code(&ada.phone);
    let remove = async |password: &str, code: &str| {
        person.mutate(&server, &remove_second_factor(password, code)).await
    };
    assert_refused(&remove(PASSWORD, "").await, "code", "required");
    assert_refused(&remove(OTHER_PASSWORD, &code).await, "password", "invalid_password");
    assert_refused(&remove(PASSWORD, &server.wrong_code(&ada.phone)).await, "code", "invalid_code");
    assert_no_tokens(&server.try_log_in(&person.email, PASSWORD).await);

    assert_done(&remove(PASSWORD, &code).await);
    for table in ["authenticators", "recovery_codes"] {
        assert_eq!(server.rows_of(table), [] as [String; 0], "{table}");
    }
    server.log_in(&person.email, PASSWORD).await;
    assert_refused_with(&remove(PASSWORD, &code).await, "no_authenticator");
    let renewed = person.mutate(&server, &renew_recovery_codes(PASSWORD, &code)).await;
    assert_refused_with(&renewed, "no_second_factor");
}

#[tokio::test]
async fn a_lost_app_is_removed_with_a_recovery_code() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    server.advance(Duration::from_hours(1));
    let remove = remove_second_factor(PASSWORD, &ada.recovery_codes[3]);
    assert_done(&ada.person.mutate(&server, &remove).await);
    let renewed = server.add_app(ada.person).await;
    // Codes of the former app and its recovery codes are worthless.
    server.advance(STEP);
    for code in [server.code(&ada.phone), ada.recovery_codes[0].clone()] {
        assert_refused(&renewed.log_in_with(&server, &code).await, "code", "invalid_code");
    }
    assert_done(&renewed.log_in_with(&server, &server.code(&renewed.phone)).await);
}

#[tokio::test]
async fn renewed_recovery_codes_replace_the_former_ones() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let code = server.next_code(&ada.phone);
    let renew = renew_recovery_codes(PASSWORD, &code);
    let new = recovery_codes(&ada.person.mutate(&server, &renew).await);
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !ada.recovery_codes.contains(code)), "{new:?}");
    let former = ada.log_in_with(&server, &ada.recovery_codes[0]).await;
    assert_refused(&former, "code", "invalid_code");
    assert_done(&ada.log_in_with(&server, &new[0]).await);
}

#[tokio::test]
async fn the_owner_is_notified_of_changes_of_the_app() {
    let server = TestServer::start("").await;
    let ada = server.sign_up_with_app("ada").await;
    let person = &ada.person;
    let renew = renew_recovery_codes(PASSWORD, &server.next_code(&ada.phone));
    assert_done(&person.mutate(&server, &renew).await);
    let remove = remove_second_factor(PASSWORD, &server.next_code(&ada.phone));
    assert_done(&person.mutate(&server, &remove).await);
    let mails = server.mails_to(&person.email);
    for (mail, sentence) in mails[1..].iter().zip([
        "An authenticator app was added to your account. Logins with your password now need a second factor, and earlier recovery codes no longer work.",
        "The recovery codes of your account were replaced. The former ones no longer work.",
        "The authenticator app of your account was removed.",
    ]) {
        assert!(mail.text.contains(sentence), "{sentence}: {}", mail.text);
        assert!(ada.recovery_codes.iter().all(|code| !mail.text.contains(code)), "{}", mail.text);
    }
    assert_eq!(mails.len(), 4);
}

#[tokio::test]
async fn only_the_session_that_began_a_set_up_finishes_it() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    // Somebody who knows the password must not choose the secret that its owner confirms.
    let thief = server.log_in(&ada.email, PASSWORD).await;
    let set_up = thief.mutate(&server, &set_up_second_factor(PASSWORD)).await;
    let phone = Phone::scan(set_up["otpauthUri"].as_str().expect("an address"));
    let confirm = confirm_second_factor(&server.code(&phone));
    assert_refused_with(&ada.mutate(&server, &confirm).await, "set_up_expired");
    server.log_in(&ada.email, PASSWORD).await;
    assert_done(&thief.mutate(&server, &confirm).await);
}

#[tokio::test]
async fn a_set_up_ends_when_a_passkey_is_added() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    // Somebody who knows the password must not add an app to an account that has a second factor since.
    let thief = server.log_in(&ada.email, PASSWORD).await;
    let phone = scan(&thief.mutate(&server, &set_up_second_factor(PASSWORD)).await);
    server.add_passkey(&ada, &mut SecurityKey::new(), "a key").await;
    let confirm = confirm_second_factor(&server.code(&phone));
    assert_refused_with(&thief.mutate(&server, &confirm).await, "set_up_expired");
    let again = thief.mutate(&server, &set_up_second_factor(PASSWORD)).await;
    assert_refused_with(&again, "second_factor_required");
    server.add_app(ada).await;
}
