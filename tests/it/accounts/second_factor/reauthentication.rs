//! Changes of accounts with a second factor, and new passwords.

use std::time::Duration;

use serde_json::{Value, json};

use super::QUIET;
use crate::support::mutation::{
    Mutation, archive_account, change_password, delete_account, mutation, remove_secondary_email,
    request_secondary_email, swap_emails,
};
use crate::support::person::{
    OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused, assert_refused_with,
};
use crate::support::second_factor::{
    AppOwner, STEP, assert_no_tokens, log_in_with_code, start_passkey_registration,
};
use crate::support::server::TestServer;

const WITH_TOKENS: &str = "success errors token refreshToken";

fn export() -> Mutation {
    mutation("exportMyData", json!({ "password": PASSWORD })).select("success errors data")
}

/// The changes that need a code, in an order in which all are possible.
fn changes() -> [(&'static str, Mutation); 8] {
    [
        ("password", export()),
        ("password", start_passkey_registration(PASSWORD)),
        ("password", request_secondary_email("ada@third.example", PASSWORD)),
        ("password", swap_emails(PASSWORD)),
        ("password", remove_secondary_email(PASSWORD)),
        ("oldPassword", change_password(PASSWORD, PASSWORD).select(WITH_TOKENS)),
        ("password", archive_account(PASSWORD)),
        ("password", delete_account(PASSWORD)),
    ]
}

/// An owner of an app, whose account also has a secondary address.
async fn sign_up(server: &TestServer) -> AppOwner {
    let person = server.sign_up("ada").await;
    person.add_secondary_email(server, "ada@elsewhere.example").await;
    server.add_app(person).await
}

#[tokio::test]
async fn changes_need_a_code_five_minutes_after_a_login() {
    let server = TestServer::start(QUIET).await;
    let ada = sign_up(&server).await;
    let person = ada.log_in(&server).await;
    server.advance(Duration::from_secs(5 * 60 + 1));
    let accounts = server.rows_of("accounts");
    for (field, change) in changes() {
        let missing = person.mutate(&server, &change).await;
        assert_refused_with(&missing, "second_factor_required");
        let empty = person.mutate(&server, &change.clone().with("code", "")).await;
        assert_refused_with(&empty, "second_factor_required");
        let wrong = change.clone().with("code", server.wrong_code(&ada.phone));
        let wrong = person.mutate(&server, &wrong).await;
        assert_refused(&wrong, "code", "invalid_code");
        for payload in [&missing, &empty, &wrong] {
            assert!(payload["token"].is_null() && payload["data"].is_null(), "{payload}");
            assert!(payload["challenge"].is_null(), "{payload}");
        }
        let code = server.next_code(&ada.phone);
        let wrong = change.clone().with(field, "wrong").with("code", code.as_str());
        assert_refused(&person.mutate(&server, &wrong).await, field, "invalid_password");
        assert_done(&ada.log_in_with(&server, &code).await);
    }
    assert_eq!(server.rows_of("accounts"), accounts);
}

#[tokio::test]
async fn changes_are_accepted_with_a_code() {
    let server = TestServer::start(QUIET).await;
    let ada = sign_up(&server).await;
    let mut person = ada.log_in(&server).await;
    for (_, change) in changes() {
        server.advance(Duration::from_secs(5 * 60 + 1));
        let code = server.next_code(&ada.phone);
        assert_done(&person.mutate(&server, &change.with("code", code)).await);
        person = log_in_again(&server, &ada).await.unwrap_or(person);
    }
    assert_eq!(server.count_accounts(), 0);
    server.ignore_mail();
}

/// Logs in after a change that may have ended the session, or swapped the addresses. Returns `None` if the account is erased.
async fn log_in_again(server: &TestServer, owner: &AppOwner) -> Option<Person> {
    for email in [owner.person.email.as_str(), "ada@elsewhere.example"] {
        let payload = server.mutate(None, &log_in_with_code(email, &server.next_code(&owner.phone))).await;
        if payload["success"] == true {
            return Some(Person::new(email, &payload));
        }
    }
    None
}

#[tokio::test]
async fn changes_need_no_code_within_five_minutes_of_a_login_with_one() {
    let server = TestServer::start(QUIET).await;
    let ada = sign_up(&server).await;
    let mut person = ada.log_in(&server).await;
    for (_, change) in changes() {
        server.advance(Duration::from_mins(5));
        assert_done(&person.mutate(&server, &change).await);
        person = log_in_again(&server, &ada).await.unwrap_or(person);
    }
    assert_eq!(server.count_accounts(), 0);
    server.ignore_mail();
}

#[tokio::test]
async fn a_recovery_code_confirms_a_change() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    server.advance(Duration::from_mins(6));
    let export = export().with("code", ada.recovery_codes[0].as_str());
    assert_done(&ada.person.mutate(&server, &export).await);
    assert_refused(&ada.person.mutate(&server, &export).await, "code", "invalid_code");
}

