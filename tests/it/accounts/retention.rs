//! Accounts that were never verified and old mails vanish after the configured times.

use std::time::Duration;

use pledge4future_auth::accounts::cleanup::cleanup;
use pledge4future_auth::config;
use serde_json::json;

use crate::support::mutation::{log_in, request_reset, resend_activation, verify_account};
use crate::support::person::{PASSWORD, assert_done};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);

fn clean_up(server: &TestServer) {
    while server.run(cleanup).expect("a cleanup") > 0 {}
}

fn import(server: &TestServer, name: &str, verified: bool) {
    let user = json!({
        "email": format!("{name}@example.org"),
        "username": name,
        "password": "",
        "date_joined": "2019-01-01T00:00:00Z",
        "status": { "verified": verified },
    });
    server.import(&json!({ "users": [user] }).to_string());
}

#[tokio::test]
async fn accounts_that_were_never_verified_vanish() {
    let server = TestServer::start("limits.enabled = false\n").await;
    server.register("ada").await;
    server.register_verified("bo").await;
    server.advance(29 * DAY);
    import(&server, "cleo", false);
    import(&server, "dan", true);
    clean_up(&server);
    assert_eq!(server.count_accounts(), 4, "an account vanished too early");
    server.advance(2 * DAY);
    clean_up(&server);
    let emails = server.rows_of("email_addresses").concat();
    assert!(!emails.contains("ada@") && emails.contains("bo@") && emails.contains("dan@"), "{emails}");
    assert!(emails.contains("cleo@"), "an imported account vanished before its time: {emails}");
    assert!(server.audit_lines().contains(&"1 expired operator".to_owned()), "{:?}", server.audit_lines());
    assert!(!server.rows_of("outbox").concat().contains("ada@"), "a mail is left");
    server.advance(29 * DAY);
    clean_up(&server);
    assert_eq!(server.count_accounts(), 2);
    server.register("ada").await;
    server.ignore_mail();
}

#[tokio::test]
async fn unverified_accounts_that_are_used_stay() {
    let server = TestServer::start("limits.enabled = false\n").await;
    for (name, change) in [
        ("ada", "UPDATE accounts SET epoch = 1 WHERE id = 1"),
        ("bo", "UPDATE accounts SET is_staff = 1 WHERE id = 2"),
        ("cleo", "UPDATE accounts SET deactivated_at = 7 WHERE id = 3"),
        (
            "dan",
            "INSERT INTO sessions (id, account_id, began_at, last_used_at, expires_at, user_agent) \
             VALUES ('s', 4, 7, 7, 9000000000000000, '')",
        ),
        ("eve", "UPDATE accounts SET added_at = 9000000000000000 WHERE id = 5"),
        ("fay", "UPDATE accounts SET last_login_at = 7 WHERE id = 6"),
        (
            "gus",
            "INSERT INTO email_addresses (email_key, email, account_id, role) \
             VALUES ('gus@example.net', 'gus@example.net', 7, 'secondary')",
        ),
    ] {
        server.register(name).await;
        server.database().execute(change);
    }
    server.register("finn").await;
    server.ignore_mail();
    server.advance(40 * DAY);
    clean_up(&server);
    assert_eq!(server.count_accounts(), 7);
    assert!(!server.rows_of("accounts").concat().contains("finn"));
}

#[tokio::test]
async fn a_link_to_an_unverified_account_keeps_it() {
    let server = TestServer::start("limits.enabled = false\n").await;
    for name in ["ada", "bo", "cleo", "dan"] {
        server.register(name).await;
    }
    server.advance(29 * DAY);
    assert_done(&server.mutate(None, &resend_activation("ada@example.org")).await);
    server.mutate(None, &request_reset("bo@example.org")).await;
    server.mutate(None, &log_in("cleo@example.org", PASSWORD)).await;
    server.advance(6 * DAY);
    clean_up(&server);
    let emails = server.rows_of("email_addresses").concat();
    assert!(["ada@", "bo@", "cleo@"].iter().all(|kept| emails.contains(kept)), "{emails}");
    assert!(!emails.contains("dan@"), "{emails}");
    let token = server.mailed_token("ada@example.org");
    assert_done(&server.mutate(None, &verify_account(&token)).await);
    server.advance(30 * DAY);
    clean_up(&server);
    assert_eq!(server.count_accounts(), 1, "only the account that was activated stays");
    server.ignore_mail();
}

