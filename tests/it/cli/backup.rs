//! `backup`, `restore`, `verify` and `healthcheck`.

mod erased_accounts;

use refinery::Target;
use rusqlite::Connection;

use super::MAIL_TO_FILES;
use crate::support::embedded;
use crate::support::program::Site;

/// A trigger with a name that is reserved for SQLite.
const RESERVED_TRIGGER: &str = "PRAGMA writable_schema = 1; \
    INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_zz', 'sessions', 0, \
    'CREATE TRIGGER sqlite_zz AFTER INSERT ON sessions BEGIN UPDATE accounts SET is_staff = 1; END')";

/// An endless list of migrations.
const ENDLESS_HISTORY: &str = "DROP TABLE refinery_schema_history; CREATE VIEW refinery_schema_history AS \
    WITH RECURSIVE numbers (version) AS (SELECT 1 UNION ALL SELECT version + 1 FROM numbers) SELECT version FROM numbers";

fn accounts(site: &Site) -> usize {
    site.run(["user", "list"]).done().lines().filter(|line| line.contains('@')).count()
}

#[tokio::test]
async fn a_backup_of_a_running_server_can_be_restored() {
    let (here, there) = (Site::with_settings(MAIL_TO_FILES), Site::with_settings(MAIL_TO_FILES));
    let server = here.serve();
    for name in ["ada", "bo"] {
        server.register(name).await;
    }
    let output = here.run(["backup", "copy.sqlite3"]).done();
    assert!(
        output.starts_with("copy.sqlite3: checked; schema ") && output.contains("accounts: 2"),
        "{output}"
    );
    assert_eq!(here.mode("copy.sqlite3"), 0o600);
    server.register("eve").await;
    assert!(here.run(["verify"]).done().contains("sound; schema "));

    there.write("copy.sqlite3", std::fs::read(here.path("copy.sqlite3")).expect("a backup"));
    let output = there.run(["restore", "copy.sqlite3"]).done();
    assert!(output.contains("may be back: there was no database that could name them."), "{output}");
    assert!(output.contains("data/auth.sqlite3: restored;") && output.contains("accounts: 2"), "{output}");
    assert_eq!(accounts(&there), 2);
    assert_eq!(there.mode("data"), 0o700);
    assert_eq!(there.mode("data/auth.sqlite3"), 0o600);

    // A restore refuses while a server runs, and keeps the database that it replaces.
    let refused = here.run(["restore", "copy.sqlite3"]).refused(1);
    assert!(refused.contains("--force replaces it"), "{refused}");
    let refused = here.run(["restore", "copy.sqlite3", "--force"]).refused(1);
    assert!(refused.contains("a server runs on data"), "{refused}");
    assert_eq!(accounts(&here), 3);
    server.terminate();
    let output = here.run(["restore", "copy.sqlite3", "--force"]).done();
    assert_eq!(accounts(&here), 2);
    let kept =
        output.split("The replaced database is now ").nth(1).expect("a name").trim().trim_end_matches('.');
    here.run(["restore", kept, "--force"]).done();
    assert_eq!(accounts(&here), 3);
}

#[tokio::test]
async fn a_restore_after_a_crash_can_be_undone() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["migrate"]).done();
    site.run(["backup", "empty.sqlite3"]).done();
    let server = site.serve();
    for name in ["ada", "bo"] {
        server.register(name).await;
    }
    // Both accounts are only in the write-ahead log.
    server.kill();
    let output = site.run(["restore", "empty.sqlite3", "--force"]).done();
    assert_eq!(accounts(&site), 0);
    let kept =
        output.split("The replaced database is now ").nth(1).expect("a name").trim().trim_end_matches('.');
    assert!(site.run(["restore", kept, "--force"]).done().contains("accounts: 2"));
    assert_eq!(accounts(&site), 2);
    assert!(site.run(["verify"]).done().contains("accounts: 2"));
}

#[test]
fn a_database_that_another_program_has_open_is_not_replaced() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["migrate"]).done();
    site.run(["backup", "copy.sqlite3"]).done();
    let other = Connection::open(site.path("data/auth.sqlite3")).expect("a database");
    let rows: i64 = other.query_row("SELECT COUNT(*) FROM accounts", [], |row| row.get(0)).expect("a number");
    assert_eq!(rows, 0);
    let sentence = site.run(["restore", "copy.sqlite3", "--force"]).refused(1);
    assert!(sentence.contains("another program has data/auth.sqlite3 open; stop it first"), "{sentence}");
    drop(other);
    assert!(site.run(["restore", "copy.sqlite3", "--force"]).done().contains("restored"));
}

