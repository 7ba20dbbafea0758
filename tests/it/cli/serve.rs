//! `serve`.

use serde_json::Value;

use crate::support::person::{PASSWORD, assert_done};
use crate::support::program::Site;
use crate::support::serving::activation_link;

#[tokio::test]
async fn serve_prints_its_address_and_mail_and_stops_on_a_signal() {
    let site = Site::with_settings("");
    let server = site.serve();
    assert!(server.greeting().contains("INFO listening on http://127.0.0.1:"), "{}", server.greeting());
    server.register("ada").await;
    let mail = server.mail();
    for part in ["From: no-reply@localhost\n", "To: ada@example.org\n", "Subject: Activate your account on "]
    {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    let link = activation_link(&mail);

    let end = server.terminate();
    assert_eq!(end.status, Some(0), "{end:?}");
    assert_eq!(end.stdout, "", "a second mail");
    assert!(!end.stderr.contains(PASSWORD) && !end.stderr.contains(&link), "{}", end.stderr);
    assert!(!end.stderr.contains("ERROR") && !end.stderr.contains("WARN"), "{}", end.stderr);
}

#[test]
fn a_signal_right_after_the_first_log_line_stops_the_server() {
    let site = Site::with_settings("");
    for _ in 0..5 {
        let end = site.serve().terminate();
        assert_eq!((end.status, end.stdout.as_str()), (Some(0), ""), "{end:?}");
    }
}

#[tokio::test]
async fn a_json_log_has_one_object_on_each_line() {
    let site = Site::with_settings("log.format = \"json\"\n");
    let server = site.serve();
    server.register("ada").await;
    server.mail();
    let greeting = server.greeting().to_owned();
    let end = server.terminate();
    for line in std::iter::once(greeting.as_str()).chain(end.stderr.lines()) {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(line["level"], "INFO", "{line}");
        assert!(line["message"].is_string(), "{line}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_of_serve_are_readable_by_their_owner_only() {
    let site = Site::with_settings("mail.transport = \"file\"\n");
    let server = site.serve();
    server.register("ada").await;
    assert_eq!(server.terminate().stdout, "");
    let names = site.names();
    for name in ["data/auth.sqlite3", "data/secret.key"] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    assert_eq!(names.iter().filter(|name| name.ends_with(".eml")).count(), 1, "{names:?}");
    for folder in ["data", "data/mail"] {
        assert_eq!(site.mode(folder), 0o700, "{folder}");
    }
    let files = names.iter().filter(|name| name.starts_with("data/") && site.path(name).is_file());
    for name in files {
        assert_eq!(site.mode(name), 0o600, "{name}");
    }
}

#[tokio::test]
async fn key_and_tokens_survive_a_restart() {
    let site = Site::with_settings("");
    let server = site.serve();
    server.register("ada").await;
    assert_done(&server.activate(&server.mail()).await);
    let token = server.log_in("ada@example.org", PASSWORD).await;
    let key = std::fs::read(site.path("data/secret.key")).expect("a key");
    assert_eq!(server.terminate().status, Some(0));

    let server = site.serve();
    let data = server.query(Some(&token), "{ me { email } }").await;
    assert_eq!(data["me"]["email"], "ada@example.org");
    assert_eq!(std::fs::read(site.path("data/secret.key")).expect("a key"), key);
    assert_eq!(server.terminate().stdout, "", "the mail was sent again");
}

#[tokio::test]
async fn a_server_killed_after_its_reply_keeps_account_and_mail() {
    let site = Site::with_settings("");
    let server = site.serve();
    server.register("ada").await;
    server.kill();

    let shown = site.run(["mail", "show", "1"]).done();
    let server = site.serve();
    let refused = server.try_log_in("ada@example.org", PASSWORD).await;
    assert_eq!(refused["errors"]["nonFieldErrors"][0]["code"], "not_verified", "{refused}");
    assert_done(&server.activate(&shown).await);
    server.log_in("ada@example.org", PASSWORD).await;
    assert_eq!(server.terminate().status, Some(0));
    let list = site.run(["mail", "list"]).done();
    assert_eq!(list.lines().count(), 1, "{list}");
    assert!(list.contains("delivered"), "{list}");
}

#[test]
fn serve_deletes_expired_rows() {
    let site = Site::with_settings("");
    site.run(["migrate"]).done();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) \
        INSERT INTO spent_action_tokens SELECT 'token' || i, i FROM n";
    site.database().execute(fill);

    let server = site.serve();
    assert!(server.wait_for("expired rows").ends_with("INFO expired rows deleted: 1500"));
    let end = server.terminate();
    assert_eq!(end.status, Some(0), "{end:?}");
    assert!(!end.stderr.contains("expired rows"), "once an hour: {}", end.stderr);
    assert!(site.database().query("SELECT * FROM spent_action_tokens").is_empty());
}
