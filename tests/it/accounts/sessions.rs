//! Sessions and their tokens.

mod cleanup;
mod client_address;
mod list;
mod migrations;
mod model;
mod refresh;
mod revoke;

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use pledge4future_auth::accounts::admin;
use serde_json::{Value, json};

use crate::support::access_token::django_token;
use crate::support::database::Database;
use crate::support::mutation::{
    archive_account, change_password, delete_account, mutation, revoke_token, verify_token,
};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused_with};
use crate::support::server::TestServer;

/// With the key of [`access_token`].
const QUIET: &str =
    "limits.enabled = false\nmail.notices = false\nsecret_key = \"a-key-that-django-signed-with-too\"\n";

/// Returns the sessions of the account of a token.
async fn sessions(server: &TestServer, token: &str) -> Vec<Value> {
    let query = "{ sessions { id createdAt lastUsedAt userAgent address current } }";
    server.query(Some(token), query).await["sessions"].as_array().expect("a list").clone()
}

/// Returns the tokens of a successful refresh.
#[track_caller]
fn new_tokens(payload: &Value) -> (String, String) {
    assert_done(payload);
    let text = |field: &str| payload[field].as_str().expect("a token").to_owned();
    (text("token"), text("refreshToken"))
}

#[track_caller]
fn assert_not_refreshed(payload: &Value) {
    assert_refused_with(payload, "invalid_token");
    assert_eq!((&payload["token"], &payload["refreshToken"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_consumed_refresh_token_revokes_its_session_only() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.sign_up("ada").await;
    let phone = server.log_in(&laptop.email, PASSWORD).await;
    let refreshed = server.refresh(&laptop.refresh_token).await;
    let next = refreshed["refreshToken"].as_str().expect("a token");

    let revoke = revoke_token(&laptop.refresh_token).select("success errors revoked");
    let revoked = server.mutate(None, &revoke).await;
    assert_done(&revoked);
    assert_eq!(revoked["revoked"], server.now_seconds());
    assert_refused_with(&server.refresh(next).await, "invalid_token");
    assert_refused_with(&server.mutate(None, &revoke).await, "invalid_token");
    assert_done(&server.refresh(&phone.refresh_token).await);
}

#[tokio::test]
async fn tokens_expire() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let bo = server.sign_up("bo").await;

    server.advance(Duration::from_hours(24));
    assert_eq!(ada.me(&server).await["username"], "ada");
    server.advance(Duration::from_secs(1));
    assert_eq!(ada.me(&server).await, Value::Null);
    let verified = server.mutate(None, &verify_token(&ada.token)).await;
    assert_refused_with(&verified, "expired_token");

    assert_done(&server.refresh(&ada.refresh_token).await);
    server.advance(Duration::from_hours(6 * 24));
    assert_refused_with(&server.refresh(&bo.refresh_token).await, "invalid_token");
}

#[tokio::test]
async fn a_refreshed_session_ends_after_the_session_lifetime() {
    let server = TestServer::start(&format!("{QUIET}tokens.session_lifetime = \"10 days\"\n")).await;
    let ada = server.sign_up("ada").await;
    let day = Duration::from_hours(24);
    let mut token = ada.refresh_token;
    for days in [5, 4] {
        server.advance(day * days);
        let payload = server.refresh(&token).await;
        assert_done(&payload);
        token = payload["refreshToken"].as_str().expect("a token").to_owned();
    }
    server.advance(day + Duration::from_secs(1));
    assert_refused_with(&server.refresh(&token).await, "invalid_token");
    let again = server.log_in(&ada.email, PASSWORD).await;
    assert_eq!(sessions(&server, &again.token).await.len(), 1);
}

#[tokio::test]
async fn a_password_change_ends_every_other_session() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let phone = server.log_in(&ada.email, PASSWORD).await;
    let bo = server.sign_up("bo").await;

    let payload = ada
        .mutate(
            &server,
            &change_password(PASSWORD, OTHER_PASSWORD).select("success errors token refreshToken"),
        )
        .await;
    assert_done(&payload);
    for old in [&ada, &phone] {
        assert_eq!(old.me(&server).await, Value::Null);
        assert_refused_with(&server.refresh(&old.refresh_token).await, "invalid_token");
    }
    assert_eq!(server.account_of(payload["token"].as_str().expect("a token")).await["username"], "ada");
    assert_done(&server.refresh(payload["refreshToken"].as_str().expect("a token")).await);
    assert_refused_with(&server.try_log_in(&ada.email, PASSWORD).await, "invalid_credentials");
    server.log_in(&ada.email, OTHER_PASSWORD).await;
    assert_eq!(bo.me(&server).await["username"], "bo");
}

#[tokio::test]
async fn reset_archiving_and_deletion_end_every_session() {
    let server = TestServer::start(QUIET).await;
    for (name, closing) in [("ada", "reset"), ("bo", "archiveAccount"), ("cleo", "deleteAccount")] {
        let person = server.sign_up(name).await;
        let closed = if closing == "reset" {
            let link = server.request_reset(&person.email).await;
            server.reset_password(&link, OTHER_PASSWORD).await
        } else {
            person.mutate(&server, &mutation(closing, json!({ "password": PASSWORD }))).await
        };
        assert_done(&closed);
        assert_eq!(person.me(&server).await, Value::Null, "{closing}");
        assert_refused_with(&server.refresh(&person.refresh_token).await, "invalid_token");
        let verified = server.mutate(None, &verify_token(&person.token)).await;
        assert_refused_with(&verified, "invalid_token");
    }
}

#[tokio::test]
async fn only_the_correct_password_unarchives_an_account() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    assert_done(&ada.mutate(&server, &archive_account(PASSWORD)).await);
    let bo = server.sign_up("bo").await;
    let archived = "{ users(username: \"ada\") { edges { node { archived } } } }";
    let is_archived = |data: Value| data["users"]["edges"][0]["node"]["archived"].clone();

    server.try_log_in(&ada.email, OTHER_PASSWORD).await;
    assert_eq!(is_archived(server.query(Some(&bo.token), archived).await), true);
    let payload = server.try_log_in(&ada.email, PASSWORD).await;
    assert_eq!(payload["unarchiving"], true);
    assert_eq!(is_archived(server.query(Some(&bo.token), archived).await), false);
    assert_eq!(server.try_log_in(&ada.email, PASSWORD).await["unarchiving"], false);
}

