//! How often things may be tried: what people never notice, and what those who guess run into.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::support::program::Site;
use crate::support::server::TestServer;

/// Whoever connects may say for whom, so that one test can be many clients.
const PROXY: &str = "http.trusted_proxies = [\"127.0.0.1\"]\nmail.notices = false\n";

const HOME: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.9";

/// What a mutation answers to a client, and what the header `Retry-After` says.
async fn from(client: &str, server: &TestServer, mutation: &str) -> (Value, Option<u64>) {
    let query = format!("mutation {{ payload: {mutation} {{ success errors }} }}");
    let request = server.raw(Method::POST, "/graphql").header("X-Forwarded-For", client);
    let reply = request.json(&json!({ "query": query })).send().await.expect("an answer");
    let wait = reply.headers().get("retry-after");
    let wait = wait.map(|wait| wait.to_str().expect("a text").parse().expect("seconds"));
    let mut body: Value = reply.json().await.expect("JSON");
    (body["data"]["payload"].take(), wait)
}

fn login(email: &str, password: &str) -> String {
    format!("tokenAuth(email: {email:?}, password: {password:?})")
}

async fn guesses(client: &str, server: &TestServer, email: &str) -> (Value, Option<u64>) {
    from(client, server, &login(email, "wrong")).await
}

#[track_caller]
fn assert_must_wait((payload, wait): &(Value, Option<u64>), seconds: u64) {
    assert_refused(payload, "nonFieldErrors", "too_many_attempts");
    assert_eq!(*wait, Some(seconds), "{payload}");
}

#[track_caller]
fn assert_looked_at((payload, wait): &(Value, Option<u64>)) {
    assert_refused(payload, "nonFieldErrors", "invalid_credentials");
    assert_eq!(*wait, None);
}

async fn wears_out(client: &str, server: &TestServer, email: &str, guesses_that_are_free: usize) {
    for _ in 0..guesses_that_are_free {
        assert_looked_at(&guesses(client, server, email).await);
    }
}

#[tokio::test]
async fn who_mistypes_five_times_and_asks_for_mail_thrice_notices_nothing() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    for _ in 0..3 {
        wears_out(HOME, &server, &ada.email, 5).await;
        assert_done(&from(HOME, &server, &login(&ada.email, PASSWORD)).await.0);
    }
    let reset = format!("sendPasswordResetEmail(email: {:?})", ada.email);
    for _ in 0..3 {
        assert_done(&from(HOME, &server, &reset).await.0);
    }
    assert_eq!(server.mails_to(&ada.email).len(), 1 + 3);
}

#[tokio::test]
async fn who_guesses_on_waits_ever_longer_and_the_right_password_clears_it() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    wears_out(HOME, &server, &ada.email, 6).await;

    let refused = guesses(HOME, &server, &ada.email).await;
    assert_must_wait(&refused, 30);
    let sentence = &refused.0["errors"]["nonFieldErrors"][0]["message"];
    assert_eq!(sentence, "Too many attempts. Try again in 30 seconds.");
    let right = login(&ada.email, PASSWORD);
    assert_must_wait(&from(HOME, &server, &right).await, 30);
    server.advance(Duration::from_secs(29));
    assert_must_wait(&from(HOME, &server, &right).await, 1);

    for (waited, next) in [(1, 60), (60, 120), (120, 240), (240, 480), (480, 900), (900, 900)] {
        server.advance(Duration::from_secs(waited));
        assert_looked_at(&guesses(HOME, &server, &ada.email).await);
        assert_must_wait(&guesses(HOME, &server, &ada.email).await, next);
    }
    server.advance(Duration::from_mins(15));
    assert_done(&from(HOME, &server, &right).await.0);
    wears_out(HOME, &server, &ada.email, 6).await;
}

#[tokio::test]
async fn guesses_are_forgotten_one_by_one() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    wears_out(HOME, &server, &ada.email, 6).await;
    server.advance(Duration::from_mins(30));
    wears_out(HOME, &server, &ada.email, 2).await;
    assert_must_wait(&guesses(HOME, &server, &ada.email).await, 30);
}

#[tokio::test]
async fn of_many_guesses_at_once_as_many_are_looked_at_as_of_those_one_by_one() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    let answers = join_all((0..40).map(|_| guesses(HOME, &server, &ada.email))).await;
    assert_eq!(answers.iter().filter(|(_, wait)| wait.is_none()).count(), 6);
}

