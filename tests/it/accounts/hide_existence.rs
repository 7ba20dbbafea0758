//! `accounts.hide_existence`: no answer tells whether an address has an account; its owner is told by mail.

use pledge4future_auth::accounts::Filter;
use pledge4future_auth::store;
use serde_json::{Value, json};

use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::support::server::TestServer;

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
    for mutation in [
        "register(email: $email, password1: $password, password2: $password)",
        "resendActivationEmail(email: $email)",
        "sendPasswordResetEmail(email: $email)",
    ] {
        let password = if mutation.starts_with("register") { ", $password: String" } else { "" };
        let query =
            format!("mutation($email: String!{password}) {{ payload: {mutation} {{ success errors }} }}");
        let variables = json!({ "email": look_alike, "password": OTHER_PASSWORD });
        assert_done(&server.send(None, &query, variables).await.body["data"]["payload"]);
    }
    assert_eq!(server.mails_to(&mike.email).len(), 4);
    assert_eq!(server.mails().len(), 4);
    assert_eq!(number_of_accounts(&server), 1);
}

const WANT: &str = "mutation($email: String!, $password: String!) { \
     payload: sendSecondaryEmailActivation(email: $email, password: $password) { success errors } }";

#[tokio::test]
async fn wanting_a_known_address_ends_older_links_like_an_unknown_one() {
    for taken in [true, false] {
        let server = TestServer::start(HIDING).await;
        let (ada, bo) = (server.joins("ada").await, server.verifies("bo").await);
        let own = "own@example.org";
        for email in [own, if taken { &bo } else { GHOST }] {
            let variables = json!({ "email": email, "password": PASSWORD });
            assert_done(&server.send(Some(&ada.token), WANT, variables).await.body["data"]["payload"]);
        }
        let follow =
            "mutation($token: String!) { payload: verifySecondaryEmail(token: $token) { success errors } }";
        let followed = server.send(None, follow, json!({ "token": server.last_link(own) })).await;
        assert_refused(&followed.body["data"]["payload"], "nonFieldErrors", "invalid_token");
    }
}

#[tokio::test]
async fn account_ids_do_not_tell_whether_a_registration_made_an_account() {
    let server = TestServer::start(HIDING).await;
    let mut last = None;
    for (name, between) in [("ada", "ada@example.org"), ("bo", GHOST), ("cleo", GHOST)] {
        let person = server.joins(name).await;
        let id = server.ask(Some(&person.token), "{ me { pk } }").await["me"]["pk"].as_i64().expect("an id");
        assert!(last.is_none_or(|last| id == last + 2), "{name} has {id} after {last:?}");
        last = Some(id);
        assert_done(&server.mutate(None, &register(between)).await);
    }
    server.mails();
}

#[tokio::test]
async fn a_hint_to_an_unconfirmed_address_holds_no_words_of_strangers() {
    let server = TestServer::start(HIDING).await;
    let register = "mutation($email: String, $name: String, $password: String) { payload: register(\
         email: $email, username: $name, password1: $password, password2: $password) { success errors } }";
    for name in ["You won: http://evil.example/", "else"] {
        let variables = json!({ "email": GHOST, "name": name, "password": PASSWORD });
        assert_done(&server.send(None, register, variables).await.body["data"]["payload"]);
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
fn it_cannot_go_with_registrations_that_answer_with_tokens() {
    let settings = "accounts.hide_existence = true\naccounts.login_unverified = true\n";
    let refused = pledge4future_auth::config::load_text(settings).err().expect("a refusal");
    assert!(refused.to_string().starts_with("accounts.hide_existence:"), "{refused}");
}
