//! `accounts.hide_existence`: no answer tells whether an address has an account; its owner is told by mail.

use pledge4future_auth::accounts::Filter;
use pledge4future_auth::store;
use serde_json::Value;

use crate::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::server::TestServer;

const HIDING: &str = "accounts.hide_existence = true\nmail.notices = false\n";
const GHOST: &str = "ghost@example.org";

fn register(email: &str) -> String {
    format!("register(email: {email:?}, password1: {OTHER_PASSWORD:?}, password2: {OTHER_PASSWORD:?})")
}

fn number_of_accounts(server: &TestServer) -> i64 {
    server.store().read(|db| store::accounts::count(db, &Filter::default())).expect("a count")
}

#[tokio::test]
async fn registering_a_known_address_is_answered_like_a_new_one_and_changes_nothing() {
    let server = TestServer::start(HIDING).await;
    let ada = server.joins("ada").await;
    let known = server.mutate(None, &register("ADA@example.org")).await;
    assert_eq!(number_of_accounts(&server), 1);
    let new = server.mutate(None, &register(GHOST)).await;
    assert_eq!(known, new);
    assert_done(&known);

    let mails = server.mails_to(&ada.email);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].subject, "About your account on localhost:8000");
    assert!(mails[1].text.contains("Somebody registered with this address, which has an account already."));
    assert!(!mails[1].text.contains("eyJ"), "such a mail holds no link");
    assert_eq!(server.mails_to(GHOST).len(), 1);
    server.logs_in(&ada.email, PASSWORD).await;
    assert_refused(
        &server.tries_to_log_in(&ada.email, OTHER_PASSWORD).await,
        "nonFieldErrors",
        "invalid_credentials",
    );

    for (email, password) in [(GHOST, OTHER_PASSWORD), (ada.email.as_str(), OTHER_PASSWORD)] {
        let payload = server.tries_to_log_in(email, password).await;
        assert_refused(&payload, "nonFieldErrors", "invalid_credentials");
    }

    let weak = |email: &str| format!("register(email: {email:?}, password1: \"1\", password2: \"2\")");
    assert_eq!(
        server.mutate(None, &weak(&ada.email)).await,
        server.mutate(None, &weak("x@example.org")).await
    );
    assert_eq!(server.mails().len(), 3, "what is refused mails nothing");
}

#[tokio::test]
async fn asking_for_mail_is_answered_alike_for_the_known_the_unverified_and_the_unknown() {
    let server = TestServer::start(HIDING).await;
    let ada = server.joins("ada").await;
    let bo = server.registers("bo").await;
    for mutation in ["resendActivationEmail", "sendPasswordResetEmail"] {
        let mut answers: Vec<Value> = Vec::new();
        for email in [ada.email.as_str(), &bo, GHOST] {
            answers.push(server.mutate(None, &format!("{mutation}(email: {email:?})")).await);
        }
        assert_done(&answers[0]);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{mutation}: {answers:?}");
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
async fn wanting_somebodys_address_as_a_secondary_one_tells_the_owner_alone() {
    let server = TestServer::start(HIDING).await;
    let ada = server.joins("ada").await;
    let bo = server.verifies("bo").await;
    let wish =
        |email: &str| format!("sendSecondaryEmailActivation(email: {email:?}, password: {PASSWORD:?})");
    let known = ada.does(&server, &wish(&bo)).await;
    assert_eq!(known, ada.does(&server, &wish(GHOST)).await);
    assert_done(&known);
    assert!(server.mails_to(&bo)[1].text.contains("Somebody wants this address"));
    assert_eq!(server.mails_to(GHOST).len(), 1);
    assert_eq!(ada.me(&server).await["secondaryEmail"], Value::Null);
    assert_eq!(server.mails().len(), 4);
}

#[tokio::test]
async fn a_look_alike_of_an_address_gets_none_of_its_mail() {
    let server = TestServer::start(HIDING).await;
    let mike = server.joins("mike").await;
    // The soft hyphen is not part of the host, so the two have one key.
    let look_alike = "mike@exa\u{ad}mple.org";
    assert_done(&server.mutate(None, &register(look_alike)).await);
    for mutation in ["resendActivationEmail", "sendPasswordResetEmail"] {
        assert_done(&server.mutate(None, &format!("{mutation}(email: \"{look_alike}\")")).await);
    }
    assert_eq!(server.mails_to(&mike.email).len(), 4);
    assert_eq!(server.mails().len(), 4);
    assert_eq!(number_of_accounts(&server), 1);
}

#[test]
fn it_cannot_go_with_registrations_that_answer_with_tokens() {
    let settings = "accounts.hide_existence = true\naccounts.login_unverified = true\n";
    let refused = pledge4future_auth::config::load_text(settings).err().expect("a refusal");
    assert!(refused.to_string().starts_with("accounts.hide_existence:"), "{refused}");
}
