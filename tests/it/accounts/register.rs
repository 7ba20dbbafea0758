//! Registration and activation.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::mutation::{Mutation, delete_account, register, resend_activation, verify_account};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);

fn register_as(email: &str, username: &str) -> Mutation {
    register(email, PASSWORD).with("username", username)
}

#[tokio::test]
async fn a_new_account_gets_one_mail_and_can_log_in_after_activation() {
    let server = TestServer::start("").await;
    let ada = server.register("ada").await;

    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, [ada.as_str()]);
    assert!(mails[0].text.contains("Hello ada!"));
    assert!(mails[0].text.contains("\nhttp://localhost:8000/activate/eyJ"));
    assert_refused_with(&server.try_log_in(&ada, PASSWORD).await, "not_verified");

    let link = server.mailed_token(&ada);
    assert_done(&server.mutate(None, &verify_account(&link)).await);
    let person = server.log_in(&ada, PASSWORD).await;
    assert_eq!(person.me(&server).await["verified"], true);
    assert_eq!(server.mails().len(), 1, "activation sent a mail");
}

#[tokio::test]
async fn the_default_username_is_the_id_of_the_account() {
    let server = TestServer::start("").await;
    assert_done(&server.mutate(None, &register("ada@example.org", PASSWORD)).await);
    assert!(server.mails()[0].text.contains("Hello ada@example.org!"), "the generated username is in a mail");

    assert_done(&server.mutate(None, &register_as("eve@example.org", "3")).await);
    assert_done(&server.mutate(None, &register("bo@example.org", PASSWORD)).await);
    let link = server.mailed_token("bo@example.org");
    assert_done(&server.mutate(None, &verify_account(&link)).await);
    let username = server.log_in("bo@example.org", PASSWORD).await.me(&server).await["username"].clone();
    assert!(
        username.as_str().is_some_and(|name| name.starts_with("3-")),
        "the username 3 is taken: {username}"
    );
    server.ignore_mail();
}

#[tokio::test]
async fn a_required_username_cannot_be_omitted() {
    let server = TestServer::start(
        "accounts.register_required = [\"email\", \"username\"]\naccounts.register_optional = []\n",
    )
    .await;
    let payload = server.mutate(None, &register("ada@example.org", PASSWORD)).await;
    assert_refused(&payload, "username", "required");

    let register = register_as("ada@example.org", "ada").with("firstName", "Ada");
    let reply = server.send(None, &register.document(), register.variables()).await;
    assert_eq!(reply.status, 400, "an argument that is turned off does not exist");
    let sentence = "Unknown argument \"firstName\" on field \"register\" of type \"Mutation\".";
    assert_eq!(reply.body["errors"][0]["message"], sentence);
    assert_eq!(server.count_accounts(), 0);
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn addresses_are_unique_regardless_of_case() {
    let server = TestServer::start("").await;
    server.register_verified("ada").await;
    let payload = server.mutate(None, &register_as("ADA@Example.ORG", "other")).await;
    assert_refused(&payload, "email", "unique");
    assert_eq!(server.count_accounts(), 1);

    let person = server.log_in("Ada@EXAMPLE.org", PASSWORD).await;
    assert_eq!(person.me(&server).await["email"], "ada@example.org");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_registration_reports_all_errors_at_once() {
    let server = TestServer::start("").await;
    server.register("ada").await;
    let payload = server.mutate(None, &register("ADA@example.org", "123").with("username", "ada")).await;
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
    assert_eq!(server.count_accounts(), 1);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn one_of_many_concurrent_registrations_of_an_address_succeeds() {
    let server = TestServer::start("passwords.hashing_threads = 8\n").await;
    let mutations = [0, 1, 2, 3, 4, 5, 6, 7].map(|n| register_as("ada@example.org", &format!("n{n}")));
    let payloads = join_all(mutations.iter().map(|mutation| server.mutate(None, mutation))).await;
    let (done, refused): (Vec<_>, Vec<_>) = payloads.iter().partition(|payload| payload["success"] == true);
    assert_eq!(done.len(), 1);
    for payload in refused {
        assert_refused(payload, "email", "unique");
    }
    assert_eq!(server.count_accounts(), 1);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn an_activation_link_works_once_for_its_account_and_for_seven_days() {
    let server = TestServer::start("").await;
    let (ada, bo) = (server.register("ada").await, server.register("bo").await);
    let (link, old) = (server.mailed_token(&ada), server.mailed_token(&bo));

    assert_done(&server.mutate(None, &verify_account(&link)).await);
    let again = server.mutate(None, &verify_account(&link)).await;
    assert_refused_with(&again, "already_verified");
    assert_refused_with(&server.try_log_in(&bo, PASSWORD).await, "not_verified");

    server.advance(7 * DAY + Duration::from_secs(2));
    let late = server.mutate(None, &verify_account(&old)).await;
    assert_refused_with(&late, "expired_token");

    assert_done(&server.mutate(None, &resend_activation(&bo.to_uppercase())).await);
    let fresh = server.mailed_token(&bo);
    assert_ne!(fresh, old);
    assert_done(&server.mutate(None, &verify_account(&fresh)).await);
    server.log_in(&bo, PASSWORD).await;
    assert_eq!(server.mails().len(), 3);
}

#[tokio::test]
async fn a_link_is_invalid_for_a_later_account_of_its_address() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.sign_up("ada").await;
    let reset = server.request_reset(&ada.email).await;
    assert_done(&ada.mutate(&server, &delete_account(PASSWORD)).await);
    assert_eq!(server.count_accounts(), 0);

    server.register("ada").await;
    assert_refused_with(&server.reset_password(&reset, OTHER_PASSWORD).await, "invalid_token");
    assert_eq!(ada.me(&server).await, json!(null), "the old access token opens the new account");
    server.ignore_mail();
}

#[tokio::test]
async fn a_username_cannot_add_lines_to_a_mail() {
    let server = TestServer::start("").await;
    let payload =
        server.mutate(None, &register_as("ada@example.org", "x\n\nhttp://evil.example/\t[2J<b>")).await;
    assert_done(&payload);
    let mail = &server.mails()[0];
    assert!(mail.text.contains("Hello ada@example.org!") && !mail.text.contains("evil"), "{}", mail.text);

    // A verified account is called by its username.
    let link = server.mailed_token("ada@example.org");
    assert_done(&server.mutate(None, &verify_account(&link)).await);
    server.request_reset("ada@example.org").await;
    let mail = server.mails_to("ada@example.org").pop().expect("a mail");
    assert!(mail.text.contains("Hello x  http://evil.example/ [2J<b>!"), "{}", mail.text);
    assert!(mail.text.contains("&lt;b&gt;"), "{}", mail.text);
    assert!(!mail.text.contains("\nhttp://evil"));
    assert!(!mail.text.contains('\u{1b}'));
}

#[tokio::test]
async fn a_similar_address_does_not_block_its_owner() {
    let server = TestServer::start("").await;
    // The Kelvin sign is a "k" in lower case, but belongs to another mailbox.
    for email in ["mi\u{212a}e@example.org", "mike@example.org"] {
        assert_done(&server.mutate(None, &register(email, PASSWORD)).await);
        assert_eq!(server.mails().last().expect("a mail").to, [email.to_lowercase()]);
    }
}
