//! Limits of wrong passwords.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{ELSEWHERE, HOME, PROXY, assert_checked, assert_throttled, guess, guess_times, mutate_from};
use crate::support::mutation::{
    archive_account, change_password, log_in, mutation, request_reset, reset_password,
};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::server::{TestServer, payload_of};

#[tokio::test]
async fn ordinary_mistakes_are_not_throttled() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    for _ in 0..3 {
        guess_times(HOME, &server, &ada.email, 5).await;
        assert_done(&mutate_from(HOME, &server, &log_in(&ada.email, PASSWORD)).await.0);
    }
    let reset = request_reset(&ada.email);
    for _ in 0..3 {
        assert_done(&mutate_from(HOME, &server, &reset).await.0);
    }
    assert_eq!(server.mails_to(&ada.email).len(), 1 + 3);
}

#[tokio::test]
async fn waits_grow_with_attempts_until_the_correct_password() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    guess_times(HOME, &server, &ada.email, 6).await;

    let refused = guess(HOME, &server, &ada.email).await;
    assert_throttled(&refused, 30);
    let sentence = &refused.0["errors"]["nonFieldErrors"][0]["message"];
    assert_eq!(sentence, "Too many attempts. Try again in 30 seconds.");
    let right = log_in(&ada.email, PASSWORD);
    assert_throttled(&mutate_from(HOME, &server, &right).await, 30);
    server.advance(Duration::from_secs(29));
    assert_throttled(&mutate_from(HOME, &server, &right).await, 1);

    for (waited, next) in [(1, 60), (60, 120), (120, 240), (240, 480), (480, 900), (900, 900)] {
        server.advance(Duration::from_secs(waited));
        assert_checked(&guess(HOME, &server, &ada.email).await);
        assert_throttled(&guess(HOME, &server, &ada.email).await, next);
    }
    server.advance(Duration::from_mins(15));
    assert_done(&mutate_from(HOME, &server, &right).await.0);
    guess_times(HOME, &server, &ada.email, 6).await;
}

#[tokio::test]
async fn attempts_are_forgotten_one_by_one() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    guess_times(HOME, &server, &ada.email, 6).await;
    server.advance(Duration::from_mins(30));
    guess_times(HOME, &server, &ada.email, 2).await;
    assert_throttled(&guess(HOME, &server, &ada.email).await, 30);
}

#[tokio::test]
async fn concurrent_attempts_are_throttled_like_sequential_ones() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    let answers = join_all((0..40).map(|_| guess(HOME, &server, &ada.email))).await;
    assert_eq!(answers.iter().filter(|(_, wait)| wait.is_none()).count(), 6);
}

#[tokio::test]
async fn attempts_of_others_do_not_throttle_an_owner_at_a_known_client() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    assert_done(&mutate_from(HOME, &server, &log_in(&ada.email, PASSWORD)).await.0);
    // Each client has free attempts, and all clients together have a limit.
    for client in 0..100 {
        assert_checked(&guess(&format!("192.0.2.{client}"), &server, &ada.email).await);
    }
    assert_throttled(&guess(ELSEWHERE, &server, &ada.email).await, 5);
    assert_done(&mutate_from(HOME, &server, &log_in(&ada.email, PASSWORD)).await.0);

    // A login from a new address is throttled, and succeeds after the wait.
    server.advance(Duration::from_secs(5));
    assert_done(&mutate_from(ELSEWHERE, &server, &log_in(&ada.email, PASSWORD)).await.0);
    // The correct password does not count, so the next wait is not longer.
    server.advance(Duration::from_secs(5));
    assert_checked(&guess("192.0.2.200", &server, &ada.email).await);

    // A logged-in owner changes the password from any address.
    assert_throttled(&guess("192.0.2.201", &server, &ada.email).await, 10);
    let change = change_password(PASSWORD, OTHER_PASSWORD);
    let request = server.graphql(&change.body()).header("X-Forwarded-For", "192.0.2.202");
    let request = request.header("Authorization", format!("JWT {}", ada.token));
    assert_done(&payload_of(request).await);
}

#[tokio::test]
async fn a_reset_link_lets_the_owner_log_in_despite_attempts_of_others() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    for client in 0..100 {
        guess(&format!("192.0.2.{client}"), &server, &ada.email).await;
    }
    assert_throttled(&mutate_from(ELSEWHERE, &server, &log_in(&ada.email, PASSWORD)).await, 5);
    let token = server.request_reset(&ada.email).await;
    let reset = reset_password(&token, OTHER_PASSWORD);
    assert_done(&mutate_from(ELSEWHERE, &server, &reset).await.0);
    assert_done(&mutate_from(ELSEWHERE, &server, &log_in(&ada.email, OTHER_PASSWORD)).await.0);
}

