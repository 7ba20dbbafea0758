//! `restore` erases accounts again that were erased after the backup.

use rusqlite::Connection;

use super::super::MAIL_TO_FILES;
use super::accounts;
use crate::support::person::PASSWORD;
use crate::support::program::Site;

fn rows(site: &Site, sql: &str) -> i64 {
    let database = Connection::open(site.path("data/auth.sqlite3")).expect("a database");
    database.query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[tokio::test]
async fn restore_erases_accounts_again_that_were_erased_after_the_backup() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let server = site.serve();
    for name in ["ada", "bo", "cleo"] {
        server.register(name).await;
    }
    site.run(["user", "verify", "ada"]).done();
    site.run(["backup", "copy.sqlite3"]).done();
    let payload = server.try_log_in("ada@example.org", PASSWORD).await;
    let delete = format!("mutation {{ deleteAccount(password: \"{PASSWORD}\") {{ success }} }}");
    let deleted = server.query(payload["token"].as_str(), &delete).await;
    assert_eq!(deleted["deleteAccount"]["success"], true, "{deleted}");
    site.run(["user", "delete", "bo", "--yes"]).done();
    server.register("dan").await;
    site.run(["user", "delete", "dan", "--yes"]).done();
    server.terminate();

    // The second time, the accounts were erased in a database that was itself restored.
    for _ in 0..2 {
        let output = site.run(["restore", "copy.sqlite3", "--force"]).done();
        assert!(
            output.contains(
                "erased after the backup: accounts 1, 2. If that was a mistake, `restore` with --keep-erased"
            ),
            "{output}"
        );
        assert!(output.contains("accounts: 1"), "{output}");
        assert_eq!(accounts(&site), 1);
        let list = site.run(["user", "list"]).done();
        assert!(list.contains("cleo@example.org"), "{list}");
        assert_eq!(rows(&site, "SELECT COUNT(*) FROM erased_accounts"), 3);
        assert_eq!(rows(&site, "SELECT COUNT(*) FROM outbox WHERE recipient LIKE 'ada@%'"), 0);
        assert_eq!(rows(&site, "SELECT COUNT(*) FROM audit WHERE event = 'deleted'"), 2);
    }
    assert!(!site.names().iter().any(|name| name.contains("tmp")), "{:?}", site.names());
    assert!(site.run(["verify"]).done().contains("sound; "));
    // The id of an erased account is not assigned again, or the next restore would erase its new owner.
    assert_eq!(
        site.run(["user", "create", "--email", "eve@example.org", "--verified"]).done(),
        "account 5 created: eve@example.org\n"
    );
}

#[tokio::test]
async fn restore_of_another_database_erases_nobody() {
    let (here, there) = (Site::with_settings(MAIL_TO_FILES), Site::with_settings(MAIL_TO_FILES));
    for site in [&here, &there] {
        site.run(["user", "create", "--email", "ada@example.org", "--verified"]).done();
    }
    there.run(["backup", "copy.sqlite3"]).done();
    here.write("copy.sqlite3", std::fs::read(there.path("copy.sqlite3")).expect("a backup"));
    here.run(["user", "delete", "ada", "--yes"]).refused(1);
    here.run(["user", "delete", "1", "--yes"]).done();
    let output = here.run(["restore", "copy.sqlite3", "--force"]).done();
    assert!(
        output.contains("may be back: the replaced database is not the one that was backed up. Erase them"),
        "{output}"
    );
    assert_eq!(accounts(&here), 1);
}

#[test]
fn a_damaged_database_is_replaced_all_the_same() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["user", "create", "--email", "ada@example.org", "--verified"]).done();
    site.run(["backup", "copy.sqlite3"]).done();
    site.write("data/auth.sqlite3", "not a database at all, but long enough to be one".repeat(100));
    let output = site.run(["restore", "copy.sqlite3", "--force"]).done();
    assert!(output.contains("Accounts that were erased after the backup may be back: "), "{output}");
    assert!(
        output.contains("Erase them again with `user delete`; docs/privacy.md describes how."),
        "{output}"
    );
    assert_eq!(accounts(&site), 1);
}

#[test]
fn a_backup_of_an_earlier_version_is_migrated_to_erase_accounts_again() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let mut database = Connection::open(site.path("earlier.sqlite3")).expect("a file");
    let earlier = crate::support::embedded::migrations::runner().set_target(refinery::Target::Version(12));
    earlier.run(&mut database).expect("the schema of an earlier version");
    let account = "INSERT INTO accounts (username, username_key, first_name, last_name, academic_title, epoch, is_staff, \
        joined_at) VALUES ('ada', 'ada', '', '', '', 0, 0, 0); \
        INSERT INTO email_addresses VALUES ('ada@example.org', 'ada@example.org', 1, 'primary')";
    database.execute_batch(account).expect("an account");
    drop(database);
    site.run(["restore", "earlier.sqlite3"]).done();
    site.run(["user", "delete", "ada", "--yes"]).done();
    let output = site.run(["restore", "earlier.sqlite3", "--force"]).done();
    assert!(output.contains("erased after the backup: accounts 1."), "{output}");
    assert_eq!(accounts(&site), 0);
}

#[test]
fn accounts_that_were_erased_by_mistake_come_back_with_keep_erased() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["user", "create", "--email", "ada@example.org", "--verified"]).done();
    site.run(["backup", "copy.sqlite3"]).done();
    site.run(["user", "delete", "1", "--yes"]).done();
    let output = site.run(["restore", "copy.sqlite3", "--force", "--keep-erased"]).done();
    assert!(output.contains("after the backup are kept, as --keep-erased asks."), "{output}");
    assert_eq!(accounts(&site), 1);
    // The next restore does not erase it either.
    site.run(["restore", "copy.sqlite3", "--force"]).done();
    assert_eq!(accounts(&site), 1);
}

#[test]
fn another_account_with_the_id_of_an_erased_one_stays() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["user", "create", "--email", "ada@example.org", "--verified"]).done();
    site.run(["backup", "copy.sqlite3"]).done();
    site.run(["user", "delete", "1", "--yes"]).done();
    let database = Connection::open(site.path("data/auth.sqlite3")).expect("a database");
    database.execute("UPDATE erased_accounts SET joined_at = joined_at - 1", []).expect("another time");
    drop(database);
    site.run(["restore", "copy.sqlite3", "--force"]).done();
    assert_eq!(accounts(&site), 1);
    assert_eq!(rows(&site, "SELECT COUNT(*) FROM erased_accounts"), 0);
}
