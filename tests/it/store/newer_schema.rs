//! Databases that a newer version of the program has migrated.

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
