//! Accounts that were never verified and old mails vanish after the configured times.

use std::time::Duration;

use pledge4future_auth::accounts::cleanup::cleanup;
use pledge4future_auth::config;
use serde_json::json;

use crate::support::mutation::resend_activation;
use crate::support::person::assert_done;
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
    assert_done(&server.mutate(None, &resend_activation("ada@example.org")).await);
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
    let server = TestServer::start("limits.enabled = false\naccounts.login_unverified = true\n").await;
    for (name, change) in [
        ("ada", "UPDATE accounts SET epoch = 1 WHERE id = 1"),
        ("bo", "UPDATE accounts SET is_staff = 1 WHERE id = 2"),
        ("cleo", "UPDATE accounts SET deactivated_at = 7 WHERE id = 3"),
        ("dan", "UPDATE sessions SET expires_at = 9000000000000000 WHERE account_id = 4"),
        ("eve", "UPDATE accounts SET added_at = 9000000000000000 WHERE id = 5"),
    ] {
        server.register(name).await;
        server.database().execute(change);
    }
    server.register("finn").await;
    server.ignore_mail();
    server.advance(40 * DAY);
    clean_up(&server);
    assert_eq!(server.count_accounts(), 5);
    assert!(!server.rows_of("accounts").concat().contains("finn"));
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
    server.advance(2 * DAY);
    server.ignore_mail();
    clean_up(&server);
    assert_eq!(server.rows_of("outbox").len(), 1, "a mail was deleted too early");
    assert_eq!(server.rows_of("invitations").len(), 1);
    server.advance(Duration::from_secs(1));
    server.ignore_mail();
    assert!(server.rows_of("outbox").is_empty());
}

#[test]
fn invalid_retention_times_are_refused() {
    for (setting, value) in [
        ("unverified", "1 hour"),
        ("unverified", "101 years"),
        ("mails", "59 minutes"),
        ("audit_of_erased", "0 s"),
        ("erased_accounts", "1 hour"),
        ("erased_accounts", "29 days"),
    ] {
        let refused = config::load_text(&format!("retention.{setting} = {value:?}\n")).err().expect(value);
        assert!(refused.to_string().starts_with(&format!("retention.{setting}: must be ")), "{refused}");
    }
    assert!(config::load_text("retention.erased_accounts = \"30 days\"\n").is_ok());
}
