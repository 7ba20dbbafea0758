//! The claims of access tokens about the login.

use std::time::Duration;

use serde_json::{Value, json};

use super::QUIET;
use crate::support::mutation::{change_password, register};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, Person};
use crate::support::second_factor::{ORIGIN, STEP, challenge_of, finish_with_passkey, log_in_without_code};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

/// Returns the methods and the time of the login of an access token.
async fn login_of(server: &TestServer, token: &str) -> (Value, i64) {
    let claims = server.claims(token).await;
    (claims["amr"].clone(), claims["auth_time"].as_i64().expect("a time"))
}

/// Asserts what the access token of a person says, and what the one after a refresh says.
async fn assert_login(server: &TestServer, person: &Person, methods: &[&str], at: i64) {
    let expected = (json!(methods), at);
    assert_eq!(login_of(server, &person.token).await, expected);
    server.advance(Duration::from_hours(1));
    let refreshed = Person::new(&person.email, &server.refresh(&person.refresh_token).await);
    assert_eq!(login_of(server, &refreshed.token).await, expected);
}

#[tokio::test]
async fn tokens_name_the_methods_and_the_time_of_the_login() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    assert_login(&server, &ada, &["pwd"], server.now_seconds()).await;

    let owner = server.add_app(server.log_in(&ada.email, PASSWORD).await).await;
    let person = owner.log_in(&server).await;
    let mut key = SecurityKey::new();
    server.add_passkey(&person, &mut key, "a key").await;
    assert_login(&server, &person, &["pwd", "otp", "mfa"], server.now_seconds()).await;
    let challenge = owner.challenge(&server).await;
    let at = server.now_seconds();
    let payload = owner.finish(&server, &challenge, &owner.recovery_codes[0]).await;
    assert_login(&server, &Person::new(&ada.email, &payload), &["pwd", "otp", "mfa"], at).await;

    let at = server.now_seconds();
    let payload = server.log_in_with_passkey(&mut key).await;
    assert_login(&server, &Person::new(&ada.email, &payload), &["pop", "mfa"], at).await;

    let asked = server.mutate(None, &log_in_without_code(&ada.email)).await;
    server.advance(STEP);
    let answer = key.log_in(&asked["passkeyOptions"], ORIGIN);
    let at = server.now_seconds();
    let payload = server.mutate(None, &finish_with_passkey(&challenge_of(&asked), &answer)).await;
    assert_login(&server, &Person::new(&ada.email, &payload), &["pwd", "pop", "mfa"], at).await;
}

#[tokio::test]
async fn the_first_code_of_an_app_strengthens_its_session() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let other = server.log_in(&ada.email, PASSWORD).await;
    let at = server.now_seconds();
    server.advance(STEP);
    let owner = server.add_app(ada).await;
    for (person, methods) in [(&owner.person, json!(["pwd", "otp", "mfa"])), (&other, json!(["pwd"]))] {
        let refreshed = Person::new(&person.email, &server.refresh(&person.refresh_token).await);
        assert_eq!(login_of(&server, &refreshed.token).await, (methods, at));
    }
}

#[tokio::test]
async fn tokens_of_a_new_password_name_what_confirmed_it() {
    let server = TestServer::start(QUIET).await;
    let owner = server.sign_up_with_app("ada").await;
    server.advance(Duration::from_mins(10));
    let change = change_password(PASSWORD, OTHER_PASSWORD)
        .with("code", server.code(&owner.phone))
        .select("success errors token refreshToken");
    let at = server.now_seconds();
    let changed = Person::new(&owner.person.email, &owner.person.mutate(&server, &change).await);
    assert_login(&server, &changed, &["pwd", "otp", "mfa"], at).await;

    let bo = server.sign_up("bo").await;
    server.advance(STEP);
    let change = change_password(PASSWORD, OTHER_PASSWORD).select("success errors token refreshToken");
    let changed = Person::new(&bo.email, &bo.mutate(&server, &change).await);
    assert_login(&server, &changed, &["pwd"], server.now_seconds()).await;
}

#[tokio::test]
async fn tokens_of_a_registration_name_the_password() {
    let server = TestServer::start("mail.notices = false\naccounts.login_unverified = true\n").await;
    let email = "ada@example.org";
    let register = register(email, PASSWORD).select("success errors token refreshToken");
    let person = Person::new(email, &server.mutate(None, &register).await);
    assert_login(&server, &person, &["pwd"], server.now_seconds()).await;
    server.ignore_mail();
}