#[tokio::test]
async fn a_client_that_tries_many_names_is_throttled_by_its_ipv6_network() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    let client = |number: usize| format!("2001:db8:1:2::{number:x}");
    for number in 0..100 {
        assert_checked(&guess(&client(number), &server, &format!("nobody{number}@example.org")).await);
    }
    assert_throttled(&mutate_from(&client(4711), &server, &log_in(&ada.email, PASSWORD)).await, 5);
    assert_done(&mutate_from("2001:db8:1:3::1", &server, &log_in(&ada.email, PASSWORD)).await.0);
}

#[tokio::test]
async fn unknown_names_are_throttled_like_known_ones() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    for _ in 0..9 {
        let known = guess(HOME, &server, &ada.email).await;
        let unknown = guess(ELSEWHERE, &server, "Nobody@Example.org").await;
        assert_eq!(known, unknown);
    }
    assert_throttled(&guess(ELSEWHERE, &server, "nobody@example.org").await, 30);
}

#[tokio::test]
async fn unknown_usernames_and_addresses_are_counted_separately() {
    let settings = format!("{PROXY}accounts.login_fields = [\"email\", \"username\"]\n");
    let server = TestServer::start(&settings).await;
    let ada = server.sign_up("ada").await;
    let try_with = async |kind: &str, name: &str| {
        let log_in = mutation("tokenAuth", json!({ "password": "wrong" })).with(kind, name);
        mutate_from(HOME, &server, &log_in).await.0
    };
    for name in [ada.email.as_str(), "nobody@example.org"] {
        for _ in 0..6 {
            assert_refused_with(&try_with("username", name).await, "invalid_credentials");
        }
        assert_refused_with(&try_with("username", name).await, "too_many_attempts");
        assert_refused_with(&try_with("email", name).await, "invalid_credentials");
    }
}

#[tokio::test]
async fn passwords_of_mutations_are_throttled_like_logins() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.sign_up("ada").await;
    for _ in 0..6 {
        assert_refused(&ada.mutate(&server, &archive_account("wrong")).await, "password", "invalid_password");
    }
    for password in ["wrong", PASSWORD] {
        let payload = ada.mutate(&server, &archive_account(password)).await;
        assert_refused_with(&payload, "too_many_attempts");
    }
    assert_eq!(ada.me(&server).await["archived"], false);
    server.advance(Duration::from_secs(30));
    assert_done(&ada.mutate(&server, &archive_account(PASSWORD)).await);
}

#[tokio::test]
async fn a_correct_password_counts_even_if_the_request_is_rejected() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let wrong = change_password("wrong", OTHER_PASSWORD);
    for _ in 0..3 {
        for _ in 0..5 {
            assert_refused(&ada.mutate(&server, &wrong).await, "oldPassword", "invalid_password");
        }
        let weak = ada.mutate(&server, &change_password(PASSWORD, "Lisa77!")).await;
        assert_refused(&weak, "newPassword2", "password_too_short");
    }
}

#[tokio::test]
async fn a_correct_password_does_not_delay_forgetting_wrong_ones() {
    let server = TestServer::start(&format!("{PROXY}limits.password_per_client.free = 2\n")).await;
    for name in ["ada", "bo"] {
        server.register_verified(name).await;
    }
    assert_checked(&guess(HOME, &server, "nobody@example.org").await);
    // An attempt is forgotten after half a minute, whether or not a login succeeds.
    server.advance(Duration::from_secs(20));
    assert_done(&mutate_from(HOME, &server, &log_in("ada@example.org", PASSWORD)).await.0);
    server.advance(Duration::from_secs(15));
    assert_checked(&guess(HOME, &server, "nobody@example.net").await);
    assert_checked(&guess(HOME, &server, "nobody@example.com").await);
}

#[tokio::test]
async fn a_correct_password_does_not_reset_the_counter_of_the_client() {
    let server = TestServer::start(&format!("{PROXY}limits.password_per_client.free = 3\n")).await;
    for name in ["ada", "bo", "cleo"] {
        server.register_verified(name).await;
    }
    guess_times(HOME, &server, "nobody@example.org", 3).await;
    // One of the three is forgotten after half a minute, and logins do not change that.
    server.advance(Duration::from_secs(30));
    for name in ["ada", "bo", "cleo"] {
        assert_done(&mutate_from(HOME, &server, &log_in(&format!("{name}@example.org"), PASSWORD)).await.0);
    }
    assert_checked(&guess(HOME, &server, "nobody@example.net").await);
    assert_throttled(&guess(HOME, &server, "nobody@example.net").await, 5);
}

#[tokio::test]
async fn the_latest_clients_of_an_account_are_known() {
    let server = TestServer::start(PROXY).await;
    let ada = server.register_verified("ada").await;
    for client in 0..210 {
        server.advance(Duration::from_secs(1));
        assert_done(&mutate_from(&format!("192.0.2.{client}"), &server, &log_in(&ada, PASSWORD)).await.0);
    }
    let known = server.rows_of("known_clients");
    assert_eq!(known.len(), 200);
    assert!(known.iter().any(|row| row.contains("192.0.2.209")));
    assert!(!known.iter().any(|row| row.contains("192.0.2.9\"")));
}
