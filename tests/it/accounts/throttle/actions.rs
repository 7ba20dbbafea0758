//! Limits of mails, registrations, tokens and changes.

use std::time::Duration;

use super::{ELSEWHERE, HOME, PROXY, assert_throttled, mutate_from};
use crate::support::mutation::{
    change_password, refresh_token, register, request_reset, resend_activation, revoke_token, verify_account,
    verify_secondary_email,
};
use crate::support::person::{PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::server::TestServer;

#[tokio::test]
async fn mail_to_known_and_unknown_addresses_is_throttled() {
    let server = TestServer::start(PROXY).await;
    let ada = server.sign_up("ada").await;
    for address in [ada.email.as_str(), "nobody@example.org"] {
        for client in 0..10 {
            let reset = request_reset(address);
            assert_done(&mutate_from(&format!("192.0.2.{client}"), &server, &reset).await.0);
        }
        let ask = request_reset(&address.to_uppercase());
        assert_throttled(&mutate_from(ELSEWHERE, &server, &ask).await, 60);
    }
    assert_eq!(server.mails_to(&ada.email).len(), 1 + 10);
    server.advance(Duration::from_mins(1));
    let reset = request_reset(&ada.email);
    assert_done(&mutate_from(ELSEWHERE, &server, &reset).await.0);
    server.ignore_mail();
}

#[tokio::test]
async fn a_mail_request_counts_even_if_it_is_rejected() {
    let server = TestServer::start("limits.mail_per_client.free = 2\n").await;
    let ada = server.sign_up("ada").await;
    let resend = resend_activation(&ada.email);
    for _ in 0..2 {
        assert_refused(&server.mutate(None, &resend).await, "email", "already_verified");
    }
    assert_refused_with(&server.mutate(None, &resend).await, "too_many_attempts");
}

#[tokio::test]
async fn mails_of_other_kinds_do_not_throttle_password_resets() {
    let server = TestServer::start(&format!("{PROXY}limits.mail_per_address.free = 3\n")).await;
    let ada = server.sign_up("ada").await;
    let register = register(&ada.email, PASSWORD);
    let resend = resend_activation(&ada.email);
    for _ in 0..20 {
        mutate_from(ELSEWHERE, &server, &register).await;
        mutate_from(ELSEWHERE, &server, &resend).await;
    }
    server.request_reset(&ada.email).await;
}

#[tokio::test]
async fn registrations_are_throttled_for_each_client() {
    let server = TestServer::start(&format!("{PROXY}limits.registration.free = 3\n")).await;
    let register = |name: &str, password: &str| register(&format!("{name}@example.org"), password);
    assert_done(&mutate_from(HOME, &server, &register("ada", PASSWORD)).await.0);
    for _ in 0..2 {
        let refused = mutate_from(HOME, &server, &register("ada", PASSWORD)).await;
        assert_refused(&refused.0, "email", "unique");
    }
    assert_throttled(&mutate_from(HOME, &server, &register("bo", PASSWORD)).await, 30);
    assert_done(&mutate_from(ELSEWHERE, &server, &register("bo", PASSWORD)).await.0);
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test]
async fn wrong_tokens_are_throttled_and_valid_ones_do_not_count() {
    let server = TestServer::start(&format!("{PROXY}limits.token.free = 4\n")).await;
    let ada = server.sign_up("ada").await;
    let wrong = "a:b:c";
    for mutation in
        [verify_account(wrong), verify_secondary_email(wrong), revoke_token(wrong), refresh_token(wrong)]
    {
        assert_refused_with(&mutate_from(HOME, &server, &mutation).await.0, "invalid_token");
    }
    assert_throttled(&mutate_from(HOME, &server, &refresh_token(wrong)).await, 5);
    // Valid tokens of the same client are accepted.
    let mut token = ada.refresh_token;
    for _ in 0..10 {
        let refresh = refresh_token(&token).select("success errors refreshToken");
        let payload = mutate_from(HOME, &server, &refresh).await.0;
        assert_done(&payload);
        token = payload["refreshToken"].as_str().expect("a token").to_owned();
    }
}

#[tokio::test]
async fn password_changes_are_throttled_for_each_account() {
    let server = TestServer::start("mail.notices = false\nlimits.change.free = 2\n").await;
    let (mut ada, bo) = (server.sign_up("ada").await, server.sign_up("bo").await);
    let change = change_password(PASSWORD, PASSWORD).select("success errors token");
    for _ in 0..2 {
        let payload = ada.mutate(&server, &change).await;
        assert_done(&payload);
        ada.token = payload["token"].as_str().expect("a token").to_owned();
    }
    // A wrong password is not checked then.
    for change in [&change, &change_password("wrong-password", PASSWORD)] {
        assert_refused_with(&ada.mutate(&server, change).await, "too_many_attempts");
    }
    assert_eq!(ada.me(&server).await["username"], "ada", "the session ended");
    assert_done(&bo.mutate(&server, &change).await);
}
