//! Sites that require second factors.

use std::time::Duration;

use pledge4future_auth::accounts::admin;
use serde_json::Value;

use super::store_app;
use crate::groups::create;
use crate::support::SEED;
use crate::support::mutation::{change_password, register};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused_with};
use crate::support::second_factor::{assert_no_tokens, log_in_with_code, remove_second_factor};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

const FOR_ALL: &str = "mail.notices = false\nsecond_factor.required_for = \"all\"\n";
const FOR_STAFF: &str = "mail.notices = false\nsecond_factor.required_for = \"staff\"\n";
const MESSAGE: &str = "This site requires a second factor. Set one up on http://localhost:8000/account/second-factor, \
     then log in again.";

#[track_caller]
fn assert_missing(payload: &Value) {
    assert_refused_with(payload, "second_factor_missing");
    assert_eq!(payload["errors"]["nonFieldErrors"][0]["message"], MESSAGE);
    assert_no_tokens(payload);
}

fn set_staff(server: &TestServer, person: &Person, is_staff: bool) {
    assert!(server.run(|app| admin::set_staff(app, &person.email, is_staff)).is_ok());
}

#[tokio::test]
async fn an_account_without_a_required_factor_begins_no_session() {
    let server = TestServer::start(FOR_ALL).await;
    let email = server.register_verified("ada").await;
    assert_missing(&server.try_log_in(&email, PASSWORD).await);
    assert_missing(&server.mutate(None, &log_in_with_code(&email, "123456")).await);
    assert_refused_with(&server.try_log_in(&email, OTHER_PASSWORD).await, "invalid_credentials");
    assert_eq!(server.count_sessions(), (0, 0));

    let phone = store_app(&server, 1);
    assert_refused_with(&server.try_log_in(&email, PASSWORD).await, "second_factor_required");
    let payload = server.mutate(None, &log_in_with_code(&email, &server.code(&phone))).await;
    let ada = Person::new(&email, &payload);
    let required = ada.query(&server, "{ secondFactor { required } }").await;
    assert_eq!(required["secondFactor"]["required"], true);
    assert_done(&server.refresh(&ada.refresh_token).await);
}

#[tokio::test]
async fn a_registration_returns_no_tokens_if_a_factor_is_required() {
    for (settings, has_tokens) in [(FOR_ALL, false), (FOR_STAFF, true)] {
        let server = TestServer::start(&format!("{settings}accounts.login_unverified = true\n")).await;
        let register = register("ada@example.org", PASSWORD).select("success errors token refreshToken");
        let payload = server.mutate(None, &register).await;
        assert_done(&payload);
        assert_eq!(payload["token"].is_string(), has_tokens, "{payload}");
        assert_eq!(payload["refreshToken"].is_string(), has_tokens, "{payload}");
        assert_eq!(server.count_sessions().0, usize::from(has_tokens));
        server.ignore_mail();
    }
}

#[tokio::test]
async fn a_requirement_for_staff_concerns_only_staff_and_representatives() {
    let server = TestServer::start(FOR_STAFF).await;
    let mut seed: Value = serde_json::from_str(SEED).expect("JSON");
    seed["users"] = serde_json::json!([]);
    server.import(&seed.to_string());
    let [ada, bo, cleo] = server.sign_up_all(["ada", "bo", "cleo"]).await;
    set_staff(&server, &ada, true);
    let group = create("Tidal pools", "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01", true);
    assert_done(&bo.mutate(&server, &group).await);
    for person in [&ada, &bo] {
        assert_missing(&server.try_log_in(&person.email, PASSWORD).await);
        assert_missing(&server.refresh(&person.refresh_token).await);
    }
    server.log_in(&cleo.email, PASSWORD).await;
    assert_done(&server.refresh(&cleo.refresh_token).await);
    let required = cleo.query(&server, "{ secondFactor { required } }").await;
    assert_eq!(required["secondFactor"]["required"], false);
    server.ignore_mail();
}

#[tokio::test]
async fn a_rejected_refresh_does_not_consume_the_token() {
    let server = TestServer::start(FOR_STAFF).await;
    let ada = server.sign_up("ada").await;
    set_staff(&server, &ada, true);
    for _ in 0..3 {
        assert_missing(&server.refresh(&ada.refresh_token).await);
        server.advance(Duration::from_mins(2));
    }
    // The session that is left can be used to set up an app, and then goes on.
    let owner = server.add_app(ada.clone()).await;
    let ada = Person::new(&ada.email, &server.refresh(&ada.refresh_token).await);
    assert_eq!(ada.me(&server).await["username"], "ada");
    owner.log_in(&server).await;
}

#[tokio::test]
async fn a_new_password_does_not_replace_a_required_factor() {
    let server = TestServer::start(FOR_STAFF).await;
    let ada = server.sign_up("ada").await;
    set_staff(&server, &ada, true);
    let change = change_password(PASSWORD, OTHER_PASSWORD).select("success errors token refreshToken");
    assert_missing(&ada.mutate(&server, &change).await);
    assert_missing(&server.try_log_in(&ada.email, PASSWORD).await);
}

#[tokio::test]
async fn a_required_factor_that_is_lost_can_be_replaced() {
    let server = TestServer::start(FOR_ALL).await;
    let email = server.register_verified("ada").await;
    let phone = store_app(&server, 1);
    let login = log_in_with_code(&email, &server.code(&phone));
    let ada = Person::new(&email, &server.mutate(None, &login).await);
    let remove = remove_second_factor(PASSWORD, &server.next_code(&phone));
    assert_done(&ada.mutate(&server, &remove).await);
    for table in ["authenticators", "recovery_codes"] {
        assert_eq!(server.rows_of(table), [] as [String; 0], "{table}");
    }
    assert_missing(&server.try_log_in(&email, PASSWORD).await);
    assert_missing(&server.refresh(&ada.refresh_token).await);

    let replaced = server.add_app(ada).await;
    let person = replaced.log_in(&server).await;
    let mut key = SecurityKey::new();
    server.add_passkey(&person, &mut key, "a key").await;
    let remove = super::super::passkeys::remove(&key.credential_id());
    assert_done(&person.mutate(&server, &remove).await);
    replaced.log_in(&server).await;
}
