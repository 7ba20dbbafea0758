//! Failures at the start: one sentence names the obstacle, and nothing is overwritten.

use std::net::TcpListener;

use crate::support::program::{Outcome, Site};

/// Returns the only line on standard error that is not a log line. Log lines begin with the time.
#[track_caller]
fn sentence(outcome: &Outcome) -> String {
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert_eq!(outcome.stdout, "", "{outcome:?}");
    assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    let lines = outcome.stderr.lines().filter(|line| !line.starts_with("20"));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 1, "{outcome:?}");
    lines[0].strip_prefix("pledge4future-auth: ").unwrap_or_else(|| panic!("{outcome:?}")).to_owned()
}

#[track_caller]
fn assert_names(sentence: &str, parts: &[&str]) {
    for part in parts {
        assert!(sentence.contains(part), "{part}: {sentence}");
    }
}

#[test]
fn a_file_in_place_of_the_data_folder_is_not_changed() {
    let site = Site::with_settings("");
    site.write("data", "mine");
    assert_names(&sentence(&site.run(["serve"])), &["data_dir", "data"]);
    assert_eq!(std::fs::read(site.path("data")).expect("a file"), b"mine");
    assert_eq!(site.names(), ["config.toml", "data"]);
}

#[test]
fn a_data_folder_below_a_file_is_named() {
    let site = Site::with_settings("data_dir = \"file/data\"\n");
    site.write("file", "mine");
    assert_names(&sentence(&site.run(["serve"])), &["data_dir", "file/data"]);
    assert_eq!(site.names(), ["config.toml", "file"]);
}

#[test]
fn a_port_that_is_in_use_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = other.local_addr().expect("an address").to_string();
    let site = Site::with_settings("");
    let outcome = site.run_with([("P4F_AUTH_LISTEN", address.as_str())], ["serve"]);
    assert_names(&sentence(&outcome), &["listen", &address, "choose another port"]);
    assert!(!outcome.stderr.contains("listening on"), "{}", outcome.stderr);
}

#[test]
fn a_file_that_is_not_a_database_is_not_changed() {
    let site = Site::with_settings("");
    site.run(["migrate"]).done();
    let garbage = "this is no database. ".repeat(500);
    site.write("data/auth.sqlite3", &garbage);
    let names = site.names();
    for command in [&["serve"][..], &["migrate"], &["migrate", "--status"], &["mail", "list"]] {
        let sentence = sentence(&site.run(command));
        assert_names(&sentence, &["data/auth.sqlite3", "restore"]);
        assert_eq!(std::fs::read(site.path("data/auth.sqlite3")).expect("a file"), garbage.as_bytes());
        assert_eq!(site.names(), names, "{command:?}");
    }
}

#[test]
fn a_truncated_database_is_not_replaced() {
    let site = Site::with_settings("");
    site.run(["migrate"]).done();
    let whole = std::fs::read(site.path("data/auth.sqlite3")).expect("a database");
    let half = &whole[..whole.len() / 2];
    site.write("data/auth.sqlite3", half);
    assert_names(&sentence(&site.run(["serve"])), &["data/auth.sqlite3"]);
    assert_eq!(std::fs::read(site.path("data/auth.sqlite3")).expect("a file"), half);
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::with_settings("");
    site.run(["migrate"]).done();
    let key = site.path("data/secret.key");
    let before = std::fs::read(&key).expect("a key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    assert_names(&site.run(["serve"]).refused(2), &["data/secret.key", "chmod 600"]);
    assert_eq!(site.mode("data/secret.key"), 0o644);
    assert_eq!(std::fs::read(&key).expect("a key"), before);
}

#[test]
fn an_empty_key_file_is_not_replaced() {
    let site = Site::with_settings("");
    site.run(["migrate"]).done();
    for contents in ["", "\n"] {
        site.write("data/secret.key", contents);
        assert_names(&site.run(["serve"]).refused(2), &["data/secret.key", "empty", "delete it"]);
        assert_eq!(std::fs::read_to_string(site.path("data/secret.key")).expect("a file"), contents);
    }
}

#[test]
fn a_configured_key_file_is_not_created() {
    let site = Site::with_settings("secret_key_file = \"mine.key\"\n");
    assert_names(&site.run(["serve"]).refused(2), &["secret_key_file", "mine.key"]);
    assert!(!site.names().iter().any(|name| name.ends_with(".key")), "{:?}", site.names());
}