#[tokio::test]
async fn what_others_try_does_not_hold_up_an_owner_who_was_there_before() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    assert_done(&from(HOME, &server, &login(&ada.email, PASSWORD)).await.0);
    // Guessed at from many places: each is free to try, all together are not.
    for client in 0..100 {
        assert_looked_at(&guesses(&format!("192.0.2.{client}"), &server, &ada.email).await);
    }
    assert_must_wait(&guesses(ELSEWHERE, &server, &ada.email).await, 5);
    assert_done(&from(HOME, &server, &login(&ada.email, PASSWORD)).await.0);

    // Whoever comes from somewhere new is slowed, and gets in.
    server.advance(Duration::from_secs(5));
    assert_done(&from(ELSEWHERE, &server, &login(&ada.email, PASSWORD)).await.0);
    // The right password does not count, so the next who is new waits no longer than that one.
    server.advance(Duration::from_secs(5));
    assert_looked_at(&guesses("192.0.2.200", &server, &ada.email).await);

    // Who is logged in changes the password from anywhere.
    assert_must_wait(&guesses("192.0.2.201", &server, &ada.email).await, 10);
    let change = format!(
        "passwordChange(oldPassword: {PASSWORD:?}, newPassword1: {OTHER_PASSWORD:?}, newPassword2: {OTHER_PASSWORD:?})"
    );
    let request = server.raw(Method::POST, "/graphql").header("X-Forwarded-For", "192.0.2.202");
    let request = request.header("Authorization", format!("JWT {}", ada.token));
    let query = format!("mutation {{ payload: {change} {{ success errors }} }}");
    let reply = request.json(&json!({ "query": query })).send().await.expect("an answer");
    assert_done(&reply.json::<Value>().await.expect("JSON")["data"]["payload"]);
}

#[tokio::test]
async fn an_owner_at_a_new_place_who_follows_a_link_is_not_held_up_by_what_others_try() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    for client in 0..100 {
        guesses(&format!("192.0.2.{client}"), &server, &ada.email).await;
    }
    assert_must_wait(&from(ELSEWHERE, &server, &login(&ada.email, PASSWORD)).await, 5);
    let token = server.asks_for_a_reset(&ada.email).await;
    let reset = format!(
        "passwordReset(token: {token:?}, newPassword1: {OTHER_PASSWORD:?}, newPassword2: {OTHER_PASSWORD:?})"
    );
    assert_done(&from(ELSEWHERE, &server, &reset).await.0);
    assert_done(&from(ELSEWHERE, &server, &login(&ada.email, OTHER_PASSWORD)).await.0);
}

#[tokio::test]
async fn a_client_that_tries_many_names_is_slowed_and_a_network_of_ipv6_is_one_client() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    let client = |number: usize| format!("2001:db8:1:2::{number:x}");
    for number in 0..100 {
        assert_looked_at(&guesses(&client(number), &server, &format!("nobody{number}@example.org")).await);
    }
    assert_must_wait(&from(&client(4711), &server, &login(&ada.email, PASSWORD)).await, 5);
    assert_done(&from("2001:db8:1:3::1", &server, &login(&ada.email, PASSWORD)).await.0);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_like_one_that_somebody_has() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    for _ in 0..9 {
        let known = guesses(HOME, &server, &ada.email).await;
        let unknown = guesses(ELSEWHERE, &server, "Nobody@Example.org").await;
        assert_eq!(known, unknown);
    }
    assert_must_wait(&guesses(ELSEWHERE, &server, "nobody@example.org").await, 30);
}

#[tokio::test]
async fn a_username_and_an_address_that_nobody_has_are_counted_apart() {
    let settings = format!("{PROXY}accounts.login_fields = [\"email\", \"username\"]\n");
    let server = TestServer::start(&settings).await;
    let ada = server.joins("ada").await;
    let tries = async |kind: &str, name: &str| {
        let login = format!(
            "mutation($name: String) {{ payload: tokenAuth({kind}: $name, password: \"wrong\") {{ success errors }} }}"
        );
        let request = server.raw(Method::POST, "/graphql").header("X-Forwarded-For", HOME);
        let body = json!({ "query": login, "variables": { "name": name } });
        let reply = request.json(&body).send().await.expect("an answer");
        reply.json::<Value>().await.expect("JSON")["data"]["payload"].take()
    };
    for name in [ada.email.as_str(), "nobody@example.org"] {
        for _ in 0..6 {
            assert_refused(&tries("username", name).await, "nonFieldErrors", "invalid_credentials");
        }
        assert_refused(&tries("username", name).await, "nonFieldErrors", "too_many_attempts");
        assert_refused(&tries("email", name).await, "nonFieldErrors", "invalid_credentials");
    }
}

#[tokio::test]
async fn a_password_that_is_asked_for_again_is_guessed_at_as_slowly() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.joins("ada").await;
    let archive = |password: &str| format!("archiveAccount(password: {password:?})");
    for _ in 0..6 {
        assert_refused(&ada.does(&server, &archive("wrong")).await, "password", "invalid_password");
    }
    for password in ["wrong", PASSWORD] {
        let payload = ada.does(&server, &archive(password)).await;
        assert_refused(&payload, "nonFieldErrors", "too_many_attempts");
    }
    assert_eq!(ada.me(&server).await["archived"], false);
    server.advance(Duration::from_secs(30));
    assert_done(&ada.does(&server, &archive(PASSWORD)).await);
}