#[tokio::test]
async fn no_account_vanishes_where_nobody_must_confirm() {
    for settings in
        ["accounts.login_unverified = true\n", "mail.activation = false\n", "audit.kept = \"29 days\"\n"]
    {
        let server = TestServer::start(settings).await;
        server.register("ada").await;
        server.ignore_mail();
        server.advance(400 * DAY);
        clean_up(&server);
        assert_eq!(server.count_accounts(), 1, "{settings}");
    }
}

#[tokio::test]
async fn an_account_outlasts_its_activation_link() {
    let server = TestServer::start("tokens.activation_lifetime = \"60 days\"\n").await;
    server.register("ada").await;
    server.ignore_mail();
    server.advance(59 * DAY);
    clean_up(&server);
    assert_eq!(server.count_accounts(), 1);
    server.advance(2 * DAY);
    clean_up(&server);
    assert_eq!(server.count_accounts(), 0);
}

#[tokio::test]
async fn many_unverified_accounts_are_erased_in_batches() {
    let server = TestServer::start("").await;
    let number = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)";
    server.database().execute(&format!(
        "INSERT INTO accounts (username, username_key, first_name, last_name, academic_title, epoch, is_staff, joined_at) \
         {number} SELECT 'u' || i, 'u' || i, '', '', '', 0, 0, 0 FROM n"
    ));
    server.database().execute(
        "INSERT INTO email_addresses (email_key, email, account_id, role) \
         SELECT username || '@example.org', username || '@example.org', id, 'primary' FROM accounts",
    );
    let part = || server.run(cleanup).expect("a cleanup");
    let parts: Vec<usize> = std::iter::repeat_with(part).take_while(|part| *part > 0).collect();
    assert_eq!(parts, [20, 20, 10]);
}

#[tokio::test]
async fn mails_and_invitations_are_kept_for_the_configured_time() {
    let server = TestServer::start("retention.mails = \"2 days\"\n").await;
    server.register("ada").await;
    server.ignore_mail();
    server.database().execute(
        "INSERT INTO invitations (id, token_hash, email, email_key, made_at, expires_at) VALUES \
         ('old', 'a', 'x', 'x', 0, 7), ('new', 'b', 'y', 'y', 0, 9000000000000000)",
    );
    server.invite("bo@example.org", None);
    server.advance(2 * DAY);
    server.ignore_mail();
    clean_up(&server);
    assert_eq!(server.rows_of("outbox").len(), 2, "a mail was deleted too early");
    assert_eq!(server.rows_of("invitations").len(), 2);
    server.advance(Duration::from_secs(1));
    server.ignore_mail();
    assert!(server.rows_of("outbox").is_empty());
    server.advance(41 * DAY);
    clean_up(&server);
    assert_eq!(server.rows_of("invitations").len(), 2, "an expired invitation can no longer be recognized");
    server.advance(2 * DAY);
    clean_up(&server);
    assert_eq!(server.rows_of("invitations").len(), 1);
}

#[test]
fn invalid_retention_times_are_refused() {
    for (setting, value) in [
        ("unverified", "1 hour"),
        ("unverified", "101 years"),
        ("mails", "59 minutes"),
        ("audit_of_erased", "0 s"),
        ("erased_accounts", "1 hour"),
        ("erased_accounts", "59 days"),
    ] {
        let refused = config::load_text(&format!("retention.{setting} = {value:?}\n")).err().expect(value);
        assert!(refused.to_string().starts_with(&format!("retention.{setting}: must be ")), "{refused}");
    }
    assert!(config::load_text("retention.erased_accounts = \"60 days\"\n").is_ok());
}
