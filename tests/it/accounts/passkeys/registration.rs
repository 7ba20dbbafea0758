//! Registering passkeys.

use std::time::Duration;

use serde_json::{Value, json};

use super::{QUIET, sign_up_with_passkey, unverified};
use crate::support::mutation::change_password;
use crate::support::person::{
    OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused, assert_refused_with,
};
use crate::support::second_factor::{
    ORIGIN, challenge_of, finish_passkey_registration, recovery_codes, start_passkey_login,
    start_passkey_registration,
};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

/// Begins a registration. Returns the challenge and the options.
async fn start(server: &TestServer, person: &Person) -> (String, Value) {
    let mut payload = person.mutate(server, &start_passkey_registration(PASSWORD)).await;
    assert_done(&payload);
    (challenge_of(&payload), payload["options"].take())
}

async fn finish(server: &TestServer, person: &Person, challenge: &str, answer: &Value) -> Value {
    person.mutate(server, &finish_passkey_registration(challenge, answer, "a key")).await
}

#[track_caller]
fn assert_no_passkeys(server: &TestServer) {
    for table in ["passkeys", "recovery_codes"] {
        assert_eq!(server.rows_of(table), [] as [String; 0], "{table}");
    }
}

#[tokio::test]
async fn a_passkey_is_registered_with_recovery_codes() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let mut key = SecurityKey::synced();
    let payload = server.add_passkey(&ada, &mut key, "  my phone ").await;
    let passkey = json!({
        "id": key.credential_id(),
        "name": "my phone",
        "createdAt": "2026-03-01T12:00:00+00:00",
        "lastUsedAt": null,
        "backedUp": true,
    });
    assert_eq!(payload["passkey"], passkey);
    assert_eq!(recovery_codes(&payload).len(), 10);
    let list = "{ secondFactor { authenticatorSince recoveryCodesLeft \
         passkeys { id name createdAt lastUsedAt backedUp } } }";
    let expected = json!({ "authenticatorSince": null, "recoveryCodesLeft": 10, "passkeys": [passkey] });
    assert_eq!(ada.query(&server, list).await["secondFactor"], expected);
    assert_eq!(server.audit_lines().last().map(String::as_str), Some("1 passkey_added owner"));
    let mails = server.mails_to(&ada.email);
    assert!(mails.last().expect("a mail").text.contains("A passkey was added to your account."));

    // The next one adds no codes, and the first ones are not shown again.
    let ada = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    let payload = server.add_passkey(&ada, &mut SecurityKey::new(), "another").await;
    assert_eq!((&payload["recoveryCodes"], &payload["passkey"]["backedUp"]), (&Value::Null, &json!(false)));
    assert_eq!(server.rows_of("recovery_codes").len(), 10);
    server.ignore_mail();
}

#[tokio::test]
async fn a_passkey_beside_an_app_adds_no_recovery_codes() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let payload = server.add_passkey(&ada.person, &mut SecurityKey::new(), "a key").await;
    assert_eq!(payload["recoveryCodes"], Value::Null);
    assert_done(&ada.log_in_with(&server, &ada.recovery_codes[0]).await);
}

#[tokio::test]
async fn a_registration_needs_a_login_and_the_password() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let start_with = start_passkey_registration;
    assert_refused_with(&server.mutate(None, &start_with(PASSWORD)).await, "unauthenticated");
    let wrong = ada.mutate(&server, &start_with(OTHER_PASSWORD)).await;
    assert_refused(&wrong, "password", "invalid_password");
    assert_eq!((&wrong["challenge"], &wrong["options"]), (&Value::Null, &Value::Null));
    let (challenge, options) = start(&server, &ada).await;
    let answer = SecurityKey::new().register(&options, ORIGIN);
    let anonymous = server.mutate(None, &finish_passkey_registration(&challenge, &answer, "a key")).await;
    assert_refused_with(&anonymous, "unauthenticated");
    assert_no_passkeys(&server);
    assert_done(&finish(&server, &ada, &challenge, &answer).await);
}

#[tokio::test]
async fn a_second_passkey_needs_the_first_second_factor() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let codes = recovery_codes(&server.add_passkey(&ada, &mut SecurityKey::new(), "a key").await);
    server.advance(Duration::from_mins(6));
    let again = start_passkey_registration(PASSWORD);
    assert_refused_with(&ada.mutate(&server, &again).await, "second_factor_required");
    let wrong = again.clone().with("code", "12345-67890");
    assert_refused(&ada.mutate(&server, &wrong).await, "code", "invalid_code");
    assert_done(&ada.mutate(&server, &again.with("code", codes[0].as_str())).await);
}