#[tokio::test]
async fn mail_to_one_address_is_limited_whether_or_not_somebody_has_it() {
    let server = TestServer::start(PROXY).await;
    let ada = server.joins("ada").await;
    for address in [ada.email.as_str(), "nobody@example.org"] {
        for client in 0..10 {
            let reset = format!("sendPasswordResetEmail(email: {address:?})");
            assert_done(&from(&format!("192.0.2.{client}"), &server, &reset).await.0);
        }
        let ask = format!("sendPasswordResetEmail(email: {:?})", address.to_uppercase());
        assert_must_wait(&from(ELSEWHERE, &server, &ask).await, 60);
    }
    assert_eq!(server.mails_to(&ada.email).len(), 1 + 10);
    server.advance(Duration::from_mins(1));
    let reset = format!("sendPasswordResetEmail(email: {:?})", ada.email);
    assert_done(&from(ELSEWHERE, &server, &reset).await.0);
    server.mails();
}

#[tokio::test]
async fn nobody_is_kept_from_a_link_for_a_new_password_by_mails_of_other_kinds() {
    let server = TestServer::start(&format!("{PROXY}limits.mail_per_address.free = 3\n")).await;
    let ada = server.joins("ada").await;
    let register =
        format!("register(email: {:?}, password1: {PASSWORD:?}, password2: {PASSWORD:?})", ada.email);
    let resend = format!("resendActivationEmail(email: {:?})", ada.email);
    for _ in 0..20 {
        from(ELSEWHERE, &server, &register).await;
        from(ELSEWHERE, &server, &resend).await;
    }
    server.asks_for_a_reset(&ada.email).await;
}

#[tokio::test]
async fn the_right_password_leaves_the_time_of_wrong_ones_as_it_was() {
    let server = TestServer::start(&format!("{PROXY}limits.password_per_client.free = 2\n")).await;
    for name in ["ada", "bo"] {
        server.verifies(name).await;
    }
    assert_looked_at(&guesses(HOME, &server, "nobody@example.org").await);
    // Forgotten after half a minute, whoever logs in meanwhile.
    server.advance(Duration::from_secs(20));
    assert_done(&from(HOME, &server, &login("ada@example.org", PASSWORD)).await.0);
    server.advance(Duration::from_secs(15));
    assert_looked_at(&guesses(HOME, &server, "nobody@example.net").await);
    assert_looked_at(&guesses(HOME, &server, "nobody@example.com").await);
}

#[tokio::test]
async fn the_right_password_forgets_no_wrong_one_a_second_time() {
    let server = TestServer::start(&format!("{PROXY}limits.password_per_client.free = 3\n")).await;
    for name in ["ada", "bo", "cleo"] {
        server.verifies(name).await;
    }
    wears_out(HOME, &server, "nobody@example.org", 3).await;
    // One of three is forgotten after half a minute, however many log in after that.
    server.advance(Duration::from_secs(30));
    for name in ["ada", "bo", "cleo"] {
        assert_done(&from(HOME, &server, &login(&format!("{name}@example.org"), PASSWORD)).await.0);
    }
    assert_looked_at(&guesses(HOME, &server, "nobody@example.net").await);
    assert_must_wait(&guesses(HOME, &server, "nobody@example.net").await, 5);
}

#[tokio::test]
async fn of_the_clients_of_an_account_the_latest_are_known() {
    let server = TestServer::start(PROXY).await;
    let ada = server.verifies("ada").await;
    for client in 0..210 {
        server.advance(Duration::from_secs(1));
        assert_done(&from(&format!("192.0.2.{client}"), &server, &login(&ada, PASSWORD)).await.0);
    }
    let known: Vec<_> = server.rows().into_iter().filter(|row| row.starts_with("known_clients: ")).collect();
    assert_eq!(known.len(), 200);
    assert!(known.iter().any(|row| row.contains("192.0.2.209")));
    assert!(!known.iter().any(|row| row.contains("192.0.2.9\"")));
}

