//! `accounts.hide_existence`: replies do not reveal whether an address has an account. Its owner gets a mail.

use pledge4future_auth::config;
use serde_json::Value;

use crate::support::mutation::{
    register, request_reset, request_secondary_email, resend_activation, verify_secondary_email,
};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused_with};
use crate::support::server::TestServer;

const HIDING: &str = "accounts.hide_existence = true\nmail.notices = false\n";
const GHOST: &str = "ghost@example.org";

#[tokio::test]
async fn registering_a_known_address_gets_the_same_reply_and_changes_nothing() {
    let server = TestServer::start(HIDING).await;
    let ada = server.sign_up("ada").await;
    let known = server.mutate(None, &register("ADA@example.org", OTHER_PASSWORD)).await;
    assert_eq!(server.count_accounts(), 1);
    let new = server.mutate(None, &register(GHOST, OTHER_PASSWORD)).await;
    assert_eq!(known, new);
    assert_done(&known);

    let mails = server.mails_to(&ada.email);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].subject, "About your account on localhost:8000");
    assert!(mails[1].text.contains("Somebody registered with this address, which has an account already."));
    assert!(!mails[1].text.contains("eyJ"), "the notice contains a link");
    assert_eq!(server.mails_to(GHOST).len(), 1);
    server.log_in(&ada.email, PASSWORD).await;
    assert_refused_with(&server.try_log_in(&ada.email, OTHER_PASSWORD).await, "invalid_credentials");

    for (email, password) in [(GHOST, OTHER_PASSWORD), (ada.email.as_str(), OTHER_PASSWORD)] {
        let payload = server.try_log_in(email, password).await;
        assert_refused_with(&payload, "invalid_credentials");
    }

    let weak = |email: &str| register(email, "1").with("password2", "2");
    assert_eq!(
        server.mutate(None, &weak(&ada.email)).await,
        server.mutate(None, &weak("x@example.org")).await
    );
    assert_eq!(server.mails().len(), 3, "a refused registration sent a mail");
}

#[tokio::test]
async fn mail_requests_get_the_same_reply_for_known_and_unknown_addresses() {
    let server = TestServer::start(HIDING).await;
    let ada = server.sign_up("ada").await;
    let bo = server.register("bo").await;
    for mutation in [resend_activation, request_reset] {
        let mut payloads: Vec<Value> = Vec::new();
        for email in [ada.email.as_str(), &bo, GHOST] {
            payloads.push(server.mutate(None, &mutation(email)).await);
        }
        assert_done(&payloads[0]);
        assert!(payloads.iter().all(|payload| *payload == payloads[0]), "{payloads:?}");
    }
    let subjects = |email: &str| -> Vec<String> {
        server.mails_to(email).into_iter().skip(1).map(|mail| mail.subject).collect()
    };
    assert_eq!(
        subjects(&ada.email),
        ["About your account on localhost:8000", "Reset your password on localhost:8000"]
    );
    assert_eq!(
        subjects(&bo),
        ["Activate your account on localhost:8000", "Activate your account on localhost:8000"]
    );
    assert!(server.mails_to(GHOST).is_empty());
    assert_eq!(server.mails().len(), 6);
}

#[tokio::test]
async fn requesting_a_known_secondary_address_notifies_its_owner_only() {
    let server = TestServer::start(HIDING).await;
    let ada = server.sign_up("ada").await;
    let bo = server.register_verified("bo").await;
    let request = |email: &str| request_secondary_email(email, PASSWORD);
    let known = ada.mutate(&server, &request(&bo)).await;
    assert_eq!(known, ada.mutate(&server, &request(GHOST)).await);
    assert_done(&known);
    assert!(server.mails_to(&bo)[1].text.contains("Somebody wants this address"));
    assert_eq!(server.mails_to(GHOST).len(), 1);
    assert_eq!(ada.me(&server).await["secondaryEmail"], Value::Null);
    assert_eq!(server.mails().len(), 4);
}

#[tokio::test]
async fn a_similar_address_gets_no_mail_of_the_owner() {
    let server = TestServer::start(HIDING).await;
    let mike = server.sign_up("mike").await;
    // The soft hyphen is not part of the host, so both addresses have one key.
    let look_alike = "mike@exa\u{ad}mple.org";
    for mutation in
        [register(look_alike, OTHER_PASSWORD), resend_activation(look_alike), request_reset(look_alike)]
    {
        assert_done(&server.mutate(None, &mutation).await);
    }
    assert_eq!(server.mails_to(&mike.email).len(), 4);
    assert_eq!(server.mails().len(), 4);
    assert_eq!(server.count_accounts(), 1);
}

#[tokio::test]
async fn requesting_a_known_secondary_address_ends_older_links_too() {
    for taken in [true, false] {
        let server = TestServer::start(HIDING).await;
        let (ada, bo) = (server.sign_up("ada").await, server.register_verified("bo").await);
        let own = "own@example.org";
        for email in [own, if taken { &bo } else { GHOST }] {
            assert_done(&ada.mutate(&server, &request_secondary_email(email, PASSWORD)).await);
        }
        assert_refused_with(
            &server.mutate(None, &verify_secondary_email(&server.mailed_token(own))).await,
            "invalid_token",
        );
    }
}

#[tokio::test]
async fn account_ids_do_not_reveal_whether_a_registration_created_an_account() {
    let server = TestServer::start(HIDING).await;
    let mut last = None;
    for (name, between) in [("ada", "ada@example.org"), ("bo", GHOST), ("cleo", GHOST)] {
        let person = server.sign_up(name).await;
        let id =
            server.query(Some(&person.token), "{ me { pk } }").await["me"]["pk"].as_i64().expect("an id");
        assert!(last.is_none_or(|last| id == last + 2), "{name} has {id} after {last:?}");
        last = Some(id);
        assert_done(&server.mutate(None, &register(between, OTHER_PASSWORD)).await);
    }
    server.ignore_mail();
}

#[tokio::test]
async fn a_notice_to_an_unverified_address_contains_no_text_of_strangers() {
    let server = TestServer::start(HIDING).await;
    for name in ["You won: http://evil.example/", "else"] {
        assert_done(&server.mutate(None, &register(GHOST, PASSWORD).with("username", name)).await);
    }
    let mails = server.mails_to(GHOST);
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert!(
            mail.text.contains("Hello ghost@example.org!") && !mail.text.contains("evil"),
            "{}",
            mail.text
        );
    }
}

#[test]
fn hidden_existence_excludes_logins_of_unverified_accounts() {
    let settings = "accounts.hide_existence = true\naccounts.login_unverified = true\n";
    let refused = config::load_text(settings).err().expect("a refusal");
    assert!(refused.to_string().starts_with("accounts.hide_existence:"), "{refused}");
}
