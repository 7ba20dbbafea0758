//! The tests on PostgreSQL, where each transaction that writes is made to conflict once. They take long, and libtest starts
//! tests in the order of their names, so this one has an early name.

use std::process::Command;

use crate::support::database::{SERVER, TEMPLATE};
use crate::support::postgres::{Access, PostgresServer};

/// The tests that are not run on PostgreSQL, by the beginnings of their names, each group with the reason.
const SKIPPED: &[(&str, &[&str])] = &[
    ("they start PostgreSQL themselves", &["again_on_postgres", "store::outages"]),
    (
        "they fill and start Django sites, which takes long; `cli::import_django` imports into PostgreSQL",
        &["transfer::django::", "transfer::django_dumps"],
    ),
    (
        "they open no database",
        &[
            "cli::check_config",
            "config::",
            "docs::",
            "fuzzing::",
            "language::files",
            "language::sentences",
            "layers::",
            "packaging::",
            "passkeys::",
            "passwords::",
            "tokens::",
            "transfer::file",
        ],
    ),
    (
        "they are about the SQLite file",
        &[
            "http::pages::admin::lists::the_overview_shows_the_last_backup",
            "accounts::sessions::migrations",
            "cli::backup",
            "cli::demo",
            "cli::import::an_empty_database_is_exported",
            "cli::mail::listing_mails_and_accounts_creates",
            "cli::migrate_",
            "cli::serve::files_of_serve_are_readable",
            "cli::start_failures::",
            "store::faults::with_a_",
            "store::group_commit",
        ],
    ),
    (
        "they are about what a browser shows, and run there with SQLite",
        &["http::graphiql::", "http::pages::browser"],
    ),
    (
        "they are about connections to browsers and mail servers, and take long",
        &["http::listener", "http::shares", "http::tls", "mail::smtp"],
    ),
    (
        "they are about documents, HTTP and the looks of pages; other tests run the same statements",
        &[
            "graphql::",
            "http::endpoint",
            "http::pages::appearance",
            "http::pages::cookies",
            "http::pages::forged_forms",
            "http::pages::looks",
            "http::prefix",
        ],
    ),
    (
        "a server with another secret key does not start on a shared database",
        &["accounts::second_factor::secrets::an_operator_helps_after_a_change_of_the_secret_key"],
    ),
    (
        "a shared database needs a secret key in the settings",
        &["cli::serve::key_and_tokens_survive_a_restart"],
    ),
    ("a shared database and ACME exclude each other", &["cli::reload::a_reload_ignores"]),
    (
        "the mails that a killed server has claimed are delivered after minutes",
        &["cli::serve::a_server_killed_after_its_reply"],
    ),
];

/// Makes the first commit of each transaction that changes rows fail with a serialization failure, and the repetition
/// succeed. Sequences tell the two apart, because a rollback does not undo their changes. For the same reason, the failure
/// also resets the ids that the transaction used: tests expect the first account to have the id 1.
const CONFLICTS: &str = "
    CREATE SEQUENCE test_attempts;
    CREATE SEQUENCE test_next_accounts;
    CREATE SEQUENCE test_next_outbox;
    CREATE SEQUENCE test_next_audit;
    CREATE FUNCTION test_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        name TEXT;
        next BIGINT;
        is_first BOOLEAN;
    BEGIN
        IF COALESCE(current_setting('test.checked', true), '') <> '' THEN
            RETURN NULL;
        END IF;
        PERFORM set_config('test.checked', 'yes', true);
        is_first := nextval('test_attempts') % 2 = 1;
        FOREACH name IN ARRAY ARRAY['accounts', 'outbox', 'audit'] LOOP
            IF is_first THEN
                EXECUTE format('SELECT last_value FROM test_next_%s', name) INTO next;
                PERFORM setval(name || '_id_seq', next, false);
            ELSE
                EXECUTE format('SELECT last_value + is_called::INT FROM %s_id_seq', name) INTO next;
                PERFORM setval('test_next_' || name, next, false);
            END IF;
        END LOOP;
        IF is_first THEN
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
    let Some(server) = PostgresServer::start(&Access::Open) else { return };
    server.execute("postgres", &format!("CREATE DATABASE {TEMPLATE}"));
    let migrated = Command::new(env!("CARGO_BIN_EXE_pledge4future-auth"))
        .arg("migrate")
        .env("P4F_AUTH_DATABASE__URL", server.url(TEMPLATE))
        .env("P4F_AUTH_SECRET_KEY", "only needed by serve")
        .output()
        .expect("the program runs");
    assert!(migrated.status.success(), "{migrated:?}");
    server.execute(TEMPLATE, CONFLICTS);
    // The first connection after a change of the schema writes a cache of it, which each copy then contains.
    server.execute(TEMPLATE, "SELECT");

    let mut tests = this_program();
    tests
        .arg("--exact")
        .args(skipped_tests().iter().flat_map(|name| ["--skip", name]))
        // Most of the time, a test waits for PostgreSQL.
        .arg("--test-threads=4")
        .env(SERVER, server.socket());
    let output = tests.output().expect("the tests run");
    let log = String::from_utf8_lossy(&output.stdout);
    let failures = log.find("\nfailures:\n").map_or("", |start| &log[start..]);
    assert!(output.status.success(), "{failures}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("the path of this program"))
}

/// Returns the full names of the tests in [`SKIPPED`]. Without `--exact`, libtest would skip each test whose name contains
/// one of them.
fn skipped_tests() -> Vec<String> {
    let output = this_program().args(["--list", "--format", "terse"]).output().expect("the tests are listed");
    let list = String::from_utf8(output.stdout).expect("names");
    let names: Vec<&str> = list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let mut skipped = Vec::new();
    for beginning in SKIPPED.iter().flat_map(|(_, beginnings)| *beginnings) {
        let found = names.iter().filter(|name| name.starts_with(beginning)).map(|name| (*name).to_owned());
        let before = skipped.len();
        skipped.extend(found);
        assert!(skipped.len() > before, "no test is named {beginning}…");
    }
    skipped
}
