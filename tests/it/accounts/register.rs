//! Registering, and the link that makes an account one's own.

use std::time::Duration;

use pledge4future_auth::accounts::Filter;
use pledge4future_auth::store;
use serde_json::json;

use crate::support::person::{PASSWORD, assert_done, assert_refused};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);

fn number_of_accounts(server: &TestServer) -> i64 {
    server.store().read(|db| store::accounts::count(db, &Filter::default())).expect("a count")
}

fn register(email: &str, username: &str) -> String {
    format!(
        "register(email: {email:?}, username: {username:?}, password1: {PASSWORD:?}, password2: {PASSWORD:?})"
    )
}

#[tokio::test]
async fn who_registers_gets_one_mail_and_is_let_in_once_its_link_was_followed() {
    let server = TestServer::start("").await;
    let ada = server.registers("ada").await;

    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, [ada.as_str()]);
    assert!(mails[0].text.contains("Hello ada!"));
    assert!(mails[0].text.contains("\nhttp://localhost:8000/activate/eyJ"));
    assert_refused(&server.tries_to_log_in(&ada, PASSWORD).await, "nonFieldErrors", "not_verified");

    let link = server.last_link(&ada);
    assert_done(&server.mutate(None, &format!("verifyAccount(token: {link:?})")).await);
    let person = server.logs_in(&ada, PASSWORD).await;
    assert_eq!(person.me(&server).await["verified"], true);
    assert_eq!(server.mails().len(), 1, "following a link mails nothing");
}

#[tokio::test]
async fn who_registers_without_a_username_is_named_after_the_number_of_the_account() {
    let server = TestServer::start("").await;
    let passwords = format!("password1: {PASSWORD:?}, password2: {PASSWORD:?}");
    assert_done(&server.mutate(None, &format!("register(email: \"ada@example.org\", {passwords})")).await);
    assert!(server.mails()[0].text.contains("Hello ada@example.org!"), "nobody is called by a number");

    assert_done(&server.mutate(None, &register("eve@example.org", "3")).await);
    assert_done(&server.mutate(None, &format!("register(email: \"bo@example.org\", {passwords})")).await);
    let link = server.last_link("bo@example.org");
    assert_done(&server.mutate(None, &format!("verifyAccount(token: {link:?})")).await);
    let username = server.logs_in("bo@example.org", PASSWORD).await.me(&server).await["username"].clone();
    assert!(username.as_str().is_some_and(|name| name.starts_with("3-")), "the name 3 was eve's: {username}");
    server.mails();
}

