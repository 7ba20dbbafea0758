//! Limits of wrong codes.

use std::time::Duration;

use serde_json::{Value, json};

use super::QUIET;
use crate::support::mutation::{Mutation, change_password, mutation};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::phone::Phone;
use crate::support::second_factor::{
    AppOwner, STEP, assert_no_tokens, challenge_for, confirm_second_factor, finish_with_code,
    log_in_with_code, remove_second_factor, renew_recovery_codes, set_up_second_factor,
};
use crate::support::server::TestServer;

/// The test is a trusted proxy, so that it can send requests of several clients.
const PROXY: &str = "http.trusted_proxies = [\"127.0.0.1\"]\nmail.notices = false\n";

/// Sends mutations, each from another address.
struct Attacker<'a> {
    server: &'a TestServer,
    token: Option<&'a str>,
    clients: std::cell::Cell<u32>,
}

impl<'a> Attacker<'a> {
    fn new(server: &'a TestServer, token: Option<&'a str>) -> Self {
        Self { server, token, clients: std::cell::Cell::new(0) }
    }

    /// Returns the payload and the value of `Retry-After`.
    async fn send(&self, mutation: &Mutation) -> (Value, Option<u64>) {
        let client = self.clients.get() + 1;
        self.clients.set(client);
        let address = format!("198.18.{}.{}", client / 256, client % 256);
        let mut request = self.server.graphql(&mutation.body()).header("X-Forwarded-For", address);
        if let Some(token) = self.token {
            request = request.header("Authorization", format!("JWT {token}"));
        }
        let reply = request.send().await.expect("a reply");
        let wait = reply.headers().get("retry-after");
        let wait = wait.map(|wait| wait.to_str().expect("a string").parse().expect("seconds"));
        let mut body: Value = reply.json().await.expect("JSON");
        (body["data"]["payload"].take(), wait)
    }
}

#[track_caller]
fn assert_throttled((payload, wait): &(Value, Option<u64>), seconds: u64) {
    assert_refused_with(payload, "too_many_attempts");
    assert_eq!(*wait, Some(seconds), "{payload}");
    assert!(payload["token"].is_null(), "{payload}");
}

#[track_caller]
fn assert_checked((payload, wait): &(Value, Option<u64>)) {
    assert_refused(payload, "code", "invalid_code");
    assert_eq!(*wait, None);
}

#[tokio::test]
async fn wrong_codes_are_counted_whatever_the_client() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up_with_app("ada").await;
    let bo = server.sign_up_with_app("bo").await;
    server.advance(STEP);
    let attacker = Attacker::new(&server, None);
    let wrong = log_in_with_code(&ada.person.email, &server.wrong_code(&ada.phone));
    for _ in 0..5 {
        assert_checked(&attacker.send(&wrong).await);
    }
    for (waited, next) in [(0, 30), (30, 60), (60, 120), (120, 240), (240, 480), (480, 960), (960, 1800)] {
        server.advance(Duration::from_secs(waited));
        if waited > 0 {
            assert_checked(&attacker.send(&wrong).await);
        }
        assert_throttled(&attacker.send(&wrong).await, next);
        // The right codes are rejected as well, and stay unused.
        for code in [&server.code(&ada.phone), &ada.recovery_codes[0]] {
            assert_throttled(&attacker.send(&log_in_with_code(&ada.person.email, code)).await, next);
        }
    }
    // Other accounts are not affected.
    assert_done(&attacker.send(&log_in_with_code(&bo.person.email, &server.code(&bo.phone))).await.0);
    server.advance(Duration::from_mins(30));
    let right = log_in_with_code(&ada.person.email, &ada.recovery_codes[0]);
    assert_done(&attacker.send(&right).await.0);
}

#[tokio::test]
async fn a_right_code_resets_the_count() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up_with_app("ada").await;
    let attacker = Attacker::new(&server, None);
    for round in 0..3 {
        for _ in 0..4 {
            let wrong = log_in_with_code(&ada.person.email, &server.wrong_code(&ada.phone));
            assert_checked(&attacker.send(&wrong).await);
        }
        let code = if round == 0 { ada.recovery_codes[0].clone() } else { server.next_code(&ada.phone) };
        assert_done(&attacker.send(&log_in_with_code(&ada.person.email, &code)).await.0);
    }
    assert_eq!(server.rows_of("attempts").iter().filter(|row| row.contains("codes-of:")).count(), 0);
}