#[tokio::test]
async fn a_token_of_django_is_valid_until_the_password_changes() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    server.advance(Duration::from_secs(10));
    let token = django_token(&ada.email, server.now_seconds());
    assert_eq!(server.account_of(&token).await["username"], "ada");

    server.advance(Duration::from_secs(10));
    assert_done(&ada.mutate(&server, &change_password(PASSWORD, OTHER_PASSWORD)).await);
    assert_eq!(server.account_of(&token).await, Value::Null);
    let verified = server.mutate(None, &verify_token(&token)).await;
    assert_refused_with(&verified, "invalid_token");
}

#[tokio::test]
async fn a_token_of_django_is_invalid_for_a_later_account() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let early = django_token(&ada.email, server.now_seconds() - 3600);
    assert_eq!(
        server.account_of(&early).await["username"],
        "ada",
        "a token older than the account is refused"
    );
    assert_done(&ada.mutate(&server, &delete_account(PASSWORD)).await);

    server.advance(Duration::from_mins(1));
    let next = server.sign_up("ada").await;
    assert_eq!(server.account_of(&early).await, Value::Null);
    let late = django_token(&next.email, server.now_seconds());
    assert_eq!(server.account_of(&late).await["username"], "ada");
}

#[tokio::test]
async fn a_token_of_django_ends_when_an_operator_changes_the_address() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let token = django_token(&ada.email, server.now_seconds() - 3600);
    assert_eq!(server.account_of(&token).await["username"], "ada");
    assert!(server.run(|app| admin::set_email(app, "ada", "ada@new.example", true)).is_ok());
    assert_eq!(server.account_of(&token).await, Value::Null);
    // Another account may use the address now.
    let email = ada.email.clone();
    let next = admin::Creation { email, is_verified: true, ..admin::Creation::default() };
    assert!(server.run(|app| admin::create(app, &next)).is_ok());
    assert_eq!(server.account_of(&token).await, Value::Null);
}

#[tokio::test]
async fn only_the_authorization_header_authenticates() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    for (header, value, expected) in [
        ("Authorization", format!("JWT {}", ada.token), true),
        ("Authorization", format!("bearer {}", ada.token), true),
        ("Authorization", format!("Basic {}", ada.token), false),
        ("Authorization", ada.token.clone(), false),
        ("Cookie", format!("JWT={}", ada.token), false),
        ("X-Authorization", format!("JWT {}", ada.token), false),
    ] {
        let request = server.raw(reqwest::Method::POST, "/graphql/").header(header, &value);
        let reply = request.json(&json!({ "query": "{ me { username } }" })).send().await.expect("a reply");
        let body: Value = reply.json().await.expect("JSON");
        assert_eq!(body["data"]["me"]["username"] == "ada", expected, "{header}: {value}");
    }
}

#[tokio::test]
async fn a_login_does_not_authenticate_the_rest_of_its_request() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let query = "mutation ($email: String, $password: String!) { \
        tokenAuth(email: $email, password: $password) { success } \
        updateAccount(firstName: \"Eve\") { success errors } }";
    let variables = json!({ "email": ada.email, "password": PASSWORD });
    let data = server.query_with(None, query, variables).await;
    assert_eq!(data["tokenAuth"]["success"], true);
    assert_refused_with(&data["updateAccount"], "unauthenticated");
    assert_eq!(ada.me(&server).await["firstName"], "");
}

#[tokio::test]
async fn no_secret_of_a_session_is_stored_in_clear() {
    let server = TestServer::start(QUIET).await;
    let ada: Person = server.sign_up("ada").await;
    let Person { token, refresh_token, .. } = &ada;
    let mut bytes = server.rows().join("\n").into_bytes();
    if let Database::Sqlite(file) = server.database() {
        bytes.extend(std::fs::read(file).expect("a database"));
        bytes.extend(std::fs::read(file.with_extension("sqlite3-wal")).unwrap_or_default());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("ada@example.org"), "the database file does not contain the address");
    for secret in [token.as_str(), refresh_token.as_str(), PASSWORD] {
        assert!(!holds(secret));
    }
}

#[tokio::test]
async fn queued_logins_do_not_delay_authenticated_requests() {
    let slow = "passwords.hashing_threads = 1\npasswords.memory = \"19 MiB\"\npasswords.iterations = 4\n";
    let server = TestServer::start(&format!("{slow}{QUIET}")).await;
    let ada = server.sign_up("ada").await;

    let mut logins: FuturesUnordered<_> =
        (0..20).map(|_| server.try_log_in(&ada.email, OTHER_PASSWORD)).collect();
    logins.next().await.expect("the first of them");
    let mut answered = 1;
    let me = ada.me(&server);
    tokio::pin!(me);
    let me = loop {
        tokio::select! {
            me = &mut me => break me,
            Some(_) = logins.next() => answered += 1,
        }
    };
    assert_eq!(me["username"], "ada");
    assert!(answered < 10, "{answered} of 20 were processed first");
    while let Some(payload) = logins.next().await {
        assert_refused_with(&payload, "invalid_credentials");
    }
}
