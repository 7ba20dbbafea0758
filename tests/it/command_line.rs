//! What the program does at a terminal: what it prints, with which status it ends, and what it leaves behind.

mod configuration;
mod importing;
mod mailing;
mod serving;

use pledge4future_auth::config;
use pledge4future_auth::graphql;

use crate::program::Site;

const COMMANDS: [&str; 6] = ["serve", "check-config", "migrate", "import", "mail", "schema"];

#[test]
fn without_a_command_it_prints_what_commands_there_are() {
    let site = Site::empty();
    let help = site.run([]).done();
    for command in COMMANDS {
        let line = help.lines().find(|line| line.trim_start().starts_with(&format!("{command} ")));
        assert!(line.is_some_and(|line| line.trim().len() > command.len() + 10), "{command}: {help}");
    }
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn a_command_that_there_is_not_is_wrong_usage() {
    let site = Site::empty();
    let outcome = site.run(["serf"]);
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("serf") && outcome.stderr.contains("serve"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn schema_prints_the_schema_and_makes_nothing() {
    let site = Site::empty();
    let schema = site.run(["schema"]).done();
    let config = config::load_text("").expect("the defaults are good settings").config;
    assert_eq!(schema, graphql::sdl(&config.graphql));
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn migrate_takes_each_step_once_and_tells_before_what_is_to_be_done() {
    let site = Site::empty();
    let before = site.run(["migrate", "--status"]).done();
    let told = site.run(["migrate", "--status"]).done();
    assert_eq!(told, before, "telling took a step");
    assert!(before.starts_with("data/auth.sqlite3: to be done: V1__accounts, "), "{before}");

    let steps = before.matches("__").count();
    let migrated = format!("data/auth.sqlite3: up to date ({steps} step(s) taken)\n");
    assert_eq!(site.run(["migrate"]).done(), migrated);
    assert_eq!(site.run(["migrate"]).done(), "data/auth.sqlite3: up to date (0 step(s) taken)\n");
    assert_eq!(site.run(["migrate", "--status"]).done(), "data/auth.sqlite3: up to date\n");
}

#[test]
fn migrate_status_makes_no_database_and_no_key() {
    let site = Site::empty();
    site.run(["migrate", "--status"]).done();
    assert_eq!(site.names(), [] as [&str; 0], "--status only tells");
}