#[tokio::test]
async fn a_session_that_began_with_the_password_alone_needs_a_code() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.sign_up("ada").await;
    let phone = server.log_in(&laptop.email, PASSWORD).await;
    let ada = server.add_app(laptop).await;
    assert_done(&ada.person.mutate(&server, &export()).await);
    assert_refused_with(&phone.mutate(&server, &export()).await, "second_factor_required");
    let with_code = export().with("code", server.next_code(&ada.phone));
    assert_done(&phone.mutate(&server, &with_code).await);
    // A code for one change does not confirm the session.
    assert_refused_with(&phone.mutate(&server, &export()).await, "second_factor_required");
}

#[tokio::test]
async fn neither_a_refresh_nor_a_password_counts_as_a_second_factor() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let person = ada.log_in(&server).await;
    server.advance(Duration::from_mins(4));
    let refreshed = Person::new(&person.email, &server.refresh(&person.refresh_token).await);
    // The new session is not newer than the last code.
    let change = change_password(PASSWORD, OTHER_PASSWORD).select(WITH_TOKENS);
    let changed = Person::new(&person.email, &refreshed.mutate(&server, &change).await);
    let export = export().with("password", OTHER_PASSWORD);
    assert_done(&changed.mutate(&server, &export).await);
    server.advance(Duration::from_mins(1) + Duration::from_secs(1));
    assert_refused_with(&changed.mutate(&server, &export).await, "second_factor_required");
}

#[tokio::test]
async fn a_reset_by_mail_keeps_the_second_factor() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let link = server.request_reset(&ada.person.email).await;
    assert_done(&server.reset_password(&link, OTHER_PASSWORD).await);
    let payload = server.try_log_in(&ada.person.email, OTHER_PASSWORD).await;
    assert_refused_with(&payload, "second_factor_required");
    assert_no_tokens(&payload);
    let overview = ada.person.query(&server, "{ me { email } }").await;
    assert_eq!(overview["me"], Value::Null);
    server.advance(STEP);
    let login = log_in_with_code(&ada.person.email, &server.code(&ada.phone));
    assert_done(&server.mutate(None, &login.with("password", OTHER_PASSWORD)).await);
    let login = log_in_with_code(&ada.person.email, &ada.recovery_codes[0]);
    assert_done(&server.mutate(None, &login.with("password", OTHER_PASSWORD)).await);
}

#[tokio::test]
async fn a_weak_new_password_uses_up_no_code() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    server.advance(Duration::from_hours(1));
    let change = |new: &str| change_password(PASSWORD, new).with("code", ada.recovery_codes[0].as_str());
    assert_refused(
        &ada.person.mutate(&server, &change("Lisa77!")).await,
        "newPassword2",
        "password_too_short",
    );
    assert_eq!(server.rows_of("recovery_codes").len(), 10);
    assert_done(&ada.person.mutate(&server, &change(OTHER_PASSWORD)).await);
}
