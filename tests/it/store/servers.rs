//! Several servers on one database. The tests run with PostgreSQL only.

use std::time::Duration;

use pledge4future_auth::outbox;
use pledge4future_auth::store::Store;
use pledge4future_auth::store::outbox as outbox_rows;
use regex::Regex;
use rusqlite::types::Value as Column;

use crate::support::database::Database;
use crate::support::mutation::{log_in, revoke_all_sessions, update_first_name};
use crate::support::person::{PASSWORD, assert_done};
use crate::support::program::{Serving, Site};
use crate::support::server::TestServer;

const MAIL_TO_FILES: &str = "mail.transport = \"file\"\n";

/// Returns the folder of a server on a shared database, or `None` in the run on SQLite.
fn shared_site() -> Option<Site> {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.database().postgres_url()?;
    Some(site)
}

async fn registered(server: &Serving, site: &Site, name: &str) -> String {
    server.register(name).await;
    site.run(["user", "verify", name]).done();
    server.log_in(&format!("{name}@example.org"), PASSWORD).await
}

fn numbers(database: &Database, sql: &str) -> Vec<i64> {
    let number =
        |row: &Vec<Column>| if let Column::Integer(number) = row[0] { number } else { panic!("{row:?}") };
    database.query(sql).iter().map(number).collect()
}

#[tokio::test]
async fn a_session_begun_at_one_server_ends_at_another() {
    let Some(site) = shared_site() else { return };
    let other = site.beside(MAIL_TO_FILES);
    let (first, second) = (site.serve(), other.serve());
    let token = registered(&first, &site, "ada").await;
    let me = "{ me { firstName } }";
    assert_done(&second.mutate_as(&token, &update_first_name("Ada")).await);
    assert_eq!(first.query(Some(&token), me).await["me"]["firstName"], "Ada");
    assert_done(&second.mutate_as(&token, &revoke_all_sessions()).await);
    assert!(first.query(Some(&token), me).await["me"].is_null());
}

#[tokio::test]
async fn attempts_at_all_servers_are_counted_together() {
    let Some(site) = shared_site() else { return };
    let other = site.beside(MAIL_TO_FILES);
    let servers = [site.serve(), other.serve()];
    registered(&servers[0], &site, "ada").await;
    let attempt = log_in("ada@example.org", "not-The-One-1").select("success errors");
    let mut wrong = 0;
    for server in servers.iter().cycle().take(40) {
        let payload = server.mutate(&attempt).await;
        match payload["errors"]["nonFieldErrors"][0]["code"].as_str() {
            Some("invalid_credentials") => wrong += 1,
            Some("too_many_attempts") => break,
            code => panic!("{code:?}"),
        }
    }
    let counted = numbers(site.database(), "SELECT counted FROM attempts WHERE name LIKE 'password:%'");
    // An attempt that is throttled is not counted.
    assert_eq!(counted, [wrong]);
    assert!((1..40).contains(&wrong), "{wrong}");
}

#[tokio::test]
async fn each_mail_is_claimed_and_delivered_by_one_server() {
    let server = TestServer::start("").await;
    if server.database().postgres_url().is_none() {
        return;
    }
    let mails = 60;
    server.database().execute(&format!(
        "INSERT INTO outbox (recipient, subject, body_text, body_html, created_at, due_at, attempts) \
         SELECT 'p' || i || '@example.org', 'hello', 'text', 'html', 0, 0, 0 FROM generate_series(1, {mails}) i"
    ));
    let delivered: Vec<usize> = std::thread::scope(|scope| {
        let deliver = || scope.spawn(|| outbox::deliver_until(server.app(), || false));
        let servers = [deliver(), deliver(), deliver()];
        servers.map(|server| server.join().expect("a delivery").expect("a database").delivered).into()
    });
    assert_eq!(delivered.iter().sum::<usize>(), mails, "{delivered:?}");
    assert_eq!(server.mails().len(), mails);
}