#[test]
fn an_invalid_backup_is_not_restored() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["migrate"]).done();
    site.run(["user", "create", "--email", "ada@example.org", "--verified"]).done();
    site.run(["backup", "good.sqlite3"]).done();
    let good = std::fs::read(site.path("good.sqlite3")).expect("a backup");
    let mut torn = good.clone();
    let middle = torn.len() / 2;
    torn[4096..middle].fill(7);
    site.write("torn.sqlite3", torn);
    site.write("text.sqlite3", "not a database at all, but long enough to be looked at as one".repeat(100));
    Connection::open(site.path("other.sqlite3"))
        .expect("a file")
        .execute("CREATE TABLE a (b)", [])
        .expect("a table");
    site.write("newer.sqlite3", &good);
    Connection::open(site.path("newer.sqlite3"))
        .expect("a file")
        .execute("UPDATE refinery_schema_history SET version = version + 100", [])
        .expect("a row");
    for (file, statement) in [
        ("lacking.sqlite3", "DROP TABLE sessions"),
        ("freed.sqlite3", "DROP TRIGGER audit_is_only_added_to"),
        ("unnoted.sqlite3", "DELETE FROM refinery_schema_history"),
        (
            "trapped.sqlite3",
            "CREATE TRIGGER trap AFTER INSERT ON sessions BEGIN UPDATE accounts SET is_staff = 1; END",
        ),
        ("seen.sqlite3", "CREATE VIEW visibility AS SELECT * FROM accounts"),
        (
            "wildcard.sqlite3",
            "CREATE TRIGGER sqliteXevil AFTER INSERT ON sessions BEGIN UPDATE accounts SET is_staff = 1; END",
        ),
        ("reserved.sqlite3", RESERVED_TRIGGER),
        ("endless.sqlite3", ENDLESS_HISTORY),
        (
            "twice.sqlite3",
            "DROP INDEX accounts_by_username; CREATE INDEX accounts_by_username ON accounts (username)",
        ),
        (
            "unlinked.sqlite3",
            "DROP TABLE pending_emails; CREATE TABLE pending_emails (account_id, address_hash)",
        ),
    ] {
        site.write(file, &good);
        let database = Connection::open(site.path(file)).expect("a file");
        database.execute_batch(statement).expect("a change");
    }
    for (file, part) in [
        ("lacking.sqlite3", "is damaged: it lacks sessions"),
        ("freed.sqlite3", "is damaged: it lacks audit_is_only_added_to"),
        ("unnoted.sqlite3", "is damaged: it does not record its migrations"),
        ("trapped.sqlite3", "was tampered with: the trigger trap is not this program's"),
        ("seen.sqlite3", "was tampered with: the view visibility is not this program's"),
        ("wildcard.sqlite3", "was tampered with: the trigger sqliteXevil is not this program's"),
        ("reserved.sqlite3", "was tampered with: the trigger sqlite_zz is not this program's"),
        ("endless.sqlite3", "was tampered with: the view refinery_schema_history is not this program's"),
        ("twice.sqlite3", "was tampered with: the index accounts_by_username is not this program's"),
        ("unlinked.sqlite3", "was tampered with: the table pending_emails is not this program's"),
        ("missing.sqlite3", "missing.sqlite3 cannot be read: No such file"),
        ("torn.sqlite3", "torn.sqlite3"),
        ("text.sqlite3", "text.sqlite3 is not an SQLite database"),
        ("other.sqlite3", "is a database, but not one of this program"),
        ("newer.sqlite3", "was written by a newer version of this program"),
    ] {
        let sentence = site.run(["restore", file, "--force"]).refused(1);
        assert!(sentence.contains(part), "{file}: {sentence}");
    }
    assert_eq!(accounts(&site), 1);
    // Tables of other programs are allowed.
    site.write("more.sqlite3", &good);
    let database = Connection::open(site.path("more.sqlite3")).expect("a file");
    database.execute_batch("CREATE TABLE \"accounts; or not\" (a)").expect("a table");
    drop(database);
    assert!(site.run(["restore", "more.sqlite3", "--force"]).done().contains("accounts: 1"));
    let again = site.run(["backup", "good.sqlite3"]).refused(1);
    assert!(again.contains("already exists"), "{again}");
    let nowhere = site.run(["backup", "nowhere/copy.sqlite3"]).refused(1);
    assert_eq!(nowhere, "nowhere/copy.sqlite3 cannot be written: the folder nowhere does not exist");
    assert!(!site.names().iter().any(|name| name.contains("tmp")), "{:?}", site.names());
}