#[tokio::test]
async fn a_challenge_registers_one_passkey() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (challenge, options) = start(&server, &ada).await;
    let answer = SecurityKey::new().register(&options, ORIGIN);
    assert_done(&finish(&server, &ada, &challenge, &answer).await);
    let other = SecurityKey::new().register(&options, ORIGIN);
    for answer in [&answer, &other] {
        assert_refused_with(&finish(&server, &ada, &challenge, answer).await, "invalid_token");
    }
    assert_eq!(server.rows_of("passkeys").len(), 1);

    let (challenge, options) = start(&server, &ada).await;
    let answers = [(); 3].map(|()| SecurityKey::new().register(&options, ORIGIN));
    let requests = answers.iter().map(|answer| finish(&server, &ada, &challenge, answer));
    let payloads = futures_util::future::join_all(requests).await;
    assert_eq!(payloads.iter().filter(|payload| payload["success"] == true).count(), 1, "{payloads:?}");
    assert_eq!(server.rows_of("passkeys").len(), 2);
}

#[tokio::test]
async fn a_registration_expires_after_five_minutes() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (first, second) = (start(&server, &ada).await, start(&server, &ada).await);
    server.advance(Duration::from_secs(5 * 60 + 1));
    let answer = SecurityKey::new().register(&first.1, ORIGIN);
    assert_refused_with(&finish(&server, &ada, &first.0, &answer).await, "expired_token");
    server.set_back(Duration::from_secs(1));
    let answer = SecurityKey::new().register(&second.1, ORIGIN);
    assert_done(&finish(&server, &ada, &second.0, &answer).await);
}

#[tokio::test]
async fn wrong_answers_register_nothing() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (challenge, options) = start(&server, &ada).await;
    let (_, other_options) = start(&server, &ada).await;
    let (_, login_options) = server.start_passkey_login().await;
    let mut for_another_site = options.clone();
    for_another_site["rp"]["id"] = json!("evil.example");
    let answers = [
        SecurityKey::new().register(&other_options, ORIGIN),
        SecurityKey::new().register(&options, "https://localhost:8000"),
        SecurityKey::new().register(&options, "http://localhost:8001"),
        SecurityKey::new().register(&options, "http://localhost.evil.example:8000"),
        unverified(&SecurityKey::new()).register(&options, ORIGIN),
        SecurityKey::new().register(&for_another_site, ORIGIN),
        {
            let mut key = SecurityKey::new();
            key.register(&options, ORIGIN);
            key.log_in(&json!({ "challenge": login_options["challenge"], "rpId": "localhost" }), ORIGIN)
        },
        json!(null),
        json!({}),
        json!("x".repeat(20_000)),
    ];
    for answer in &answers {
        let payload = finish(&server, &ada, &challenge, answer).await;
        assert_refused_with(&payload, "invalid_passkey");
        assert_eq!(payload["passkey"], Value::Null);
    }
    assert_no_passkeys(&server);
    // The challenge is still good.
    let answer = SecurityKey::new().register(&options, ORIGIN);
    assert_done(&finish(&server, &ada, &challenge, &answer).await);
}

#[tokio::test]
async fn only_challenges_of_registrations_of_the_same_account_register() {
    let server = TestServer::start(QUIET).await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let owner = server.sign_up_with_app("cleo").await;
    let (challenge, options) = start(&server, &ada).await;
    let answer = SecurityKey::new().register(&options, ORIGIN);
    let (login, login_options) = server.start_passkey_login().await;
    let after_password = owner.challenge(&server).await;
    for (person, challenge) in [
        (&bo, challenge.as_str()),
        (&ada, login.as_str()),
        (&owner.person, after_password.as_str()),
        (&ada, ada.token.as_str()),
        (&ada, ada.refresh_token.as_str()),
        (&ada, ""),
        (&ada, &challenge[1..]),
    ] {
        assert_refused_with(&finish(&server, person, challenge, &answer).await, "invalid_token");
    }
    let mut forged = options.clone();
    forged["challenge"] = login_options["challenge"].clone();
    let answer = SecurityKey::new().register(&forged, ORIGIN);
    assert_refused_with(&finish(&server, &ada, &login, &answer).await, "invalid_token");
    assert_eq!(server.rows_of("passkeys"), [] as [String; 0]);
}

