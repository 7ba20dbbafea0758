//! Password resets and hashes of Django.

use std::time::Duration;

use pledge4future_auth::store;
use serde_json::json;

use crate::support::SEED;
use crate::support::mutation::{request_reset, resend_activation, verify_account};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::program::Site;
use crate::support::server::TestServer;
use crate::support::vectors::{list, text, vectors};

fn stored_hash(server: &TestServer, email: &str) -> String {
    let hash = server.run(|app| {
        app.store.read(|db| -> store::Result<_> {
            let account = store::accounts::find_by_email(db, email)?.expect("an account");
            store::accounts::find_password_hash(db, account.id)
        })
    });
    hash.expect("a database").expect("a hash")
}

#[tokio::test]
async fn a_hash_of_django_is_accepted_and_replaced_at_the_first_login() {
    let server = TestServer::start("").await;
    server.import(SEED);
    let email = "seed.oldhash@example.org";
    assert!(stored_hash(&server, email).starts_with("pbkdf2_sha256$20000$"));

    server.try_log_in(email, "wrong").await;
    assert!(stored_hash(&server, email).starts_with("pbkdf2_sha256$"), "a wrong password replaced the hash");
    server.log_in(email, "granite-Owl-27").await;
    let replaced = stored_hash(&server, email);
    assert!(replaced.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{replaced}");
    server.log_in(email, "granite-Owl-27").await;
    assert_eq!(stored_hash(&server, email), replaced, "a hash with the current parameters was replaced");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn every_kind_of_hash_is_replaced_by_argon2id_at_the_first_login() {
    let kinds = [
        "argon2$argon2d$v=19$",
        "argon2$argon2i$m=",
        "argon2$argon2i$v=19$",
        "argon2$argon2id$v=19$",
        "bcrypt_sha256$$2a$",
        "bcrypt_sha256$$2b$",
        "bcrypt_sha256$$2y$",
        "pbkdf2_sha1$",
        "pbkdf2_sha256$",
        "scrypt$",
    ];
    let vectors = vectors();
    let people = kinds.iter().enumerate().map(|(number, kind)| {
        let (scheme, _) = kind.split_once('$').expect("a scheme");
        let mut cases = list(&vectors["password_hashes"][scheme]).iter();
        let case = cases.find(|case| text(&case["hash"]).starts_with(kind)).expect("a hash");
        (format!("ada{number}@example.org"), text(&case["hash"]), text(&case["checks"][0]["password"]))
    });
    let people: Vec<_> = people.collect();
    let users = people.iter().map(|(email, hash, _)| {
        json!({ "email": email, "username": email, "password": hash, "status": { "verified": true } })
    });
    let server = TestServer::start("").await;
    server.import(&json!({ "users": users.collect::<Vec<_>>() }).to_string());
    for (email, hash, password) in people {
        assert_eq!(stored_hash(&server, &email), hash);
        server.log_in(&email, password).await;
        let replaced = stored_hash(&server, &email);
        assert!(replaced.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{replaced} instead of {hash}");
        server.log_in(&email, password).await;
        assert_eq!(stored_hash(&server, &email), replaced, "{hash}");
    }
}

#[tokio::test]
async fn a_hash_for_which_memory_is_missing_matches_no_password() {
    let site = Site::with_settings("passwords.hashing_threads = 1\n");
    let digest = "A".repeat(86);
    let ada = json!({
        "email": "ada@example.org", "username": "ada", "status": { "verified": true },
        "password": format!("scrypt$1048576$seasalt$8$1${digest}=="),
    });
    site.write("file.json", json!({ "users": [ada] }).to_string());
    site.run(["import", "file.json"]).done();
    let server = site.serve_after("ulimit -v 1048576");
    let payload = server.try_log_in("ada@example.org", PASSWORD).await;
    assert_refused_with(&payload, "invalid_credentials");
    server.register("bob").await;
}

#[tokio::test]
async fn a_reset_link_works_once_and_notifies_the_owner() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let link = server.request_reset(&ada.email).await;
    assert_done(&server.reset_password(&link, OTHER_PASSWORD).await);
    assert_refused_with(&server.reset_password(&link, "third-Thing-300").await, "invalid_token");
    server.log_in(&ada.email, OTHER_PASSWORD).await;

    let mails = server.mails_to(&ada.email);
    assert_eq!(mails.len(), 3);
    assert!(mails[2].text.contains("The password of your account was changed."));
    assert!(!mails[2].text.contains("eyJ"), "the notice contains a link");
}

#[tokio::test]
async fn a_weak_password_changes_nothing_and_the_link_stays_valid() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.sign_up("ada").await;
    let link = server.request_reset(&ada.email).await;
    assert_refused(
        &server.reset_password(&link, "ada@example").await,
        "newPassword2",
        "password_too_similar",
    );
    assert_eq!(ada.me(&server).await["username"], "ada", "the session ended");
    server.log_in(&ada.email, PASSWORD).await;
    assert_done(&server.reset_password(&link, OTHER_PASSWORD).await);
}

#[tokio::test]
async fn a_later_link_or_password_invalidates_older_links() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.sign_up("ada").await;
    let first = server.request_reset(&ada.email).await;
    server.advance(Duration::from_secs(1));
    let second = server.request_reset(&ada.email).await;
    assert_ne!(first, second);
    assert_done(&server.reset_password(&second, OTHER_PASSWORD).await);
    assert_refused_with(&server.reset_password(&first, "third-Thing-300").await, "invalid_token");

    let third = server.request_reset(&ada.email).await;
    server.advance(Duration::from_secs(3602));
    assert_refused_with(&server.reset_password(&third, "third-Thing-300").await, "expired_token");
    server.log_in(&ada.email, OTHER_PASSWORD).await;
}