#[test]
fn a_backup_of_an_earlier_version_is_restored() {
    let site = Site::with_settings(MAIL_TO_FILES);
    for version in [1, 8, 10] {
        let file = format!("version-{version}.sqlite3");
        let mut database = Connection::open(site.path(&file)).expect("a file");
        let earlier = embedded::migrations::runner().set_target(Target::Version(version));
        earlier.run(&mut database).expect("the schema of an earlier version");
        drop(database);
        let output = site.run(["restore", &file, "--force"]).done();
        assert!(output.contains(&format!("restored; schema {version}, ")), "{output}");
        assert_eq!(accounts(&site), 0);
        assert!(site.run(["verify"]).done().contains("sound; "));
    }
}

#[test]
fn verify_and_backup_refuse_a_damaged_database() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["user", "create", "--email", "ada@example.org", "--verified"]).done();
    assert!(site.run(["verify"]).done().contains("accounts: 1"));
    let database = Connection::open(site.path("data/auth.sqlite3")).expect("a database");
    database.pragma_update(None, "foreign_keys", false).expect("a setting");
    database.execute("DELETE FROM accounts", []).expect("rows");
    drop(database);
    let sentence = site.run(["verify"]).refused(1);
    assert!(
        sentence.contains("is damaged: rows of email_addresses refer to rows that do not exist"),
        "{sentence}"
    );
    let sentence = site.run(["backup", "copy.sqlite3"]).refused(1);
    assert!(sentence.contains("is damaged"), "{sentence}");
    assert!(!site.path("copy.sqlite3").exists());
}

#[test]
fn keep_deletes_the_oldest_backups_of_the_same_name() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["migrate"]).done();
    for name in
        ["auth-20260101.sqlite3", "auth-20260102.sqlite3", "auth-2026.sqlite3", "other-20260101.sqlite3"]
    {
        site.write(name, "old");
    }
    assert_eq!(site.run(["backup", "auth-20260103.sqlite3", "--keep", "0"]).status, Some(2));
    let output = site.run(["backup", "auth-20260103.sqlite3", "--keep", "2"]).done();
    assert!(output.ends_with("removed: ./auth-20260101.sqlite3\n"), "{output}");
    let left: Vec<String> =
        site.names().into_iter().filter(|name| name.ends_with(".sqlite3") && !name.contains('/')).collect();
    assert_eq!(
        left,
        ["auth-2026.sqlite3", "auth-20260102.sqlite3", "auth-20260103.sqlite3", "other-20260101.sqlite3"]
    );
}

#[tokio::test]
async fn health_is_reported_and_a_second_server_is_refused() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let site = Site::empty();
    site.write("config.toml", format!("listen = \"127.0.0.1:{port}\"\npasswords.memory = \"64 KiB\"\n"));
    let sentence = site.run(["healthcheck"]).refused(1);
    assert!(sentence.contains("no server answers at"), "{sentence}");
    let server = site.serve();
    assert_eq!(site.run(["healthcheck"]).done(), "ready\n");
    let get = async |path: &str| {
        let reply = reqwest::get(server.endpoint().replace("/graphql", path)).await.expect("a reply");
        (reply.status().as_u16(), reply.text().await.expect("a string"))
    };
    assert_eq!(get("/healthz").await, (200, "alive\n".to_owned()));
    assert_eq!(get("/readyz").await, (200, "ready\n".to_owned()));
    let second = site.run_with([("P4F_AUTH_LISTEN", "127.0.0.1:0")], ["serve"]).refused(1);
    assert!(second.contains("a server runs on data"), "{second}");

    let database = Connection::open(site.path("data/auth.sqlite3")).expect("a database");
    let one_put_off = "INSERT INTO outbox (recipient, subject, body_text, body_html, created_at, due_at, attempts) \
        VALUES ('a', 'b', 'c', 'd', 0, 9000000000000000, 3)";
    database.execute(one_put_off, []).expect("a row");
    assert_eq!(get("/readyz").await.0, 200);
    let forgotten = "DELETE FROM refinery_schema_history WHERE version > 1";
    database.execute(forgotten, []).expect("rows");
    assert_eq!(get("/readyz").await.0, 503);
    let sentence = site.run(["healthcheck"]).refused(1);
    assert!(sentence.contains("is not ready: the database is not up to date"), "{sentence}");
    assert_eq!(get("/healthz").await.0, 200);
}
