//! `audit list`.

use serde_json::{Value, json};

use super::MAIL_TO_FILES;
use crate::support::person::PASSWORD;
use crate::support::program::Site;

/// Returns the entries that the command prints as JSON.
fn listed(site: &Site, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["audit", "list", "--json"], arguments].concat();
    serde_json::from_str(&site.run(arguments).done()).expect("a JSON array")
}

fn events(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["event"].as_str().expect("a name")).collect()
}

fn site() -> Site {
    let site = Site::with_settings(MAIL_TO_FILES);
    for name in ["ada", "bo"] {
        let email = format!("{name}@example.org");
        let create =
            ["user", "create", "--email", &email, "--username", name, "--verified", "--password-stdin"];
        site.run_with_input(PASSWORD, create).done();
    }
    site
}

#[tokio::test]
async fn the_audit_is_listed_oldest_first_and_by_account() {
    let site = site();
    let server = site.serve();
    server.try_log_in("bo@example.org", PASSWORD).await;
    server.try_log_in("ghost@example.org", PASSWORD).await;
    site.run(["user", "staff", "bo"]).done();
    site.run(["user", "delete", "ada", "--yes"]).done();

    let all = listed(&site, &[]);
    let expected = [
        "registered",
        "verified",
        "registered",
        "verified",
        "logged_in",
        "login_refused",
        "staff_given",
        "deleted",
    ];
    assert_eq!(events(&all), expected);
    let mut keys: Vec<&str> = all[0].as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["account", "address", "at", "by", "by_account", "detail", "email", "event", "id", "session"]
    );
    assert_eq!(
        (&all[0]["account"], &all[0]["email"]),
        (&json!(1), &Value::Null),
        "the deleted account has an address"
    );
    assert_eq!((&all[4]["account"], &all[4]["email"]), (&json!(2), &json!("bo@example.org")));
    assert_eq!((&all[4]["by"], &all[4]["address"]), (&json!("owner"), &json!("127.0.0.1")));
    assert_eq!((&all[5]["account"], &all[5]["detail"]), (&Value::Null, &json!("unknown_account")));
    assert_eq!((&all[6]["by"], &all[6]["address"]), (&json!("operator"), &Value::Null));

    let of_bo = ["registered", "verified", "logged_in", "staff_given"];
    for name in ["bo", "2", "BO@example.org"] {
        assert_eq!(events(&listed(&site, &["--account", name])), of_bo, "{name}");
    }
    assert_eq!(events(&listed(&site, &["--account", "1"])), ["registered", "verified", "deleted"]);
    assert_eq!(listed(&site, &["--account", "99"]), [] as [Value; 0]);
    let ghost = site.run(["audit", "list", "--account", "ghost"]).refused(1);
    assert!(ghost.contains("no account has the address, username or id \"ghost\""), "{ghost}");

    let lines = site.run(["audit", "list"]).done();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 8, "{lines:?}");
    assert!(lines[4].ends_with("  2 bo@example.org  by owner from 127.0.0.1"), "{}", lines[4]);
    assert!(lines[5].ends_with("  no account  by somebody from 127.0.0.1  unknown_account"), "{}", lines[5]);
    assert!(
        lines[7].contains("  deleted ") && lines[7].ends_with("  1 (erased)  by operator"),
        "{}",
        lines[7]
    );
}

#[test]
fn entries_are_listed_since_a_date_a_time_or_a_duration() {
    let site = site();
    // 2021-08-08T17:22:56Z, and a day later.
    for (at, event) in [(1_628_443_376_000_000_i64, "archived"), (1_628_529_776_000_000, "unarchived")] {
        site.database().execute(&format!(
            "INSERT INTO audit (at, event, account_id, actor, actor_id) VALUES ({at}, '{event}', 1, 'account', 2)"
        ));
    }
    let since = |time: &str| listed(&site, &["--since", time]).len();
    assert_eq!(events(&listed(&site, &[]))[..2], ["archived", "unarchived"], "the order is not by time");
    for (time, expected) in [
        ("2021-08-08", 6),
        ("2021-08-08T17:22:56Z", 6),
        ("2021-08-08 17:22:57", 5),
        ("2021-08-09", 5),
        ("2021-08-10", 4),
        ("7 days", 4),
        ("200 years", 6),
        ("2500-01-01", 0),
    ] {
        assert_eq!(since(time), expected, "{time}");
    }
    let done_by_bo = listed(&site, &["--account", "bo", "--since", "2021-08-09"]);
    assert_eq!(
        events(&done_by_bo),
        ["unarchived", "registered", "verified"],
        "an action on another account is missing"
    );
    assert_eq!((&done_by_bo[0]["by"], &done_by_bo[0]["by_account"]), (&json!("account"), &json!(2)));
    assert_eq!(site.run(["audit", "list", "--since", "2500-01-01"]).done(), "No entries.\n");
    assert_eq!(site.run(["audit", "list", "--since", "2500-01-01", "--json"]).done(), "[]\n");
    for nonsense in ["yesterday", "2021-13-01", ""] {
        let refused = site.run(["audit", "list", "--since", nonsense]);
        assert_eq!(refused.status, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("write it as 2026-11-01"), "{refused:?}");
    }
}

#[test]
fn a_long_list_contains_each_entry_once() {
    let site = site();
    // Many entries have the same time, so pages end among them.
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500) \
        INSERT INTO audit (at, event, account_id, actor, actor_id) \
        SELECT i / 1500, 'login_refused', 1 + i % 2, 'account', 2 - i % 2 FROM n";
    site.database().execute(fill);
    for filter in [&[][..], &["--account", "ada"]] {
        let entries = listed(&site, filter);
        let mut ids: Vec<i64> = entries.iter().map(|entry| entry["id"].as_i64().expect("a number")).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((entries.len(), ids.len()), if filter.is_empty() { (3504, 3504) } else { (3502, 3502) });
        assert!(entries.is_sorted_by_key(|entry| entry["at"].as_str()));
    }
}