#[tokio::test]
async fn the_right_password_does_not_reset_the_count_of_codes() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up_with_app("ada").await;
    let attacker = Attacker::new(&server, None);
    let wrong = server.wrong_code(&ada.phone);
    for _ in 0..5 {
        let challenge = ada.challenge(&server).await;
        assert_checked(&attacker.send(&finish_with_code(&challenge, &wrong)).await);
    }
    // The challenge is still given, and of no use.
    let challenge = ada.challenge(&server).await;
    let right = finish_with_code(&challenge, &ada.phone.code_at(server.now_seconds() + 30));
    assert_throttled(&attacker.send(&right).await, 30);
    server.advance(STEP);
    assert_done(&attacker.send(&right).await.0);
}

/// The mutations of an owner of an app that check a code.
fn with_code(code: &str) -> [Mutation; 9] {
    let with_password = |name: &str| mutation(name, json!({ "password": PASSWORD, "code": code }));
    [
        change_password(PASSWORD, OTHER_PASSWORD).with("code", code),
        with_password("exportMyData"),
        with_password("archiveAccount"),
        with_password("deleteAccount"),
        with_password("startPasskeyRegistration"),
        with_password("sendSecondaryEmailActivation").with("email", "ada@elsewhere.example"),
        with_password("removePasskey").with("id", "none"),
        remove_second_factor(PASSWORD, code),
        renew_recovery_codes(PASSWORD, code),
    ]
}

#[tokio::test]
async fn codes_of_all_mutations_have_one_counter() {
    let server = TestServer::start(PROXY).await;
    let AppOwner { person, phone, .. } = server.sign_up_with_app("ada").await;
    let challenge = challenge_for(&server, &person.email).await;
    let attacker = Attacker::new(&server, Some(&person.token));
    let all = |code: &str| {
        let logins = [log_in_with_code(&person.email, code), finish_with_code(&challenge, code)];
        [&logins[..], &with_code(code)].concat()
    };
    let wrong = all(&server.wrong_code(&phone));
    for wrong in &wrong[..5] {
        assert_checked(&attacker.send(wrong).await);
    }
    let right = all(&phone.code_at(server.now_seconds() + 30));
    for mutation in wrong.iter().chain(&right) {
        assert_throttled(&attacker.send(mutation).await, 30);
    }
    for wrong in &wrong[5..] {
        server.advance(Duration::from_mins(30));
        let challenge = challenge_for(&server, &person.email).await;
        let code = server.wrong_code(&phone);
        assert_checked(&attacker.send(&wrong.clone().with("code", code)).await);
        let login = finish_with_code(&challenge, &server.wrong_code(&phone));
        let (payload, wait) = attacker.send(&login).await;
        assert_refused_with(&payload, "too_many_attempts");
        assert!(wait.is_some(), "{wrong}");
    }
}

#[tokio::test]
async fn first_codes_are_throttled_as_well() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    let payload = ada.mutate(&server, &set_up_second_factor(PASSWORD)).await;
    let phone = Phone::scan(payload["otpauthUri"].as_str().expect("an address"));
    let attacker = Attacker::new(&server, Some(&ada.token));
    for _ in 0..5 {
        let wrong = confirm_second_factor(&server.wrong_code(&phone));
        assert_checked(&attacker.send(&wrong).await);
    }
    // Another set-up does not help.
    let payload = ada.mutate(&server, &set_up_second_factor(PASSWORD)).await;
    let phone = Phone::scan(payload["otpauthUri"].as_str().expect("an address"));
    assert_throttled(&attacker.send(&confirm_second_factor(&server.code(&phone))).await, 30);
    server.advance(STEP);
    assert_done(&attacker.send(&confirm_second_factor(&server.code(&phone))).await.0);
}

#[tokio::test]
async fn an_attacker_with_the_password_tries_few_codes_a_day() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up_with_app("ada").await;
    let attacker = Attacker::new(&server, None);
    let end = server.now_seconds() + 24 * 60 * 60;
    let mut checked = 0;
    while server.now_seconds() < end {
        let wrong = log_in_with_code(&ada.person.email, &server.wrong_code(&ada.phone));
        let (payload, wait) = attacker.send(&wrong).await;
        assert_no_tokens(&payload);
        match wait {
            Some(seconds) => server.advance(Duration::from_secs(seconds)),
            None => checked += 1,
        }
        assert!(checked < 70, "{checked} codes were checked");
    }
}

#[tokio::test]
async fn throttled_codes_are_recorded() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    for _ in 0..8 {
        ada.log_in_with(&server, &server.wrong_code(&ada.phone)).await;
    }
    let lines = server.audit_lines();
    assert_eq!(lines.iter().filter(|line| **line == "1 second_factor_refused somebody").count(), 5);
    assert!(lines.contains(&"1 slowed_down somebody second_factor".to_owned()), "{lines:?}");
}
