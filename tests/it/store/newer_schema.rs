//! Servers and commands of different versions on one database.

use pledge4future_auth::store::Store;

use crate::support::program::Site;

/// Records a migration that this program does not know. Programs that know `compatible_since` can use the database.
fn record_newer_migration(site: &Site, compatible_since: i64) {
    site.database().execute(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
         VALUES (999, 'of_the_future', '2036-01-01T00:00:00Z', '1')",
    );
    site.database().execute(&format!(
        "UPDATE properties SET value = '{compatible_since}' WHERE name = 'compatible_since'"
    ));
}

#[test]
fn a_database_of_a_newer_version_is_not_changed() {
    let site = Site::with_settings("");
    site.run(["migrate"]).done();
    record_newer_migration(&site, 999);
    let before = site.database().rows();
    for command in [&["serve"][..], &["migrate"], &["mail", "list"]] {
        let sentence = site.run(command).refused(1);
        for part in ["newer version", "999", "backup"] {
            assert!(sentence.contains(part), "{command:?}: {sentence}");
        }
        assert_eq!(site.database().rows(), before, "{command:?}");
    }
    let output = site.run(["migrate", "--status"]);
    assert!(!output.stdout.contains("up to date"), "{output:?}");
}

#[tokio::test]
async fn servers_run_on_a_newer_schema_that_permits_their_version() {
    let site = Site::with_settings("mail.transport = \"file\"\n");
    site.run(["migrate"]).done();
    record_newer_migration(&site, Store::newest_schema());
    site.database().execute("ALTER TABLE accounts ADD COLUMN of_the_future BIGINT");
    let server = site.serve();
    server.register("ada").await;
    assert!(site.run(["user", "list"]).done().contains("ada@example.org"));
    assert!(site.run(["migrate", "--status"]).done().contains("up to date"));
    assert_eq!(server.terminate().status, Some(0));
}

#[test]
fn a_command_does_not_migrate_under_a_running_server() {
    let site = Site::with_settings("mail.transport = \"file\"\n");
    if site.database().url().is_some() {
        eprintln!("skipped: `store::servers` has a test for PostgreSQL");
        return;
    }
    let server = site.serve();
    // As if the server were of a version before the last migrations.
    site.database().execute(
        "DELETE FROM refinery_schema_history WHERE version >= 15; DROP TABLE authenticators; DROP TABLE recovery_codes; \
         DROP TABLE passkeys; ALTER TABLE sessions DROP COLUMN authentication; DROP TABLE invitations; DROP TABLE erased_accounts; \
         DROP INDEX sessions_by_cookie; DROP INDEX outbox_by_account; \
         ALTER TABLE accounts DROP COLUMN added_at; ALTER TABLE accounts DROP COLUMN language; \
         ALTER TABLE accounts DROP COLUMN terms_version; ALTER TABLE accounts DROP COLUMN terms_accepted_at; \
         ALTER TABLE sessions DROP COLUMN cookie_hash; ALTER TABLE sessions DROP COLUMN authenticated_at; \
         ALTER TABLE sessions DROP COLUMN admin_used_at; ALTER TABLE outbox DROP COLUMN account_id; \
         DROP INDEX outbox_by_recipient; ALTER TABLE outbox DROP COLUMN recipient_key; \
         INSERT INTO outbox (recipient, subject, body_text, body_html, created_at, due_at, attempts) \
         VALUES ('Ada@XN--MNCHEN-3YA.example', '', '', '', 0, 0, 0)",
    );
    for command in [&["user", "list"][..], &["import", "--bundled", "research-fields"]] {
        let refused = site.run(command).refused(1);
        assert!(refused.contains("run `migrate` first") && refused.contains("a server runs"), "{refused}");
    }
    assert!(site.run(["migrate", "--status"]).done().contains("pending migrations: V15__pages"));
    assert_eq!(server.terminate().status, Some(0));
    assert_eq!(site.run(["user", "list"]).done(), "There are no accounts.\n");
    // Mails to an address are found by its key.
    assert_eq!(
        site.database().query("SELECT recipient_key FROM outbox"),
        [["ada@münchen.example".to_owned().into()]]
    );
    assert!(site.run(["migrate", "--status"]).done().contains("up to date"));
}
