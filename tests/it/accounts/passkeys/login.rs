//! Logins with a passkey and without a password.

use std::time::Duration;

use futures_util::future::join_all;
use pledge4future_auth::accounts::admin;
use serde_json::{Value, json};

use super::{QUIET, forger, rejected, sign_up_with_passkey, unverified};
use crate::support::mutation::{archive_account, change_password};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused_with};
use crate::support::second_factor::{
    ORIGIN, assert_no_tokens, challenge_for, challenge_of, finish_passkey_registration, finish_with_passkey,
    start_passkey_registration,
};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_passkey_logs_in_without_a_password() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    server.sign_up("bo").await;
    server.advance(Duration::from_hours(1));
    let payload = server.log_in_with_passkey(&mut key).await;
    assert_eq!((&payload["user"]["email"], &payload["unarchiving"]), (&json!(ada.email), &json!(false)));
    assert_eq!((&payload["challenge"], &payload["passkeyOptions"]), (&Value::Null, &Value::Null));
    let person = Person::new(&ada.email, &payload);
    assert_eq!(person.me(&server).await["username"], "ada");
    assert_done(&server.refresh(&person.refresh_token).await);
    let used = person.query(&server, "{ secondFactor { passkeys { lastUsedAt } } }").await;
    assert_eq!(used["secondFactor"]["passkeys"][0]["lastUsedAt"], "2026-03-01T13:00:00+00:00");
}

async fn sign_up_with(server: &TestServer, key: &mut SecurityKey) {
    let name = if key.counts { "ada" } else { "bo" };
    let person = server.sign_up(name).await;
    server.add_passkey(&person, key, "a key").await;
}

#[tokio::test]
async fn an_answer_and_its_challenge_work_once() {
    let server = TestServer::start(QUIET).await;
    for mut key in [SecurityKey::new(), SecurityKey::synced()] {
        sign_up_with(&server, &mut key).await;
        let (challenge, options) = server.start_passkey_login().await;
        let answer = key.log_in(&options, ORIGIN);
        assert_done(&server.mutate(None, &finish_with_passkey(&challenge, &answer)).await);
        rejected(&server, &challenge, &answer).await;
        let another = key.log_in(&options, ORIGIN);
        assert_refused_with(&rejected(&server, &challenge, &another).await, "invalid_token");
        let (other_challenge, _) = server.start_passkey_login().await;
        let payload = rejected(&server, &other_challenge, &answer).await;
        assert_refused_with(&payload, "invalid_passkey");
    }
}

#[tokio::test]
async fn one_of_several_logins_with_one_challenge_succeeds() {
    let server = TestServer::start(QUIET).await;
    for mut key in [SecurityKey::new(), SecurityKey::synced()] {
        sign_up_with(&server, &mut key).await;
        let (challenge, options) = server.start_passkey_login().await;
        let answers = [(); 4].map(|()| key.log_in(&options, ORIGIN));
        let answers = answers.iter().chain([&answers[0]; 2]);
        let logins: Vec<_> = answers.map(|answer| finish_with_passkey(&challenge, answer)).collect();
        let payloads = join_all(logins.iter().map(|login| server.mutate(None, login))).await;
        let done = payloads.iter().filter(|payload| payload["success"] == true).count();
        assert_eq!(done, 1, "{payloads:?}");
        payloads.iter().filter(|payload| payload["success"] == false).for_each(assert_no_tokens);
    }
}

#[tokio::test]
async fn a_challenge_expires_after_five_minutes() {
    let server = TestServer::start(QUIET).await;
    let (_, mut key) = sign_up_with_passkey(&server, "ada").await;
    let (first, second) = (server.start_passkey_login().await, server.start_passkey_login().await);
    server.advance(Duration::from_mins(5));
    let login = finish_with_passkey(&first.0, &key.log_in(&first.1, ORIGIN));
    assert_done(&server.mutate(None, &login).await);
    server.advance(Duration::from_secs(1));
    for (challenge, options) in [first, second] {
        let payload = rejected(&server, &challenge, &key.log_in(&options, ORIGIN)).await;
        assert_refused_with(&payload, "expired_token");
    }
}

#[tokio::test]
async fn wrong_answers_begin_no_session() {
    let server = TestServer::start(QUIET).await;
    let (_, mut key) = sign_up_with_passkey(&server, "ada").await;
    let (challenge, options) = server.start_passkey_login().await;
    let (_, other_options) = server.start_passkey_login().await;
    let right = key.log_in(&options, ORIGIN);
    let with = |path: &str, value: Value| {
        let mut answer = right.clone();
        *answer.pointer_mut(path).expect("a member") = value;
        answer
    };
    let of_another_type = {
        let mut registered = SecurityKey::new();
        let mut options = options.clone();
        options["rp"] = json!({ "id": "localhost" });
        options["user"] = json!({ "id": right["response"]["userHandle"] });
        options["pubKeyCredParams"] = json!([{ "type": "public-key", "alg": -7 }]);
        registered.register(&options, ORIGIN)
    };
    let answers = [
        key.log_in(&other_options, ORIGIN),
        key.log_in(&options, "https://localhost:8000"),
        key.log_in(&options, "http://localhost:8001"),
        key.log_in(&options, "http://evil.localhost:8000"),
        forger(&key).log_in(&options, ORIGIN),
        unverified(&key).log_in(&options, ORIGIN),
        with("/response/signature", json!("")),
        with("/response/clientDataJSON", json!("e30")),
        with("/response/userHandle", Value::Null),
        with("/response/userHandle", json!("AAAA")),
        of_another_type,
        json!(null),
        json!([]),
    ];
    for answer in &answers {
        let payload = rejected(&server, &challenge, answer).await;
        assert_refused_with(&payload, "invalid_passkey");
    }
    // Another account claims the passkey.
    let bo = with("/response/userHandle", json!("AAAAAAAAAAAAAAAAAAAAAg"));
    assert_refused_with(&rejected(&server, &challenge, &bo).await, "unknown_passkey");
    // The challenge is still good.
    assert_done(&server.mutate(None, &finish_with_passkey(&challenge, &right)).await);
}