#[tokio::test]
async fn mails_of_a_killed_server_are_delivered_after_its_claim() {
    let server = TestServer::start("").await;
    if server.database().postgres_url().is_none() {
        return;
    }
    server.register("ada").await;
    // The server claims the mail, and is killed before it delivers it.
    server.run(|app| {
        let (now, end) = (app.clock.now(), app.clock.now().plus(Duration::from_mins(11)));
        app.store.write(|tx| outbox_rows::claim_due(tx, now, end, 10)).expect("a database")
    });
    assert_eq!(server.mails().len(), 0);
    server.advance(Duration::from_mins(11));
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn a_server_with_another_key_is_refused_until_the_key_is_replaced() {
    let Some(site) = shared_site() else { return };
    drop(site.serve());
    let key = [("P4F_AUTH_SECRET_KEY", "another key, of at least 32 characters")];
    for command in [&["serve"][..], &["user", "list"]] {
        let refused = site.run_with(key, command).refused(1);
        assert!(refused.contains("another key") && refused.contains("migrate --new-key"), "{refused}");
    }
    site.run_with(key, ["migrate", "--new-key"]).done();
    drop(site.serve_with(key));
    assert!(site.run(["serve"]).refused(1).contains("another key"));
}

#[test]
fn servers_that_start_at_the_same_time_migrate_once() {
    let Some(database) = Database::empty() else { return };
    let sites: Vec<Site> = (0..6).map(|_| Site::of_database(&database)).collect();
    let start = |site: &Site| {
        let server = site.serve();
        let log = server.wait_for("data in");
        (server, Regex::new(r"migrations applied: (\d+)").expect("a pattern").is_match(&log))
    };
    let migrated = std::thread::scope(|scope| {
        let started: Vec<_> = sites.iter().map(|site| scope.spawn(|| start(site))).collect();
        started.into_iter().filter_map(|start| start.join().expect("a server").1.then_some(())).count()
    });
    assert_eq!(migrated, 1);
    let versions = numbers(&database, "SELECT version::BIGINT FROM refinery_schema_history");
    assert_eq!(versions.len(), Store::postgres_migrations().len(), "{versions:?}");
}

#[test]
fn only_serve_and_migrate_change_the_schema_of_a_shared_database() {
    let Some(database) = Database::empty() else { return };
    let site = Site::of_database(&database);
    for command in [&["user", "list"][..], &["import", "--bundled", "research-fields"], &["mail", "list"]] {
        let refused = site.run(command).refused(1);
        assert!(refused.contains("run `migrate` first"), "{refused}");
    }
    assert!(database.query("SELECT 1::BIGINT FROM pg_tables WHERE schemaname = 'public'").is_empty());
    assert!(site.run(["migrate", "--status"]).done().contains("pending migrations: V12__baseline"));
    site.run(["migrate"]).done();
    assert_eq!(site.run(["user", "list"]).done(), "There are no accounts.\n");
}

#[tokio::test]
async fn in_these_tests_each_write_is_made_twice() {
    let Some(site) = shared_site() else { return };
    let server = site.serve();
    let token = registered(&server, &site, "ada").await;
    let attempts = || numbers(site.database(), "SELECT last_value FROM test_attempts")[0];
    let before = attempts();
    assert_done(&server.mutate_as(&token, &update_first_name("Ada")).await);
    assert_eq!(attempts() - before, 2);
    let names = site.database().query("SELECT first_name FROM accounts");
    assert_eq!(names, [[Column::Text("Ada".to_owned())]]);
}

#[test]
fn commands_that_copy_a_file_name_those_of_postgresql() {
    let Some(site) = shared_site() else { return };
    for (command, program) in
        [(["backup", "copy.sqlite3"], "pg_dump"), (["restore", "copy.sqlite3"], "pg_restore")]
    {
        let refused = site.run(command).refused(1);
        assert!(refused.contains("is a PostgreSQL database") && refused.contains(program), "{refused}");
    }
    let sound = site.run(["verify"]).done();
    let expected = format!(": sound; schema {}, accounts: 0,", Store::newest_schema());
    assert!(sound.contains(&expected), "{sound}");
    assert!(!site.names().iter().any(|name| name.ends_with(".sqlite3")));
}
