//! Passwords: forgotten, changed, brought along from Django.

use std::time::Duration;

use pledge4future_auth::store;
use serde_json::{Value, json};

use crate::support::SEED;
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::support::server::TestServer;

fn stored_hash(server: &TestServer, email: &str) -> String {
    let hash = server.store().read(|db| -> store::Result<_> {
        let account = store::accounts::find_by_email(db, email)?.expect("an account");
        store::accounts::find_password_hash(db, account.id)
    });
    hash.expect("a database").expect("a hash")
}

#[tokio::test]
async fn a_hash_that_django_made_lets_in_and_is_replaced_at_the_first_login() {
    let server = TestServer::start("").await;
    server.import(SEED);
    let email = "seed.oldhash@example.org";
    assert!(stored_hash(&server, email).starts_with("pbkdf2_sha256$20000$"));

    server.tries_to_log_in(email, "wrong").await;
    assert!(stored_hash(&server, email).starts_with("pbkdf2_sha256$"), "a wrong password replaces nothing");
    server.logs_in(email, "granite-Owl-27").await;
    let replaced = stored_hash(&server, email);
    assert!(replaced.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{replaced}");
    server.logs_in(email, "granite-Owl-27").await;
    assert_eq!(stored_hash(&server, email), replaced, "a hash of today's cost stays");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_reset_link_works_once_and_tells_the_owner() {
    let server = TestServer::start("").await;
    let ada = server.joins("ada").await;
    let link = server.asks_for_a_reset(&ada.email).await;
    assert_done(&server.resets(&link, OTHER_PASSWORD).await);
    assert_refused(&server.resets(&link, "third-Thing-300").await, "nonFieldErrors", "invalid_token");
    server.logs_in(&ada.email, OTHER_PASSWORD).await;

    let mails = server.mails_to(&ada.email);
    assert_eq!(mails.len(), 3);
    assert!(mails[2].text.contains("The password of your account was changed."));
    assert!(!mails[2].text.contains("eyJ"), "a notice holds no link");
}

#[tokio::test]
async fn a_password_that_is_too_weak_leaves_the_link_good_and_the_old_password_in_force() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.joins("ada").await;
    let link = server.asks_for_a_reset(&ada.email).await;
    assert_refused(&server.resets(&link, "ada@example").await, "newPassword2", "password_too_similar");
    assert_eq!(ada.me(&server).await["username"], "ada", "no session ended");
    server.logs_in(&ada.email, PASSWORD).await;
    assert_done(&server.resets(&link, OTHER_PASSWORD).await);
}

#[tokio::test]
async fn the_next_link_and_the_next_password_end_older_links() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.joins("ada").await;
    let first = server.asks_for_a_reset(&ada.email).await;
    server.advance(Duration::from_secs(1));
    let second = server.asks_for_a_reset(&ada.email).await;
    assert_ne!(first, second);
    assert_done(&server.resets(&second, OTHER_PASSWORD).await);
    assert_refused(&server.resets(&first, "third-Thing-300").await, "nonFieldErrors", "invalid_token");

    let third = server.asks_for_a_reset(&ada.email).await;
    server.advance(Duration::from_secs(3602));
    assert_refused(&server.resets(&third, "third-Thing-300").await, "nonFieldErrors", "expired_token");
    server.logs_in(&ada.email, OTHER_PASSWORD).await;
}

#[tokio::test]
async fn who_is_not_verified_gets_an_activation_mail_in_place_of_a_reset() {
    let server = TestServer::start("").await;
    let ada = server.registers("ada").await;
    let payload = server.mutate(None, &format!("sendPasswordResetEmail(email: {ada:?})")).await;
    assert_refused(&payload, "email", "not_verified");
    assert_eq!(
        payload["errors"]["email"][0]["message"],
        "Verify your account. A new verification email was sent."
    );

    let mails = server.mails_to(&ada);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].subject, "Activate your account on localhost:8000");
    let link = server.last_link(&ada);
    assert_refused(&server.resets(&link, OTHER_PASSWORD).await, "nonFieldErrors", "invalid_token");
    assert_done(&server.mutate(None, &format!("verifyAccount(token: {link:?})")).await);
}

#[tokio::test]
async fn whoever_registered_the_address_of_somebody_else_does_not_get_in_when_that_person_asks_for_a_password()
 {
    for settings in ["", "accounts.login_unverified = true\n"] {
        let server = TestServer::start(settings).await;
        let boss = server.registers("boss").await;
        // Not the link of the registration, which nobody asked for.
        server.mutate(None, &format!("sendPasswordResetEmail(email: {boss:?})")).await;
        let link = server.last_link(&boss);
        assert_done(&server.mutate(None, &format!("verifyAccount(token: {link:?})")).await);
        let stranger = server.tries_to_log_in(&boss, PASSWORD).await;
        assert_refused(&stranger, "nonFieldErrors", "invalid_credentials");
        assert_eq!(server.happened().iter().filter(|line| *line == "1 password_forgotten owner").count(), 1);

        // A front end that confirms the address asks for the new password next.
        let link = server.asks_for_a_reset(&boss).await;
        assert_done(&server.resets(&link, OTHER_PASSWORD).await);
        server.logs_in(&boss, OTHER_PASSWORD).await;
        server.mails();
    }
}