#[tokio::test]
async fn only_challenges_of_logins_with_passkeys_accept_an_answer() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let of_app = challenge_for(&server, &ada.person.email).await;
    let (bo, mut key) = sign_up_with_passkey(&server, "bo").await;
    let (_, options) = server.start_passkey_login().await;
    let answer = key.log_in(&options, ORIGIN);
    let reset = server.request_reset(&bo.email).await;
    let registration = crate::support::second_factor::start_passkey_registration(PASSWORD);
    let mut registration = ada.person.mutate(&server, &registration).await;
    let challenge = registration["challenge"].take();
    for forged in
        ["", "x", &of_app, challenge.as_str().expect("a challenge"), &bo.token, &bo.refresh_token, &reset]
    {
        assert_refused_with(&rejected(&server, forged, &answer).await, "invalid_token");
    }
}

#[tokio::test]
async fn accounts_that_may_not_log_in_cannot_use_their_passkey() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let (challenge, options) = server.start_passkey_login().await;
    assert!(server.run(|app| admin::set_active(app, &ada.email, false)).is_ok());
    let answer = key.log_in(&options, ORIGIN);
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "unknown_passkey");
    assert!(server.run(|app| admin::set_active(app, &ada.email, true)).is_ok());
    assert_done(&server.log_in_with_passkey(&mut key).await);

    // The new address is not confirmed yet.
    assert!(server.run(|app| admin::set_email(app, &ada.email, "ada@new.example", false)).is_ok());
    let payload = server.log_in_with_passkey(&mut key).await;
    assert_refused_with(&payload, "unknown_passkey");
    assert_no_tokens(&payload);
    server.ignore_mail();
}

#[tokio::test]
async fn unverified_accounts_use_their_passkey_if_they_may_log_in() {
    let server = TestServer::start(&format!("{QUIET}accounts.login_unverified = true\n")).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    assert!(server.run(|app| admin::set_email(app, &ada.email, "ada@new.example", false)).is_ok());
    assert_done(&server.log_in_with_passkey(&mut key).await);
    let login = crate::support::second_factor::log_in_without_code("ada@new.example");
    let asked = server.mutate(None, &login).await;
    let answer = key.log_in(&asked["passkeyOptions"], ORIGIN);
    let challenge = asked["challenge"].as_str().expect("a challenge");
    assert_done(&server.mutate(None, &finish_with_passkey(challenge, &answer)).await);
    server.ignore_mail();
}

#[tokio::test]
async fn a_passkey_unarchives_its_account() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let person = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    assert_done(&person.mutate(&server, &archive_account(PASSWORD)).await);
    assert_eq!(server.log_in_with_passkey(&mut key).await["unarchiving"], true);
    assert_eq!(server.log_in_with_passkey(&mut key).await["unarchiving"], false);
}

#[tokio::test]
async fn a_passkey_outlives_a_new_password() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let person = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    assert_done(&person.mutate(&server, &change_password(PASSWORD, OTHER_PASSWORD)).await);
    let link = server.request_reset(&ada.email).await;
    assert_done(&server.reset_password(&link, PASSWORD).await);
    let payload = server.try_log_in(&ada.email, PASSWORD).await;
    assert_refused_with(&payload, "second_factor_required");
    assert_done(&server.log_in_with_passkey(&mut key).await);
}

#[tokio::test]
async fn sites_below_the_domain_share_passkeys_and_others_do_not() {
    let own = "https://accounts.example.org";
    let server = TestServer::start(&format!(
        "{QUIET}public_url = {own:?}\nsecond_factor.passkey_domain = \"example.org\"\n\
         http.cors_origins = [\"https://www.example.org\", \"https://www.notexample.org\"]\n"
    ))
    .await;
    let ada = server.sign_up("ada").await;
    let mut key = SecurityKey::new();
    let started = ada.mutate(&server, &start_passkey_registration(PASSWORD)).await;
    let answer = key.register(&started["options"], "https://www.example.org");
    let finish = finish_passkey_registration(&challenge_of(&started), &answer, "a key");
    assert_done(&ada.mutate(&server, &finish).await);
    for (origin, is_accepted) in [
        (own, true),
        ("https://www.example.org", true),
        ("https://www.notexample.org", false),
        ("https://other.example.org", false),
        ("http://accounts.example.org", false),
    ] {
        let (challenge, options) = server.start_passkey_login().await;
        let payload =
            server.mutate(None, &finish_with_passkey(&challenge, &key.log_in(&options, origin))).await;
        assert_eq!(payload["success"], is_accepted, "{origin}: {payload}");
    }
}
