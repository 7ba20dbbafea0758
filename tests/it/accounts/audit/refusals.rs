//! Refused logins, throttling and reused tokens in the audit.

use std::time::Duration;

use pledge4future_auth::accounts::admin;
use serde_json::json;

use crate::support::audit::audit_line;
use crate::support::mutation::{
    log_in, mutation, refresh_token, register, request_reset, request_secondary_email, resend_activation,
};
use crate::support::person::{PASSWORD, assert_done, assert_refused_with};
use crate::support::server::{TestServer, payload_of};

use super::WRONG;

#[tokio::test]
async fn a_refused_login_is_recorded_without_what_was_typed() {
    let server = TestServer::start("accounts.login_fields = [\"email\", \"username\"]\n").await;
    let email = server.register_verified("ada").await;
    let typed = "my-Password-1";
    let by_name = |name: &str| mutation("tokenAuth", json!({ "username": name, "password": WRONG }));
    for (login, expected) in [
        (by_name("ada"), "1 login_refused somebody wrong_password"),
        (by_name(typed), "nobody login_refused somebody unknown_account"),
    ] {
        let before = server.rows();
        let payload = server.mutate(None, &login).await;
        assert_refused_with(&payload, "invalid_credentials");
        let new: Vec<_> = server.rows().into_iter().filter(|row| !before.contains(row)).collect();
        assert_eq!(new.len(), 3 + 1, "three attempt counters and the entry: {new:?}");
        assert_eq!(server.audit_lines().last().map(String::as_str), Some(expected));
    }
    assert!(server.rows_of("audit").iter().all(|row| !row.contains(typed) && !row.contains(WRONG)));

    assert!(server.run(|app| admin::set_active(app, &email, false)).is_ok());
    server.try_log_in(&email, PASSWORD).await;
    server.try_log_in(&email, WRONG).await;
    let lines = server.audit_lines();
    assert_eq!(
        lines[lines.len() - 2..],
        ["1 login_refused somebody deactivated", "1 login_refused somebody wrong_password"]
    );
    let both = log_in("a", WRONG).with("username", "b");
    let reply = server.send(None, &both.document(), both.variables()).await;
    assert!(reply.body["errors"].is_array(), "an address and a username are refused together");
    assert_eq!(server.audit_lines(), lines);
}

#[tokio::test]
async fn throttling_is_recorded_once_for_each_wait() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    for (name, whom) in [(email.as_str(), "1"), ("ghost@example.org", "nobody")] {
        let before = server.audit_lines().len();
        for _ in 0..6 + 20 {
            server.try_log_in(name, WRONG).await;
        }
        server.advance(Duration::from_secs(30));
        server.try_log_in(name, WRONG).await;
        let all = server.audit_lines();
        let mut lines = all[before..].iter();
        let why = if whom == "nobody" { "unknown_account" } else { "wrong_password" };
        let refused = format!("{whom} login_refused somebody {why}");
        assert!(lines.by_ref().take(5).all(|line| *line == refused), "{all:?}");
        let throttled = format!("{whom} slowed_down somebody password");
        assert_eq!(lines.collect::<Vec<_>>(), [&throttled, &refused, &throttled, &refused]);
    }
    let entry = server.audit().pop().expect("an entry");
    assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
    assert!(server.rows_of("audit").iter().all(|row| !row.contains("ghost")));
}

#[tokio::test]
async fn with_hidden_existence_unknown_addresses_are_recorded_too() {
    let server = TestServer::start("accounts.hide_existence = true\nmail.notices = false\n").await;
    let (ada, bo) = (server.sign_up("ada").await, server.register_verified("bo").await);
    let before = server.audit_lines().len();
    for email in [ada.email.as_str(), "ghost@example.org"] {
        for mutation in [resend_activation(email), request_reset(email), register(email, PASSWORD)] {
            assert_done(&server.mutate(None, &mutation).await);
        }
    }
    ada.mutate(&server, &request_secondary_email(&bo, PASSWORD)).await;
    server.ignore_mail();
    let expected = [
        "1 activation_requested somebody",
        "1 reset_requested somebody",
        "1 registered_again somebody",
        "nobody activation_requested somebody",
        "nobody reset_requested somebody",
        // The registration of a known address used the id 3.
        "4 registered somebody",
        "1 secondary_email_requested owner",
    ];
    assert_eq!(server.audit_lines()[before..], expected);
}

#[tokio::test]
async fn reuse_of_a_refresh_token_is_recorded_with_session_and_client() {
    let server = TestServer::start("http.trusted_proxies = [\"127.0.0.1\"]\n").await;
    let ada = server.sign_up("ada").await;
    let next = server.refresh(&ada.refresh_token).await["refreshToken"].take();
    assert_done(&server.refresh(next.as_str().expect("a token")).await);
    let reuse = refresh_token(&ada.refresh_token).body();
    for _ in 0..2 {
        let request = server.graphql(&reuse).header("X-Forwarded-For", "203.0.113.7");
        assert_eq!(payload_of(request).await["success"], false);
    }
    let entries = server.audit();
    let [login, reuse] = &entries[entries.len() - 2..] else { panic!("{entries:?}") };
    assert_eq!(
        (audit_line(login).as_str(), login.address.as_deref()),
        ("1 logged_in owner", Some("127.0.0.1"))
    );
    assert_eq!(audit_line(reuse), "1 session_reuse_detected somebody");
    assert_eq!((reuse.address.as_deref(), &reuse.session), (Some("203.0.113.7"), &login.session));
}
