//! A refused mutation changes no row but the audit and sends no mail. No mutation changes another account.

use crate::support::access_token::{KEY_SETTING, django_token};
use crate::support::mutation::{
    Mutation, archive_account, change_password, delete_account, refresh_token, remove_secondary_email,
    request_secondary_email, reset_password, revoke_token, set_password, swap_emails, update_first_name,
    verify_account, verify_secondary_email,
};
use crate::support::person::{
    OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused, assert_refused_with,
};
use crate::support::server::TestServer;

/// The mutations that need the password of the viewer, and the field of its error.
fn with_password(password: &str) -> [(Mutation, &'static str); 6] {
    [
        (change_password(password, OTHER_PASSWORD), "oldPassword"),
        (request_secondary_email("third@example.net", password), "password"),
        (swap_emails(password), "password"),
        (remove_secondary_email(password), "password"),
        (archive_account(password), "password"),
        (delete_account(password), "password"),
    ]
}

async fn start() -> TestServer {
    TestServer::start(&format!("limits.enabled = false\n{KEY_SETTING}")).await
}

/// The rows that contain a person's name, by username or address.
fn rows_of(server: &TestServer, name: &str) -> Vec<String> {
    let (username, address) = (format!("Text({name:?})"), format!("{name}@"));
    server.rows().into_iter().filter(|row| row.contains(&username) || row.contains(&address)).collect()
}

/// Returns all rows but new entries of the audit, and the new entries as lines.
fn since(server: &TestServer, before: &[String]) -> (Vec<String>, Vec<String>) {
    let is_new = |row: &String| row.starts_with("audit: ") && !before.contains(row);
    let (new, others): (Vec<_>, Vec<_>) = server.rows().into_iter().partition(is_new);
    let lines = server.audit_lines();
    (others, lines[lines.len() - new.len()..].to_vec())
}

async fn with_secondary(server: &TestServer, name: &str) -> Person {
    let person = server.sign_up(name).await;
    let second = format!("{name}@elsewhere.example");
    person.add_secondary_email(server, &second).await;
    person
}

#[tokio::test]
async fn no_mutation_changes_anything_with_a_wrong_password() {
    let server = start().await;
    let ada = with_secondary(&server, "ada").await;
    server.ignore_mail();
    let before = server.rows();
    for (mutation, field) in with_password("not-The-One-1") {
        assert_refused(&ada.mutate(&server, &mutation).await, field, "invalid_password");
    }
    assert_eq!(since(&server, &before), (before, vec!["1 password_refused owner".to_owned(); 6]));
    assert_eq!(ada.me(&server).await["username"], "ada");
}

#[tokio::test]
async fn no_mutation_changes_anything_without_a_valid_token() {
    let server = start().await;
    let ada = with_secondary(&server, "ada").await;
    server.ignore_mail();
    let before = server.rows();
    let tampered = ada.token.replacen('.', ".e", 1);
    let mutations = with_password(PASSWORD).into_iter().map(|(mutation, _)| mutation);
    for mutation in mutations.chain([update_first_name("Eve")]) {
        for token in [None, Some("nonsense"), Some(tampered.as_str())] {
            assert_refused_with(&server.mutate(token, &mutation).await, "unauthenticated");
        }
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn no_mutation_changes_anything_for_an_unverified_account() {
    let server = start().await;
    let email = server.register("ada").await;
    server.ignore_mail();
    let token = django_token(&email, server.now_seconds());
    let before = server.rows();
    let mutations = with_password(PASSWORD).into_iter().map(|(mutation, _)| mutation);
    for mutation in mutations.chain([update_first_name("Eve")]) {
        assert_refused_with(&server.mutate(Some(&token), &mutation).await, "not_verified");
    }
    assert_eq!(server.rows(), before);
    assert_refused_with(&server.try_log_in(&email, PASSWORD).await, "not_verified");
    assert_eq!(since(&server, &before), (before, vec!["1 login_refused somebody not_verified".to_owned()]));
}

#[tokio::test]
async fn no_mutation_changes_anything_with_an_invalid_token_argument() {
    let server = start().await;
    let ada = with_secondary(&server, "ada").await;
    server.ignore_mail();
    let before = server.rows();
    for token in ["nonsense", ada.token.as_str()] {
        for mutation in [
            verify_account(token),
            verify_secondary_email(token),
            reset_password(token, OTHER_PASSWORD),
            set_password(token, OTHER_PASSWORD),
            refresh_token(token),
            revoke_token(token),
        ] {
            assert_refused_with(&server.mutate(None, &mutation).await, "invalid_token");
        }
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn no_mutation_changes_a_row_of_another_account() {
    for (mutation, _) in with_password(PASSWORD) {
        let server = start().await;
        let bo = with_secondary(&server, "bo").await;
        let ada = with_secondary(&server, "ada").await;
        server.ignore_mail();
        let before = rows_of(&server, "bo");
        assert_done(&ada.mutate(&server, &mutation).await);
        assert_eq!(rows_of(&server, "bo"), before, "{mutation}");
        assert_done(&server.refresh(&bo.refresh_token).await);
        assert_eq!(bo.me(&server).await["username"], "bo");
        server.ignore_mail();
    }
}

#[tokio::test]
async fn the_owner_is_notified_when_the_account_is_archived_or_deleted() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    assert_done(&ada.mutate(&server, &archive_account(PASSWORD)).await);
    // The deletion erases mails that wait.
    server.ignore_mail();
    let ada = server.log_in(&ada.email, PASSWORD).await;
    assert_done(&ada.mutate(&server, &delete_account(PASSWORD)).await);
    let mails = server.mails_to(&ada.email);
    assert_eq!(mails.len(), 3);
    assert!(mails[1].text.contains("Your account was archived."));
    assert!(mails[2].text.contains("Your account was deleted."));
}