#[tokio::test]
async fn a_registration_ends_with_the_sessions_of_the_account() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let (challenge, options) = start(&server, &ada).await;
    let change = change_password(PASSWORD, OTHER_PASSWORD).select("success errors token refreshToken");
    let ada = Person::new(&ada.email, &ada.mutate(&server, &change).await);
    let answer = SecurityKey::new().register(&options, ORIGIN);
    assert_refused_with(&finish(&server, &ada, &challenge, &answer).await, "invalid_token");
    assert_no_passkeys(&server);
}

#[tokio::test]
async fn a_passkey_is_registered_once() {
    let server = TestServer::start(QUIET).await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let (challenge, options) = start(&server, &ada).await;
    let mut key = SecurityKey::new();
    let answer = key.register(&options, ORIGIN);
    assert_done(&finish(&server, &ada, &challenge, &answer).await);
    let ada = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    for (person, code) in [(&bo, "passkey_exists"), (&ada, "invalid_passkey")] {
        let (challenge, options) = start(&server, person).await;
        // Without an attestation, nothing binds the passkey to the challenge.
        let mut copied = answer.clone();
        let other = SecurityKey::new().register(&options, ORIGIN);
        copied["response"]["clientDataJSON"] = other["response"]["clientDataJSON"].clone();
        assert_refused_with(&finish(&server, person, &challenge, &copied).await, code);
    }
    assert_eq!(server.rows_of("passkeys").len(), 1);
    let owner = server.log_in_with_passkey(&mut key).await;
    assert_eq!(owner["user"]["email"], ada.email);
}

#[tokio::test]
async fn the_options_exclude_the_passkeys_of_the_account() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let ada = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    let (_, options) = start(&server, &ada).await;
    let excluded = options["excludeCredentials"].as_array().expect("a list");
    assert_eq!(excluded.len(), 1);
    assert_eq!(excluded[0]["id"], key.credential_id());
    assert_eq!((&options["rp"]["id"], &options["user"]["name"]), (&json!("localhost"), &json!(ada.email)));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["attestation"], "none");
    // Nobody learns from the options of a login who has an account.
    let payload = server.mutate(None, &start_passkey_login()).await;
    assert_eq!(payload["options"]["allowCredentials"], json!([]));
}

#[tokio::test]
async fn an_account_has_at_most_twenty_passkeys() {
    let server = TestServer::start(&format!("{QUIET}limits.enabled = false\n")).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let ada = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    for _ in 0..18 {
        server.add_passkey(&ada, &mut SecurityKey::new(), "a key").await;
    }
    let (first, second) = (start(&server, &ada).await, start(&server, &ada).await);
    let answer = SecurityKey::new().register(&first.1, ORIGIN);
    assert_done(&finish(&server, &ada, &first.0, &answer).await);
    let answer = SecurityKey::new().register(&second.1, ORIGIN);
    assert_refused_with(&finish(&server, &ada, &second.0, &answer).await, "too_many_passkeys");
    let payload = ada.mutate(&server, &start_passkey_registration(PASSWORD)).await;
    assert_refused_with(&payload, "too_many_passkeys");
    assert_eq!(server.rows_of("passkeys").len(), 20);
}

#[tokio::test]
async fn a_registration_ends_when_the_first_second_factor_is_added() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    // Somebody who knows the password must not add a passkey to an account that has a second factor since.
    let thief = server.log_in(&ada.email, PASSWORD).await;
    let mut key = SecurityKey::new();
    let (challenge, options) = start(&server, &thief).await;
    let answer = key.register(&options, ORIGIN);
    let owner = server.add_app(ada).await;
    assert_refused_with(&finish(&server, &thief, &challenge, &answer).await, "set_up_expired");
    assert_eq!(server.rows_of("passkeys"), [] as [String; 0]);

    let (challenge, options) = start(&server, &owner.person).await;
    let answer = key.register(&options, ORIGIN);
    server.add_passkey(&owner.person, &mut SecurityKey::new(), "another").await;
    assert_done(&finish(&server, &owner.person, &challenge, &answer).await);
}

#[tokio::test]
async fn a_session_in_which_a_passkey_was_added_counts_as_one_with_a_second_factor() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let other = server.log_in(&ada.email, PASSWORD).await;
    server.add_passkey(&ada, &mut SecurityKey::new(), "a key").await;
    let start = start_passkey_registration(PASSWORD);
    assert_done(&ada.mutate(&server, &start).await);
    assert_refused_with(&other.mutate(&server, &start).await, "second_factor_required");
    server.advance(Duration::from_mins(6));
    assert_refused_with(&ada.mutate(&server, &start).await, "second_factor_required");
}
