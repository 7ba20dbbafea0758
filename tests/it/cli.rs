//! The command line.

mod audit;
mod backup;
mod check_config;
mod demo;
mod group;
mod import;
mod import_django;
mod log;
mod mail;
mod reload;
mod relocate;
mod serve;
mod start_failures;
mod terminal;
mod user;

use pledge4future_auth::config;
use pledge4future_auth::graphql;
use pledge4future_auth::store::Store;
use rusqlite::Connection;

use crate::support::program::Site;

/// Writes mails to files instead of standard output.
const MAIL_TO_FILES: &str = "[mail]\ntransport = \"file\"\n";

const COMMANDS: [&str; 15] = [
    "serve",
    "check-config",
    "migrate",
    "import",
    "import-django",
    "export",
    "user",
    "group",
    "mail",
    "audit",
    "backup",
    "restore",
    "verify",
    "schema",
    "healthcheck",
];

#[test]
fn without_a_command_the_help_lists_all_commands() {
    let site = Site::empty();
    let help = site.run([""; 0]).done();
    for command in COMMANDS {
        let line = help.lines().find(|line| line.trim_start().starts_with(&format!("{command} ")));
        assert!(line.is_some_and(|line| line.trim().len() > command.len() + 10), "{command}: {help}");
    }
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    let site = Site::empty();
    let outcome = site.run(["serf"]);
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("serf") && outcome.stderr.contains("serve"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn schema_prints_the_schema_and_creates_no_files() {
    let site = Site::empty();
    let schema = site.run(["schema"]).done();
    let config = config::load_text("").expect("the defaults are valid settings").config;
    assert_eq!(schema, graphql::sdl(graphql::MutationStyle::Plain, &config.graphql));
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn migrate_applies_each_migration_once() {
    let site = Site::empty();
    let steps = Store::sqlite_migrations().len();
    let migrated = format!("data/auth.sqlite3: up to date, migrations applied: {steps}\n");
    assert_eq!(site.run(["migrate"]).done(), migrated);
    assert_eq!(site.run(["migrate"]).done(), "data/auth.sqlite3: up to date, migrations applied: 0\n");
    assert_eq!(site.run(["migrate", "--status"]).done(), "data/auth.sqlite3: up to date\n");
}

#[test]
fn migrate_status_creates_no_database() {
    let site = Site::empty();
    for _ in 0..2 {
        let output = site.run(["migrate", "--status"]).done();
        assert_eq!(output, "data/auth.sqlite3: does not exist yet; `serve` and `migrate` create it\n");
    }
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn migrate_status_names_pending_migrations() {
    let site = Site::empty();
    site.run(["migrate"]).done();
    let database = Connection::open(site.path("data/auth.sqlite3")).expect("a database");
    let forgotten = database.execute("DELETE FROM refinery_schema_history WHERE version > 1", []);
    let waiting = Store::sqlite_migrations()[1..].join(", ");
    assert_eq!(forgotten.expect("rows"), waiting.matches("__").count());
    for _ in 0..2 {
        let output = site.run(["migrate", "--status"]).done();
        assert_eq!(
            output,
            format!("data/auth.sqlite3: pending migrations: {waiting}\n"),
            "--status applied a migration"
        );
    }
}

#[test]
fn completions_and_manual_pages_do_not_need_valid_settings() {
    let site = Site::with_settings("no_such_setting = 1\n");
    for shell in ["bash", "zsh", "fish"] {
        let script = site.run(["completions", shell]).done();
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
    }
    // The folder may exist already.
    for _ in 0..2 {
        site.run(["man", "share/man"]).done();
    }
    for page in ["", "-backup", "-user-create"] {
        let page = format!("share/man/pledge4future-auth{page}.1");
        assert!(std::fs::read_to_string(site.path(&page)).expect(&page).contains(".TH"), "{page}");
    }
    let sentence = site.run(["man", "config.toml"]).refused(1);
    assert!(sentence.contains("the manual pages cannot be written to config.toml"), "{sentence}");
}

#[test]
fn the_usage_of_import_asks_for_a_file_or_bundled_data() {
    let site = Site::empty();
    let usage = "Usage: pledge4future-auth import [OPTIONS] <FILE|--bundled <DATA>>";
    let help = site.run(["import", "--help"]).done();
    assert!(help.lines().any(|line| line == usage), "{help}");
    for arguments in [&["import"][..], &["import", "f.json", "--bundled", "research-fields"]] {
        let wrong = site.run(arguments);
        assert_eq!(wrong.status, Some(2), "{wrong:?}");
        assert!(wrong.stderr.contains("<FILE|--bundled <DATA>>"), "{wrong:?}");
    }
}

#[test]
fn columns_show_seconds_and_json_microseconds() {
    let site = Site::with_settings("");
    site.run(["user", "create", "--email", "ada@example.org"]).done();
    for change in [
        "UPDATE accounts SET joined_at = 1628443376123456",
        "UPDATE outbox SET created_at = 1628443376123456",
        "INSERT INTO audit (at, event, account_id, actor) VALUES (1628443376123456, 'verified', 1, 'operator')",
    ] {
        site.database().execute(change);
    }
    for arguments in [["user", "list"], ["user", "show"], ["mail", "list"], ["audit", "list"]] {
        let mut arguments = arguments.to_vec();
        if arguments[1] == "show" {
            arguments.push("1");
        }
        let printed = site.run(&arguments).done();
        assert!(printed.contains("2021-08-08T17:22:56+00:00"), "{printed}");
        arguments.push("--json");
        let printed = site.run(&arguments).done();
        assert!(printed.contains("\"2021-08-08T17:22:56.123456+00:00\""), "{printed}");
    }
}
