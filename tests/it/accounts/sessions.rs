//! Tokens and sessions: whom they let in, and what ends them.

mod cleanup;
mod client_names;
mod list;
mod migrations;
mod model;
mod refresh;
mod revoke;

use std::time::Duration;

use pledge4future_auth::accounts::admin;
use pledge4future_auth::tokens::SigningKey;
use pledge4future_auth::tokens::access;
use serde_json::{Value, json};

use crate::support::person::{OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused};
use crate::support::server::TestServer;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

const QUIET: &str =
    "limits.enabled = false\nmail.notices = false\nsecret_key = \"a-key-that-django-signed-with-too\"\n";

fn change(old: &str, new: &str) -> String {
    format!("passwordChange(oldPassword: {old:?}, newPassword1: {new:?}, newPassword2: {new:?})")
}

/// A token as Django issues it: no claims of ours.
fn django_token(email: &str, issued_at: i64) -> String {
    let key = SigningKey::new("a-key-that-django-signed-with-too".to_owned().into());
    let claims = json!({ "email": email, "exp": issued_at + 86_400, "origIat": issued_at });
    access::sign(&key, &claims).expect("a token")
}

async fn who(server: &TestServer, token: &str) -> Value {
    server.ask(Some(token), "{ me { username } }").await["me"].clone()
}

/// The sessions that the server shows to whoever has a token.
async fn sessions(server: &TestServer, token: &str) -> Vec<Value> {
    let query = "{ sessions { id createdAt lastUsedAt userAgent address current } }";
    server.ask(Some(token), query).await["sessions"].as_array().expect("a list").clone()
}

/// What a refresh answered, which must have worked.
#[track_caller]
fn renewed(payload: &Value) -> (String, String) {
    assert_done(payload);
    let text = |field: &str| payload[field].as_str().expect("a token").to_owned();
    (text("token"), text("refreshToken"))
}

