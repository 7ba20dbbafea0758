//! `move` between the engines. The tests run with PostgreSQL only.

use rusqlite::types::Value;

use crate::support::SEED;
use crate::support::database::Database;
use crate::support::mutation::register;
use crate::support::person::PASSWORD;
use crate::support::program::Site;

/// Returns a folder, and the URL of its database on PostgreSQL. `None` in the run on SQLite.
fn site() -> Option<(Site, String)> {
    let site = Site::with_settings("mail.transport = \"file\"\n");
    let url = site.database().postgres_url()?;
    Some((site, url))
}

#[tokio::test]
async fn a_database_moves_to_sqlite_and_back_with_every_row() {
    let Some((site, url)) = site() else { return };
    site.write("seed.json", SEED);
    site.run(["import", "seed.json"]).done();
    let server = site.serve();
    for name in ["ada", "bo", "cleo"] {
        server.register(name).await;
        site.run(["user", "verify", name]).done();
        server.log_in(&format!("{name}@example.org"), PASSWORD).await;
    }
    server.try_log_in("ghost@example.org", PASSWORD).await;
    let group = ["group", "create", "Tides", "--representative", "ada"];
    let place = ["--institution", "heidelberg university", "--field", "physical"];
    site.run([&group[..], &place].concat()).done();
    assert_eq!(server.terminate().status, Some(0));
    // Its id must not be given to another account.
    site.run(["user", "delete", "cleo", "--yes"]).done();
    site.database().execute("UPDATE outbox SET last_error = 'a text that only some rows have' WHERE id = 2");
    let rows = site.database().rows();
    for table in
        ["accounts", "sessions", "refresh_tokens", "working_groups", "known_clients", "audit", "outbox"]
    {
        assert!(rows.iter().any(|row| row.starts_with(&format!("{table}: "))), "{table} is empty");
    }

    let moved = site.run(["move", "--from", &url, "--to", "sqlite:moved/auth.sqlite3"]).done();
    assert!(moved.contains("moved/auth.sqlite3") && moved.contains("  accounts: 9\n"), "{moved}");
    let file = Database::Sqlite(site.path("moved/auth.sqlite3"));
    assert_eq!(file.rows(), rows);
    let back = Database::new(std::path::PathBuf::new());
    let back_url = back.url().expect("PostgreSQL");
    site.run(["move", "--from", "sqlite:moved/auth.sqlite3", "--to", &back_url]).done();
    assert_eq!(back.rows(), rows);

    let last = "SELECT MAX(id) FROM accounts";
    let [Value::Integer(erased)] = site.database().query("SELECT MAX(account_id) FROM audit")[0][..] else {
        panic!("no number")
    };
    for database in [&file, &back] {
        let moved = Site::of_database(database);
        let server = moved.serve();
        server.mutate(&register("dora@example.org", PASSWORD).with("username", "dora")).await;
        assert_eq!(database.query(last), [[Value::Integer(erased + 1)]], "an id was used twice");
        let me = server.log_in("ada@example.org", PASSWORD).await;
        assert_eq!(server.query(Some(&me), "{ me { username } }").await["me"]["username"], "ada");
    }
}

#[tokio::test]
async fn a_move_that_is_refused_changes_nothing() {
    let Some((site, url)) = site() else { return };
    let server = site.serve();
    server.register("ada").await;
    let refused = site.run(["move", "--from", &url, "--to", "sqlite:new.sqlite3"]).refused(1);
    assert!(refused.contains("end them first"), "{refused}");
    assert_eq!(server.terminate().status, Some(0));

    let rows = site.database().rows();
    let missing = site.run(["move", "--from", "sqlite:missing.sqlite3", "--to", &url]).refused(1);
    assert!(missing.contains("--from: there is no database at missing.sqlite3"), "{missing}");
    site.run(["move", "--from", &url, "--to", "sqlite:new.sqlite3"]).done();
    let filled = site.run(["move", "--from", "sqlite:new.sqlite3", "--to", &url]).refused(1);
    assert!(filled.contains("is not empty"), "{filled}");
    let wrong = site.run(["move", "--from", "mysql://ada:sesame@localhost/p4f", "--to", &url]).refused(1);
    assert!(wrong.contains("--from: it must begin with postgres://") && !wrong.contains("sesame"), "{wrong}");
    assert_eq!(site.database().rows(), rows);
}