#[tokio::test]
async fn every_activation_link_ends_the_password_once_a_new_one_was_asked_for() {
    // The link of the registration, the one that the owner asked for, and one that the stranger asked for after that.
    for which in 0..3 {
        let server = TestServer::start("").await;
        let boss = server.registers("boss").await;
        let mut links = vec![server.last_link(&boss)];
        for mutation in ["sendPasswordResetEmail", "resendActivationEmail"] {
            server.advance(Duration::from_secs(1));
            let query = format!("mutation($email: String!) {{ {mutation}(email: $email) {{ success }} }}");
            server.send(None, &query, json!({ "email": boss })).await;
            links.push(server.last_link(&boss));
        }
        assert!(server.mails_to(&boss).last().expect("a mail").text.contains("ends the old one"));
        let verify = "mutation($token: String!) { payload: verifyAccount(token: $token) { success errors } }";
        let verified = server.send(None, verify, json!({ "token": links[which] })).await;
        assert_done(&verified.body["data"]["payload"]);
        let stranger = server.tries_to_log_in(&boss, PASSWORD).await;
        assert_refused(&stranger, "nonFieldErrors", "invalid_credentials");
    }
}

#[tokio::test]
async fn only_the_newest_wish_for_a_secondary_address_can_be_confirmed_and_once() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ann = server.joins("ann").await;
    let wishes = async |address: &str| {
        let wish = format!("sendSecondaryEmailActivation(email: {address:?}, password: {PASSWORD:?})");
        assert_done(&ann.does(&server, &wish).await);
        server.advance(Duration::from_mins(1));
        server.last_link(address)
    };
    let follow =
        async |link: &str| server.mutate(None, &format!("verifySecondaryEmail(token: {link:?})")).await;
    let (wrong, right) = ("ann@mistyped.example", "ann@elsewhere.example");
    let mistyped = wishes(wrong).await;
    let twice = [wishes(right).await, wishes(right).await];
    assert_refused(&follow(&mistyped).await, "nonFieldErrors", "invalid_token");
    assert_done(&follow(&twice[0]).await);
    assert_refused(&follow(&mistyped).await, "nonFieldErrors", "invalid_token");
    assert_done(&ann.does(&server, &format!("removeSecondaryEmail(password: {PASSWORD:?})")).await);
    assert_refused(&follow(&twice[1]).await, "nonFieldErrors", "invalid_token");
    let page = server.raw(reqwest::Method::GET, &format!("/activate-secondary/{}", twice[1]));
    let page = page.header("Accept", "text/html").send().await.expect("a page").text().await.expect("a page");
    assert!(page.contains("used"), "{page}");
    assert_eq!(ann.me(&server).await["secondaryEmail"], Value::Null);
    assert_done(&follow(&wishes(right).await).await);
    assert_eq!(ann.me(&server).await["secondaryEmail"], right);
}

#[tokio::test]
async fn an_address_that_nobody_has_is_answered_with_success_and_gets_no_mail() {
    let server = TestServer::start("").await;
    server.joins("ada").await;
    for mutation in ["sendPasswordResetEmail", "resendActivationEmail"] {
        assert_done(&server.mutate(None, &format!("{mutation}(email: \"ghost@example.org\")")).await);
    }
    assert_eq!(server.mails().len(), 1, "the activation of ada");
}

#[tokio::test]
async fn a_link_sent_to_a_secondary_address_dies_when_that_address_is_removed() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.joins("ada").await;
    let second = "ada@elsewhere.example";
    let wish = format!("sendSecondaryEmailActivation(email: {second:?}, password: {PASSWORD:?})");
    assert_done(&ada.does(&server, &wish).await);
    let link = server.last_link(second);
    assert_done(&server.mutate(None, &format!("verifySecondaryEmail(token: {link:?})")).await);

    let reset = server.asks_for_a_reset(second).await;
    assert_eq!(
        server.mails_to(&ada.email).len(),
        1,
        "the mail went to the address that was given, and there alone"
    );
    assert_done(&ada.does(&server, &format!("removeSecondaryEmail(password: {PASSWORD:?})")).await);
    assert_refused(&server.resets(&reset, OTHER_PASSWORD).await, "nonFieldErrors", "invalid_token");
    assert_refused(&server.tries_to_log_in(second, PASSWORD).await, "nonFieldErrors", "invalid_credentials");
    assert_eq!(ada.me(&server).await["secondaryEmail"], Value::Null);
}

#[tokio::test]
async fn the_owner_is_told_at_both_addresses_what_became_of_them() {
    let server = TestServer::start("").await;
    let ada = server.joins("ada").await;
    let second = "ada@elsewhere.example";
    let wish = format!("sendSecondaryEmailActivation(email: {second:?}, password: {PASSWORD:?})");
    assert_done(&ada.does(&server, &wish).await);
    assert_eq!(server.mails_to(&ada.email).len(), 1, "nothing has changed yet");
    let link = server.last_link(second);
    assert_done(&server.mutate(None, &format!("verifySecondaryEmail(token: {link:?})")).await);
    assert!(server.mails_to(&ada.email)[1].text.contains("A secondary address was added to your account."));

    assert_done(&ada.does(&server, &format!("swapEmails(password: {PASSWORD:?})")).await);
    for address in [ada.email.as_str(), second] {
        let mails = server.mails_to(address);
        assert!(mails.last().expect("a mail").text.contains("were swapped"), "{address}");
    }
    let swapped = server.logs_in(second, PASSWORD).await;
    assert_eq!(swapped.me(&server).await["email"], second);
}