#[track_caller]
fn assert_not_renewed(payload: &Value) {
    assert_refused(payload, "nonFieldErrors", "invalid_token");
    assert_eq!((&payload["token"], &payload["refreshToken"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn revoking_ends_one_session_also_by_a_token_that_was_turned_in() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.joins("ada").await;
    let phone = server.logs_in(&laptop.email, PASSWORD).await;
    let refreshed = server.refreshes(&laptop.refresh_token).await;
    let next = refreshed["refreshToken"].as_str().expect("a token");

    let revoke =
        format!("revokeToken(refreshToken: {:?}) {{ success errors revoked }}", laptop.refresh_token);
    let revoked = server.mutate(None, &revoke).await;
    assert_done(&revoked);
    assert_eq!(revoked["revoked"], server.now_seconds());
    assert_refused(&server.refreshes(next).await, "nonFieldErrors", "invalid_token");
    assert_refused(&server.mutate(None, &revoke).await, "nonFieldErrors", "invalid_token");
    assert_done(&server.refreshes(&phone.refresh_token).await);
}

#[tokio::test]
async fn tokens_end_when_their_time_is_over() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    let bo = server.joins("bo").await;

    server.advance(Duration::from_hours(24));
    assert_eq!(ada.me(&server).await["username"], "ada");
    server.advance(Duration::from_secs(1));
    assert_eq!(ada.me(&server).await, Value::Null);
    let verified = server.mutate(None, &format!("verifyToken(token: {:?})", ada.token)).await;
    assert_refused(&verified, "nonFieldErrors", "expired_token");

    assert_done(&server.refreshes(&ada.refresh_token).await);
    server.advance(Duration::from_hours(6 * 24));
    assert_refused(&server.refreshes(&bo.refresh_token).await, "nonFieldErrors", "invalid_token");
}

#[tokio::test]
async fn a_session_ends_when_it_has_lasted_long_enough_however_often_it_is_refreshed() {
    let server = TestServer::start(&format!("{QUIET}tokens.session_lifetime = \"10 days\"\n")).await;
    let ada = server.joins("ada").await;
    let day = Duration::from_hours(24);
    let mut token = ada.refresh_token;
    for days in [5, 4] {
        server.advance(day * days);
        let payload = server.refreshes(&token).await;
        assert_done(&payload);
        token = payload["refreshToken"].as_str().expect("a token").to_owned();
    }
    server.advance(day + Duration::from_secs(1));
    assert_refused(&server.refreshes(&token).await, "nonFieldErrors", "invalid_token");
    let again = server.logs_in(&ada.email, PASSWORD).await;
    assert_eq!(sessions(&server, &again.token).await.len(), 1);
}

#[tokio::test]
async fn a_change_of_password_ends_every_token_but_those_it_answers_with() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    let phone = server.logs_in(&ada.email, PASSWORD).await;
    let bo = server.joins("bo").await;

    let mutation = format!("{} {{ success errors token refreshToken }}", change(PASSWORD, OTHER_PASSWORD));
    let payload = ada.does(&server, &mutation).await;
    assert_done(&payload);
    for old in [&ada, &phone] {
        assert_eq!(old.me(&server).await, Value::Null);
        assert_refused(&server.refreshes(&old.refresh_token).await, "nonFieldErrors", "invalid_token");
    }
    assert_eq!(who(&server, payload["token"].as_str().expect("a token")).await["username"], "ada");
    assert_done(&server.refreshes(payload["refreshToken"].as_str().expect("a token")).await);
    assert_refused(
        &server.tries_to_log_in(&ada.email, PASSWORD).await,
        "nonFieldErrors",
        "invalid_credentials",
    );
    server.logs_in(&ada.email, OTHER_PASSWORD).await;
    assert_eq!(bo.me(&server).await["username"], "bo");
}

#[tokio::test]
async fn a_reset_archiving_and_deleting_end_every_token() {
    let server = TestServer::start(QUIET).await;
    for (name, closing) in [("ada", "reset"), ("bo", "archiveAccount"), ("cleo", "deleteAccount")] {
        let person = server.joins(name).await;
        let closed = if closing == "reset" {
            let link = server.asks_for_a_reset(&person.email).await;
            server.resets(&link, OTHER_PASSWORD).await
        } else {
            person.does(&server, &format!("{closing}(password: {PASSWORD:?})")).await
        };
        assert_done(&closed);
        assert_eq!(person.me(&server).await, Value::Null, "{closing}");
        assert_refused(&server.refreshes(&person.refresh_token).await, "nonFieldErrors", "invalid_token");
        let verified = server.mutate(None, &format!("verifyToken(token: {:?})", person.token)).await;
        assert_refused(&verified, "nonFieldErrors", "invalid_token");
    }
}

#[tokio::test]
async fn a_wrong_password_leaves_an_account_in_the_archive_and_the_right_one_takes_it_out() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    assert_done(&ada.does(&server, &format!("archiveAccount(password: {PASSWORD:?})")).await);
    let bo = server.joins("bo").await;
    let archived = "{ users(username: \"ada\") { edges { node { archived } } } }";
    let is_archived = |data: Value| data["users"]["edges"][0]["node"]["archived"].clone();

    server.tries_to_log_in(&ada.email, OTHER_PASSWORD).await;
    assert_eq!(is_archived(server.ask(Some(&bo.token), archived).await), true);
    let payload = server.tries_to_log_in(&ada.email, PASSWORD).await;
    assert_eq!(payload["unarchiving"], true);
    assert_eq!(is_archived(server.ask(Some(&bo.token), archived).await), false);
    assert_eq!(server.tries_to_log_in(&ada.email, PASSWORD).await["unarchiving"], false);
}

#[tokio::test]
async fn a_token_that_django_issued_is_good_until_the_password_changes_here() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    server.advance(Duration::from_secs(10));
    let token = django_token(&ada.email, server.now_seconds());
    assert_eq!(who(&server, &token).await["username"], "ada");

    server.advance(Duration::from_secs(10));
    assert_done(&ada.does(&server, &change(PASSWORD, OTHER_PASSWORD)).await);
    assert_eq!(who(&server, &token).await, Value::Null);
    let verified = server.mutate(None, &format!("verifyToken(token: {token:?})")).await;
    assert_refused(&verified, "nonFieldErrors", "invalid_token");
}

