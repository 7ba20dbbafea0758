//! What mutations must not do: a refused one changes no row and mails nothing, and no other account is touched. That a
//! password was refused is noted, and nothing else.

use pledge4future_auth::tokens::{SigningKey, access};
use serde_json::json;

use crate::support::person::{OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused};
use crate::support::server::TestServer;

const SETTINGS: &str = "limits.enabled = false\nsecret_key = \"a-key-that-django-signed-with-too\"\n";

/// The mutations that act on the account of whoever asks, with the password given.
fn own(password: &str) -> Vec<(String, &'static str)> {
    let change = format!(
        "passwordChange(oldPassword: {password:?}, newPassword1: {OTHER_PASSWORD:?}, newPassword2: {OTHER_PASSWORD:?})"
    );
    let wish = format!("sendSecondaryEmailActivation(email: \"third@example.net\", password: {password:?})");
    vec![
        (change, "oldPassword"),
        (wish, "password"),
        (format!("swapEmails(password: {password:?})"), "password"),
        (format!("removeSecondaryEmail(password: {password:?})"), "password"),
        (format!("archiveAccount(password: {password:?})"), "password"),
        (format!("deleteAccount(password: {password:?})"), "password"),
    ]
}

/// The rows that name somebody, by username or address.
fn rows_of(server: &TestServer, name: &str) -> Vec<String> {
    let (username, address) = (format!("Text({name:?})"), format!("{name}@"));
    server.rows().into_iter().filter(|row| row.contains(&username) || row.contains(&address)).collect()
}

/// All rows but those that were noted since `before`, and what those say.
fn since(server: &TestServer, before: &[String]) -> (Vec<String>, Vec<String>) {
    let is_new = |row: &String| row.starts_with("audit: ") && !before.contains(row);
    let (new, others): (Vec<_>, Vec<_>) = server.rows().into_iter().partition(is_new);
    let told = server.happened();
    (others, told[told.len() - new.len()..].to_vec())
}

async fn with_secondary(server: &TestServer, name: &str) -> Person {
    let person = server.joins(name).await;
    let second = format!("{name}@elsewhere.example");
    let wish = format!("sendSecondaryEmailActivation(email: {second:?}, password: {PASSWORD:?})");
    assert_done(&person.does(server, &wish).await);
    let link = server.last_link(&second);
    assert_done(&server.mutate(None, &format!("verifySecondaryEmail(token: {link:?})")).await);
    person
}

#[tokio::test]
async fn a_wrong_password_changes_nothing_whatever_the_mutation() {
    let server = TestServer::start(SETTINGS).await;
    let ada = with_secondary(&server, "ada").await;
    server.mails();
    let before = server.rows();
    for (mutation, field) in own("not-The-One-1") {
        assert_refused(&ada.does(&server, &mutation).await, field, "invalid_password");
    }
    assert_eq!(since(&server, &before), (before, vec!["1 password_refused owner".to_owned(); 6]));
    assert_eq!(ada.me(&server).await["username"], "ada");
}

#[tokio::test]
async fn without_a_good_token_nothing_is_done_whatever_the_mutation() {
    let server = TestServer::start(SETTINGS).await;
    let ada = with_secondary(&server, "ada").await;
    server.mails();
    let before = server.rows();
    let tampered = ada.token.replacen('.', ".e", 1);
    let mut mutations: Vec<String> = own(PASSWORD).into_iter().map(|(mutation, _)| mutation).collect();
    mutations.push("updateAccount(firstName: \"Eve\")".to_owned());
    for mutation in mutations {
        for token in [None, Some("nonsense"), Some(tampered.as_str())] {
            assert_refused(&server.mutate(token, &mutation).await, "nonFieldErrors", "unauthenticated");
        }
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn who_is_not_verified_can_change_nothing_whatever_the_mutation() {
    let server = TestServer::start(SETTINGS).await;
    let email = server.registers("ada").await;
    server.mails();
    let key = SigningKey::new("a-key-that-django-signed-with-too".to_owned().into());
    let claims = json!({ "email": email, "exp": server.now_seconds() + 600 });
    let token = access::sign(&key, &claims).expect("a token");
    let before = server.rows();
    let mut mutations: Vec<String> = own(PASSWORD).into_iter().map(|(mutation, _)| mutation).collect();
    mutations.push("updateAccount(firstName: \"Eve\")".to_owned());
    for mutation in mutations {
        assert_refused(&server.mutate(Some(&token), &mutation).await, "nonFieldErrors", "not_verified");
    }
    assert_eq!(server.rows(), before);
    assert_refused(&server.tries_to_log_in(&email, PASSWORD).await, "nonFieldErrors", "not_verified");
    assert_eq!(since(&server, &before), (before, vec!["1 login_refused somebody not_verified".to_owned()]));
}

#[tokio::test]
async fn tokens_that_are_none_change_nothing_whatever_the_mutation() {
    let server = TestServer::start(SETTINGS).await;
    let ada = with_secondary(&server, "ada").await;
    server.mails();
    let before = server.rows();
    let passwords = format!("newPassword1: {OTHER_PASSWORD:?}, newPassword2: {OTHER_PASSWORD:?}");
    for token in ["nonsense", ada.token.as_str()] {
        for mutation in [
            format!("verifyAccount(token: {token:?})"),
            format!("verifySecondaryEmail(token: {token:?})"),
            format!("passwordReset(token: {token:?}, {passwords})"),
            format!("passwordSet(token: {token:?}, {passwords})"),
            format!("refreshToken(refreshToken: {token:?})"),
            format!("revokeToken(refreshToken: {token:?})"),
        ] {
            assert_refused(&server.mutate(None, &mutation).await, "nonFieldErrors", "invalid_token");
        }
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn what_one_account_does_touches_no_row_of_another() {
    for (mutation, _) in own(PASSWORD) {
        let server = TestServer::start(SETTINGS).await;
        let bo = with_secondary(&server, "bo").await;
        let ada = with_secondary(&server, "ada").await;
        server.mails();
        let before = rows_of(&server, "bo");
        assert_done(&ada.does(&server, &mutation).await);
        assert_eq!(rows_of(&server, "bo"), before, "{mutation}");
        assert_done(&server.refreshes(&bo.refresh_token).await);
        assert_eq!(bo.me(&server).await["username"], "bo");
        server.mails();
    }
}

#[tokio::test]
async fn the_owner_is_told_when_the_account_is_put_away_or_erased() {
    let server = TestServer::start("").await;
    let ada = server.joins("ada").await;
    assert_done(&ada.does(&server, &format!("archiveAccount(password: {PASSWORD:?})")).await);
    let ada = server.logs_in(&ada.email, PASSWORD).await;
    assert_done(&ada.does(&server, &format!("deleteAccount(password: {PASSWORD:?})")).await);
    let mails = server.mails_to(&ada.email);
    assert_eq!(mails.len(), 3);
    assert!(mails[1].text.contains("Your account was archived."));
    assert!(mails[2].text.contains("Your account was deleted."));
}