#[tokio::test]
async fn registrations_of_one_client_are_limited_also_those_that_are_refused() {
    let server = TestServer::start(&format!("{PROXY}limits.registration.free = 3\n")).await;
    let register = |name: &str, password: &str| {
        format!("register(email: \"{name}@example.org\", password1: {password:?}, password2: {password:?})")
    };
    assert_done(&from(HOME, &server, &register("ada", PASSWORD)).await.0);
    for _ in 0..2 {
        let refused = from(HOME, &server, &register("ada", PASSWORD)).await;
        assert_refused(&refused.0, "email", "unique");
    }
    assert_must_wait(&from(HOME, &server, &register("bo", PASSWORD)).await, 30);
    assert_done(&from(ELSEWHERE, &server, &register("bo", PASSWORD)).await.0);
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test]
async fn a_client_that_tries_tokens_is_slowed_and_good_tokens_count_nothing() {
    let server = TestServer::start(&format!("{PROXY}limits.token.free = 4\n")).await;
    let ada = server.joins("ada").await;
    let refresh = |token: &str| format!("refreshToken(refreshToken: {token:?})");
    let guess = ["verifyAccount(token: \"a:b:c\")", "verifySecondaryEmail(token: \"a:b:c\")"];
    let revoke = "revokeToken(revokeToken: \"x\")".replace("revokeToken: ", "refreshToken: ");
    for mutation in [guess[0], guess[1], &revoke, &refresh("x")] {
        assert_refused(&from(HOME, &server, mutation).await.0, "nonFieldErrors", "invalid_token");
    }
    assert_must_wait(&from(HOME, &server, &refresh("y")).await, 5);
    // Neighbours are not held up.
    let mut token = ada.refresh_token;
    for _ in 0..10 {
        let query = format!("mutation {{ payload: {} {{ success errors refreshToken }} }}", refresh(&token));
        let request = server.raw(Method::POST, "/graphql").header("X-Forwarded-For", HOME);
        let reply = request.json(&json!({ "query": query })).send().await.expect("an answer");
        let payload = reply.json::<Value>().await.expect("JSON")["data"]["payload"].take();
        assert_done(&payload);
        token = payload["refreshToken"].as_str().expect("a token").to_owned();
    }
}

#[tokio::test]
async fn changes_of_one_account_are_limited_and_those_of_neighbors_are_not() {
    let server = TestServer::start("mail.notices = false\nlimits.change.free = 2\n").await;
    let (mut ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let change = "mutation($password: String!) { payload: passwordChange(oldPassword: $password, \
         newPassword1: $password, newPassword2: $password) { success errors token } }";
    let variables = json!({ "password": PASSWORD });
    for _ in 0..2 {
        let changed = server.send(Some(&ada.token), change, variables.clone()).await;
        assert_done(&changed.body["data"]["payload"]);
        ada.token = changed.body["data"]["payload"]["token"].as_str().expect("a token").to_owned();
    }
    let refused = server.send(Some(&ada.token), change, variables.clone()).await;
    assert_refused(&refused.body["data"]["payload"], "nonFieldErrors", "too_many_attempts");
    // Nothing is hashed then: a wrong password is not even looked at.
    let wrong = server.send(Some(&ada.token), change, json!({ "password": "wrong-password" })).await;
    assert_refused(&wrong.body["data"]["payload"], "nonFieldErrors", "too_many_attempts");
    assert_eq!(ada.me(&server).await["username"], "ada", "the session goes on");
    assert_done(&server.send(Some(&bo.token), change, variables).await.body["data"]["payload"]);
}

#[tokio::test]
async fn a_page_says_when_to_ask_again() {
    let server = TestServer::start("limits.mail_per_client.free = 1\n").await;
    let ask = || {
        let form = server.raw(Method::POST, "/password-reset").header("Accept", "text/html");
        form.header("Content-Type", "application/x-www-form-urlencoded").body("email=nobody%40example.org")
    };
    assert_eq!(ask().send().await.expect("an answer").status(), 303);
    let refused = ask().send().await.expect("an answer");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "30");
    assert!(refused.text().await.expect("a page").contains("Too many attempts. Try again in 30 seconds."));
}

#[tokio::test]
async fn a_restart_sets_no_guess_free() {
    let site = Site::with_settings("[mail]\ntransport = \"file\"\n");
    let guess = login("ada@example.org", "wrong");
    let server = site.serve();
    for _ in 0..6 {
        assert_refused(&server.mutate(&guess).await, "nonFieldErrors", "invalid_credentials");
    }
    server.kill();
    let server = site.serve();
    assert_refused(&server.mutate(&guess).await, "nonFieldErrors", "too_many_attempts");
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    for (settings, complaint) in [
        ("password.free = 0", "limits.password: free must be at least 1"),
        ("token.forget = \"0 seconds\"", "limits.token: forget must be between"),
        ("registration.pause = \"1 hour\"", "limits.registration: pause must be between"),
        ("mail_per_client.longest = \"2 days\"", "limits.mail_per_client: pause must be between"),
    ] {
        let refused = Site::with_settings(&format!("[limits]\n{settings}\n")).run(["serve"]).refused(2);
        assert!(refused.contains(complaint), "{complaint}: {refused}");
    }
}
