//! The tests on PostgreSQL, where each transaction that writes is made to conflict once.

use std::process::Command;

use crate::support::database::{SERVER, TEMPLATE};
use crate::support::postgres::{Access, PostgresServer};

/// Modules of tests that open no database, and this one.
const SKIPPED: [&str; 9] = [
    "config::",
    "docs::",
    "fuzzing::",
    "layers::",
    "packaging::",
    "passwords::",
    "tokens::",
    "transfer::file",
    "store::postgres",
];

/// Makes the first commit of each transaction that changes rows fail with a serialization failure, and the repetition
/// succeed. A sequence tells the two apart, because a rollback does not undo its changes.
const CONFLICTS: &str = "
    CREATE SEQUENCE test_attempts;
    CREATE FUNCTION test_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF COALESCE(current_setting('test.checked', true), '') <> '' THEN
            RETURN NULL;
        END IF;
        PERFORM set_config('test.checked', 'yes', true);
        IF nextval('test_attempts') % 2 = 1 THEN
            RAISE EXCEPTION 'a conflict for the test' USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN NULL;
    END;
    $$;
    DO $$
    DECLARE name TEXT;
    BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'refinery%' LOOP
            EXECUTE format('CREATE CONSTRAINT TRIGGER test_conflict AFTER INSERT OR UPDATE OR DELETE ON %I \
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION test_conflict()', name);
        END LOOP;
    END;
    $$;";

#[test]
fn every_test_passes_on_postgresql_with_a_conflict_at_each_write() {
    let Some(server) = PostgresServer::start(&Access::Socket) else { return };
    server.execute("postgres", &format!("CREATE DATABASE {TEMPLATE}"));
    let migrated = Command::new(env!("CARGO_BIN_EXE_pledge4future-auth"))
        .arg("migrate")
        .env("P4F_AUTH_DATABASE__URL", server.url(TEMPLATE))
        .env("P4F_AUTH_SECRET_KEY", "only needed by serve")
        .output()
        .expect("the program runs");
    assert!(migrated.status.success(), "{migrated:?}");
    server.execute(TEMPLATE, CONFLICTS);

    let mut tests = Command::new(std::env::current_exe().expect("the path of this program"));
    tests.args(SKIPPED.iter().flat_map(|module| ["--skip", module])).env(SERVER, server.socket());
    let output = tests.output().expect("the tests run");
    let log = String::from_utf8_lossy(&output.stdout);
    let failures = log.find("\nfailures:\n").map_or("", |start| &log[start..]);
    assert!(output.status.success(), "{failures}\n{}", String::from_utf8_lossy(&output.stderr));
}