#[tokio::test]
async fn a_username_that_is_required_may_not_be_left_out() {
    let server = TestServer::start(
        "accounts.register_required = [\"email\", \"username\"]\naccounts.register_optional = []\n",
    )
    .await;
    let passwords = format!("password1: {PASSWORD:?}, password2: {PASSWORD:?}");
    let payload = server.mutate(None, &format!("register(email: \"ada@example.org\", {passwords})")).await;
    assert_refused(&payload, "username", "required");

    let answer = format!(
        "mutation {{ register(email: \"ada@example.org\", username: \"ada\", firstName: \"Ada\", {passwords}) {{ success }} }}"
    );
    let answer = server.send(None, &answer, json!({})).await;
    assert_eq!(answer.status, 400, "a field that is turned off is as one that does not exist");
    let sentence = "Unknown argument \"firstName\" on field \"register\" of type \"Mutation\".";
    assert_eq!(answer.body["errors"][0]["message"], sentence);
    assert_eq!(number_of_accounts(&server), 0);
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn an_address_is_one_account_whatever_its_case() {
    let server = TestServer::start("").await;
    server.verifies("ada").await;
    let payload = server.mutate(None, &register("ADA@Example.ORG", "other")).await;
    assert_refused(&payload, "email", "unique");
    assert_eq!(number_of_accounts(&server), 1);

    let person = server.logs_in("Ada@EXAMPLE.org", PASSWORD).await;
    assert_eq!(person.me(&server).await["email"], "ada@example.org");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn all_complaints_come_at_once_and_leave_nothing_behind() {
    let server = TestServer::start("").await;
    server.registers("ada").await;
    let payload = server
        .mutate(
            None,
            "register(email: \"ADA@example.org\", username: \"ada\", password1: \"123\", password2: \"123\")",
        )
        .await;
    assert_eq!(
        payload["errors"],
        json!({
            "password2": [
                {"message": "This password is too short. It must contain at least 8 characters.", "code": "password_too_short"},
                {"message": "This password is too common.", "code": "password_too_common"},
                {"message": "This password is entirely numeric.", "code": "password_entirely_numeric"}
            ],
            "email": [{"message": "User with this Email already exists.", "code": "unique"}],
            "username": [{"message": "User with this Username already exists.", "code": "unique"}]
        })
    );
    assert_eq!(number_of_accounts(&server), 1);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn of_many_who_register_one_address_at_once_one_gets_it() {
    let server = TestServer::start("passwords.hashing_threads = 8\n").await;
    let requests = (0..8).map(|number| {
        let mutation = format!(
            "mutation {{ {} {{ success errors }} }}",
            register("ada@example.org", &format!("n{number}"))
        );
        let server = &server;
        async move { server.send(None, &mutation, json!({})).await.body["data"]["register"].clone() }
    });
    let payloads = futures_util::future::join_all(requests).await;
    let (done, refused): (Vec<_>, Vec<_>) = payloads.iter().partition(|payload| payload["success"] == true);
    assert_eq!(done.len(), 1);
    for payload in refused {
        assert_refused(payload, "email", "unique");
    }
    assert_eq!(number_of_accounts(&server), 1);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn an_activation_link_works_once_for_its_account_and_for_seven_days() {
    let server = TestServer::start("").await;
    let (ada, bo) = (server.registers("ada").await, server.registers("bo").await);
    let (link, old) = (server.last_link(&ada), server.last_link(&bo));

    assert_done(&server.mutate(None, &format!("verifyAccount(token: {link:?})")).await);
    let again = server.mutate(None, &format!("verifyAccount(token: {link:?})")).await;
    assert_refused(&again, "nonFieldErrors", "already_verified");
    assert_refused(&server.tries_to_log_in(&bo, PASSWORD).await, "nonFieldErrors", "not_verified");

    server.advance(7 * DAY + Duration::from_secs(2));
    let late = server.mutate(None, &format!("verifyAccount(token: {old:?})")).await;
    assert_refused(&late, "nonFieldErrors", "expired_token");

    assert_done(
        &server.mutate(None, &format!("resendActivationEmail(email: {:?})", bo.to_uppercase())).await,
    );
    let fresh = server.last_link(&bo);
    assert_ne!(fresh, old);
    assert_done(&server.mutate(None, &format!("verifyAccount(token: {fresh:?})")).await);
    server.logs_in(&bo, PASSWORD).await;
    assert_eq!(server.mails().len(), 3);
}

#[tokio::test]
async fn a_link_dies_with_its_account_even_if_somebody_takes_the_address_again() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.joins("ada").await;
    let reset = server.asks_for_a_reset(&ada.email).await;
    assert_done(&ada.does(&server, &format!("deleteAccount(password: {PASSWORD:?})")).await);
    assert_eq!(number_of_accounts(&server), 0);

    server.registers("ada").await;
    assert_refused(&server.resets(&reset, "harbor.Quartz.88").await, "nonFieldErrors", "invalid_token");
    assert_eq!(ada.me(&server).await, json!(null), "nor does the old access token open the new account");
    server.mails();
}

#[tokio::test]
async fn a_username_cannot_write_lines_of_its_own_into_a_mail() {
    let server = TestServer::start("").await;
    let payload =
        server.mutate(None, &register("ada@example.org", "x\n\nhttp://evil.example/\t[2J<b>")).await;
    assert_done(&payload);
    let mail = &server.mails()[0];
    assert!(mail.text.contains("Hello ada@example.org!") && !mail.text.contains("evil"), "{}", mail.text);

    // Who has confirmed the address is called by the name that was chosen.
    let link = server.last_link("ada@example.org");
    assert_done(&server.mutate(None, &format!("verifyAccount(token: {link:?})")).await);
    server.asks_for_a_reset("ada@example.org").await;
    let mail = server.mails_to("ada@example.org").pop().expect("a mail");
    assert!(mail.text.contains("Hello x  http://evil.example/ [2J<b>!"), "{}", mail.text);
    assert!(mail.text.contains("&lt;b&gt;"), "{}", mail.text);
    assert!(!mail.text.contains("\nhttp://evil"));
    assert!(!mail.text.contains('\u{1b}'));
}

#[tokio::test]
async fn a_look_alike_of_an_address_does_not_keep_its_owner_out() {
    let server = TestServer::start("").await;
    // The Kelvin sign is a "k" in lower case, and no mailbox of the owner.
    let register = "mutation($email: String, $password: String) { \
         payload: register(email: $email, password1: $password, password2: $password) { success errors } }";
    for email in ["mi\u{212a}e@example.org", "mike@example.org"] {
        let answer = server.send(None, register, json!({ "email": email, "password": PASSWORD })).await;
        assert_done(&answer.body["data"]["payload"]);
        assert_eq!(server.mails().last().expect("a mail").to, [email.to_lowercase()]);
    }
}
