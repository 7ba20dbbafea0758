//! What an erasure leaves behind.

use std::time::Duration;

use pledge4future_auth::accounts::admin;
use pledge4future_auth::accounts::cleanup::cleanup;
use pledge4future_auth::digest::sha256_hex;
use pledge4future_auth::email;

use super::{ATTACKER, GUESTS, HOME, OFFICE, PASSKEY_NAME, mutate_from, start};
use crate::support::mutation::{delete_account, log_in};
use crate::support::person::{PASSWORD, assert_done};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);
const EMAIL: &str = "maja@example.org";
const SECONDARY: &str = "maja.z@harbour.example";
/// What identifies the person besides the id of the account and addresses of clients.
const TRACES: [&str; 10] = [
    EMAIL,
    SECONDARY,
    "maja.new@harbour.example",
    "maja",
    "Marjolein",
    "Zeegers",
    "terms-2026",
    "Harbour/7",
    PASSKEY_NAME,
    GUESTS,
];

fn clean_up(server: &TestServer) {
    while server.run(cleanup).expect("a cleanup") > 0 {}
}

/// Returns the rows with one of these texts, except those of `tables`.
fn rows_with(server: &TestServer, texts: &[&str], tables: &[&str]) -> Vec<String> {
    let mut rows = server.rows();
    rows.retain(|row| texts.iter().any(|text| row.to_lowercase().contains(&text.to_lowercase())));
    rows.retain(|row| !tables.iter().any(|table| row.starts_with(&format!("{table}: "))));
    rows
}

fn hashes() -> Vec<String> {
    let names = [format!("email:{EMAIL}"), format!("email:{SECONDARY}"), "username:maja".to_owned()];
    names.iter().map(sha256_hex).chain([email::hash(EMAIL), email::hash(SECONDARY)]).collect()
}

#[tokio::test]
async fn a_deletion_leaves_only_what_is_documented() {
    let (server, _, maja) = start().await;
    assert!(server.rows_of("outbox").len() > 5, "few mails were sent");
    assert_done(&mutate_from(&server, HOME, Some(&maja), &delete_account(PASSWORD)).await);

    let left = rows_with(&server, &TRACES, &["outbox"]);
    assert!(left.is_empty(), "{left:#?}");
    // Only the last notice, in the language of the owner.
    let mails = rows_with(&server, &TRACES, &[]);
    assert_eq!(mails.len(), 2, "{mails:#?}");
    assert!(mails.iter().all(|mail| mail.contains("Your account was deleted.")), "{mails:#?}");
    assert!(
        mails.iter().all(|mail| mail.contains(", Null, Text(\"maja")),
        "a mail names the account: {mails:#?}"
    );
    // Networks have counters of their own, which do not name the account.
    let left = rows_with(&server, &[HOME, OFFICE, ATTACKER], &["audit", "attempts"]);
    assert!(left.is_empty(), "{left:#?}");
    let by_network = ["mails-by:", "passwords-by:", "registrations-by:", "group-changes-by:", "tokens-by:"];
    for row in server.rows_of("attempts") {
        let is_others = row.contains("rosalind")
            || row.contains(&email::hash("rosalind@example.org"))
            || row.contains(":1@")
            // The address was requested, but may belong to somebody else.
            || row.contains(&email::hash("maja.new@harbour.example"));
        assert!(
            is_others || by_network.iter().any(|name| row.contains(name)) || row.contains("passwords-on:1"),
            "{row}"
        );
    }
    let hashes = hashes();
    let hashes: Vec<&str> = hashes.iter().map(String::as_str).collect();
    let left = rows_with(&server, &hashes, &[]);
    assert_eq!(left.len(), 2, "{left:#?}");
    assert!(left.iter().all(|row| row.starts_with("released_emails: ")), "{left:#?}");
    assert_eq!(server.rows_of("erased_accounts").len(), 1);
    assert!(server.audit().iter().any(|entry| entry.account == Some(2)));

    let notices = server.mails_to(EMAIL);
    assert!(notices.last().expect("a notice").text.contains("Your account was deleted."));
    server.advance(7 * DAY + Duration::from_secs(1));
    server.ignore_mail();
    assert!(server.rows_of("outbox").is_empty(), "the last notice is kept for too long");

    server.advance(22 * DAY);
    clean_up(&server);
    assert!(
        server.audit().iter().any(|entry| entry.account == Some(2)),
        "the entries were deleted too early"
    );
    server.advance(2 * DAY);
    clean_up(&server);
    let is_hers = |id: Option<i64>| id == Some(2);
    assert!(!server.audit().iter().any(|entry| is_hers(entry.account) || is_hers(entry.actor.account())));
    assert!(server.audit().iter().any(|entry| entry.account == Some(1)), "entries of others were deleted");
    let left = rows_with(&server, &[HOME, OFFICE, ATTACKER], &[]);
    assert!(left.is_empty(), "{left:#?}");

    server.advance(366 * DAY);
    clean_up(&server);
    assert!(server.rows_of("erased_accounts").is_empty());
    assert!(server.rows_of("released_emails").is_empty());
}

#[tokio::test]
async fn an_operator_erases_as_much_as_the_owner() {
    let (server, ..) = start().await;
    assert!(server.run(|app| admin::delete(app, 2)).is_ok());
    let left = rows_with(&server, &TRACES, &[]);
    assert!(left.is_empty(), "{left:#?}");
    server.ignore_mail();
}

#[tokio::test]
async fn a_deletion_erases_guesses_from_before_the_registration() {
    let server = TestServer::start("").await;
    for _ in 0..2 {
        server.mutate(None, &log_in("maja@example.org", "guessed")).await;
    }
    let hash = sha256_hex(format!("email:{EMAIL}"));
    assert!(!rows_with(&server, &[&hash], &[]).is_empty(), "the guesses were not counted");
    let maja = server.sign_up("maja").await;
    assert_done(&maja.mutate(&server, &delete_account(PASSWORD)).await);
    let left = rows_with(&server, &[&hash], &[]);
    assert!(left.is_empty(), "{left:#?}");
    server.ignore_mail();
}

#[tokio::test]
async fn a_deletion_leaves_what_others_sent_to_an_unconfirmed_address() {
    let server = TestServer::start("").await;
    // A stranger registered the address, and operators invite its owner.
    let email = server.register("maja").await;
    server.invite(&email, None);
    assert!(server.run(|app| admin::delete(app, 1)).is_ok());
    let mails = server.rows_of("outbox");
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert!(mails[0].contains("Invitation to"), "{mails:#?}");
    assert_eq!(server.rows_of("invitations").len(), 1);
    server.ignore_mail();
}
