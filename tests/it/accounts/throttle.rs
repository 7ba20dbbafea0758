//! Throttling of repeated attempts.

mod actions;
mod passwords;

use reqwest::Method;
use serde_json::Value;

use crate::support::mutation::{Mutation, log_in};
use crate::support::person::assert_refused_with;
use crate::support::program::Site;
use crate::support::server::TestServer;

/// The test is a trusted proxy, so that it can send requests of several clients.
const PROXY: &str = "http.trusted_proxies = [\"127.0.0.1\"]\nmail.notices = false\n";

const HOME: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.9";

/// Sends a mutation as the client at an address. Returns the payload and the value of `Retry-After`.
async fn mutate_from(client: &str, server: &TestServer, mutation: &Mutation) -> (Value, Option<u64>) {
    let request = server.graphql(&mutation.body()).header("X-Forwarded-For", client);
    let reply = request.send().await.expect("a reply");
    let wait = reply.headers().get("retry-after");
    let wait = wait.map(|wait| wait.to_str().expect("a string").parse().expect("seconds"));
    let mut body: Value = reply.json().await.expect("JSON");
    (body["data"]["payload"].take(), wait)
}

/// Tries to log in with a wrong password.
async fn guess(client: &str, server: &TestServer, email: &str) -> (Value, Option<u64>) {
    mutate_from(client, server, &log_in(email, "wrong")).await
}

#[track_caller]
fn assert_throttled((payload, wait): &(Value, Option<u64>), seconds: u64) {
    assert_refused_with(payload, "too_many_attempts");
    assert_eq!(*wait, Some(seconds), "{payload}");
}

#[track_caller]
fn assert_checked((payload, wait): &(Value, Option<u64>)) {
    assert_refused_with(payload, "invalid_credentials");
    assert_eq!(*wait, None);
}

async fn guess_times(client: &str, server: &TestServer, email: &str, times: usize) {
    for _ in 0..times {
        assert_checked(&guess(client, server, email).await);
    }
}

#[tokio::test]
async fn a_throttled_page_shows_the_wait() {
    let server = TestServer::start("limits.mail_per_client.free = 1\n").await;
    let ask = || {
        let form = server.raw(Method::POST, "/password-reset").header("Accept", "text/html");
        form.header("Content-Type", "application/x-www-form-urlencoded").body("email=nobody%40example.org")
    };
    assert_eq!(ask().send().await.expect("a reply").status(), 303);
    let refused = ask().send().await.expect("a reply");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "30");
    assert!(refused.text().await.expect("a page").contains("Too many attempts. Try again in 30 seconds."));
}

#[tokio::test]
async fn attempts_are_remembered_after_a_restart() {
    let site = Site::with_settings("[mail]\ntransport = \"file\"\n");
    let guess = log_in("ada@example.org", "wrong");
    let server = site.serve();
    for _ in 0..6 {
        assert_refused_with(&server.mutate(&guess).await, "invalid_credentials");
    }
    server.kill();
    let server = site.serve();
    assert_refused_with(&server.mutate(&guess).await, "too_many_attempts");
}

#[test]
fn invalid_limits_are_refused() {
    for (settings, message) in [
        ("password.free = 0", "limits.password.free: must be at least 1"),
        ("token.forget = \"0 seconds\"", "limits.token.forget: must be between"),
        ("registration.pause = \"1 hour\"", "limits.registration.pause: must be between"),
        ("mail_per_client.longest = \"2 days\"", "limits.mail_per_client.longest: must be at most"),
    ] {
        let refused = Site::with_settings(&format!("[limits]\n{settings}\n")).run(["serve"]).refused(2);
        assert!(refused.contains(message), "{message}: {refused}");
    }
}