#[tokio::test]
async fn a_token_that_django_issued_does_not_open_the_account_of_who_took_the_address_later() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    let early = django_token(&ada.email, server.now_seconds() - 3600);
    assert_eq!(
        who(&server, &early).await["username"],
        "ada",
        "it may be older than the account, which was imported"
    );
    assert_done(&ada.does(&server, &format!("deleteAccount(password: {PASSWORD:?})")).await);

    server.advance(Duration::from_mins(1));
    let next = server.joins("ada").await;
    assert_eq!(who(&server, &early).await, Value::Null);
    let late = django_token(&next.email, server.now_seconds());
    assert_eq!(who(&server, &late).await["username"], "ada");
}

#[tokio::test]
async fn a_token_that_django_issued_ends_where_an_operator_changes_the_address() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    let token = django_token(&ada.email, server.now_seconds() - 3600);
    assert_eq!(who(&server, &token).await["username"], "ada");
    assert!(admin::set_email(server.app(), "ada", "ada@new.example", true).is_ok());
    assert_eq!(who(&server, &token).await, Value::Null);
    // Somebody else may have the address now.
    let email = ada.email.clone();
    let next = admin::Creation { email, is_verified: true, ..admin::Creation::default() };
    assert!(admin::create(server.app(), &next).is_ok());
    assert_eq!(who(&server, &token).await, Value::Null);
}

#[tokio::test]
async fn a_header_lets_in_by_either_scheme_and_nothing_else_does() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    for (header, value, expected) in [
        ("Authorization", format!("JWT {}", ada.token), true),
        ("Authorization", format!("bearer {}", ada.token), true),
        ("Authorization", format!("Basic {}", ada.token), false),
        ("Authorization", ada.token.clone(), false),
        ("Cookie", format!("JWT={}", ada.token), false),
        ("X-Authorization", format!("JWT {}", ada.token), false),
    ] {
        let request = server.raw(reqwest::Method::POST, "/graphql/").header(header, &value);
        let reply = request.json(&json!({ "query": "{ me { username } }" })).send().await.expect("an answer");
        let body: Value = reply.json().await.expect("JSON");
        assert_eq!(body["data"]["me"]["username"] == "ada", expected, "{header}: {value}");
    }
}

#[tokio::test]
async fn a_login_does_not_authenticate_the_rest_of_its_request() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    let query = format!(
        "mutation {{ tokenAuth(email: {:?}, password: {PASSWORD:?}) {{ success }} \
         updateAccount(firstName: \"Eve\") {{ success errors }} }}",
        ada.email
    );
    let data = server.ask(None, &query).await;
    assert_eq!(data["tokenAuth"]["success"], true);
    assert_refused(&data["updateAccount"], "nonFieldErrors", "unauthenticated");
    assert_eq!(ada.me(&server).await["firstName"], "");
}

#[tokio::test]
async fn no_secret_of_a_session_is_in_the_database_in_clear() {
    let server = TestServer::start(QUIET).await;
    let ada: Person = server.joins("ada").await;
    let Person { token, refresh_token, .. } = &ada;
    let mut bytes = std::fs::read(server.data().join("auth.sqlite3")).expect("a database");
    bytes.extend(std::fs::read(server.data().join("auth.sqlite3-wal")).unwrap_or_default());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("ada@example.org"), "the database is not what this test takes it for");
    for secret in [token.as_str(), refresh_token.as_str(), PASSWORD] {
        assert!(!holds(secret));
    }
}

#[tokio::test]
async fn logins_that_wait_for_their_turn_do_not_hold_up_who_is_in_already() {
    let slow = "passwords.hashing_threads = 1\npasswords.memory = \"19 MiB\"\npasswords.iterations = 4\n";
    let server = TestServer::start(&format!("{slow}{QUIET}")).await;
    let ada = server.joins("ada").await;

    let mut logins: FuturesUnordered<_> =
        (0..20).map(|_| server.tries_to_log_in(&ada.email, OTHER_PASSWORD)).collect();
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
    assert!(answered < 10, "{answered} of 20 were served first");
    while let Some(payload) = logins.next().await {
        assert_refused(&payload, "nonFieldErrors", "invalid_credentials");
    }
}