#[tokio::test]
async fn an_unverified_account_gets_an_activation_mail_instead_of_a_reset() {
    let server = TestServer::start("").await;
    let ada = server.register("ada").await;
    let payload = server.mutate(None, &request_reset(&ada)).await;
    assert_refused(&payload, "email", "not_verified");
    assert_eq!(
        payload["errors"]["email"][0]["message"],
        "Verify your account. A new verification email was sent."
    );

    let mails = server.mails_to(&ada);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].subject, "Activate your account on localhost:8000");
    let link = server.mailed_token(&ada);
    assert_refused_with(&server.reset_password(&link, OTHER_PASSWORD).await, "invalid_token");
    assert_done(&server.mutate(None, &verify_account(&link)).await);
}

#[tokio::test]
async fn a_stranger_who_registered_an_address_loses_access_after_a_reset_request() {
    for settings in ["", "accounts.login_unverified = true\n"] {
        let server = TestServer::start(settings).await;
        let boss = server.register("boss").await;
        // This link is not that of the registration.
        server.mutate(None, &request_reset(&boss)).await;
        let link = server.mailed_token(&boss);
        assert_done(&server.mutate(None, &verify_account(&link)).await);
        let stranger = server.try_log_in(&boss, PASSWORD).await;
        assert_refused_with(&stranger, "invalid_credentials");
        assert_eq!(
            server.audit_lines().iter().filter(|line| *line == "1 password_forgotten owner").count(),
            1
        );

        // A front end asks for a new password after it has confirmed the address.
        let link = server.request_reset(&boss).await;
        assert_done(&server.reset_password(&link, OTHER_PASSWORD).await);
        server.log_in(&boss, OTHER_PASSWORD).await;
        server.ignore_mail();
    }
}

#[tokio::test]
async fn after_a_reset_request_every_activation_link_invalidates_the_old_password() {
    // The link of the registration, that of the owner's request, and that of a later request by the stranger.
    for which in 0..3 {
        let server = TestServer::start("").await;
        let boss = server.register("boss").await;
        let mut links = vec![server.mailed_token(&boss)];
        for mutation in [request_reset, resend_activation] {
            server.advance(Duration::from_secs(1));
            server.mutate(None, &mutation(&boss)).await;
            links.push(server.mailed_token(&boss));
        }
        assert!(server.mails_to(&boss).last().expect("a mail").text.contains("ends the old one"));
        assert_done(&server.mutate(None, &verify_account(&links[which])).await);
        let stranger = server.try_log_in(&boss, PASSWORD).await;
        assert_refused_with(&stranger, "invalid_credentials");
    }
}

#[tokio::test]
async fn mail_requests_for_unknown_addresses_succeed_without_mail() {
    let server = TestServer::start("").await;
    server.sign_up("ada").await;
    for mutation in [request_reset, resend_activation] {
        assert_done(&server.mutate(None, &mutation("ghost@example.org")).await);
    }
    assert_eq!(server.mails().len(), 1, "the activation of ada");
}
