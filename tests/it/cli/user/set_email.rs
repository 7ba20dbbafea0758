//! `user set-email`, and addresses with outdated keys.

use serde_json::{Value, json};

use crate::support::person::{PASSWORD, assert_done, assert_refused_with};
use crate::support::program::Site;

use super::super::MAIL_TO_FILES;
use super::mails;

fn audit(site: &Site) -> Vec<Value> {
    serde_json::from_str(&site.run(["audit", "list", "--json"]).done()).expect("JSON")
}

#[tokio::test]
async fn an_address_set_by_an_operator_is_confirmed_by_its_owner() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let server = site.serve();
    let create = ["user", "create", "--email", "ada@old.example", "--verified", "--password-stdin"];
    site.run_with_input(PASSWORD, create).done();
    let tokens = server.try_log_in("ada@old.example", PASSWORD).await;

    let change = ["user", "set-email", "ada@old.example", "Ada@New.example"];
    assert_eq!(
        site.run(change).done(),
        "address of account 1 changed to Ada@new.example, all sessions ended; a mail asks to confirm it\n"
    );
    let me = server.query(tokens["token"].as_str(), "{ me { email } }").await;
    assert_eq!(me["me"], Value::Null, "the session has ended");
    for (email, code) in [("ada@old.example", "invalid_credentials"), ("ada@new.example", "not_verified")] {
        assert_refused_with(&server.try_log_in(email, PASSWORD).await, code);
    }

    let sent = mails(&site);
    let subjects: Vec<_> = sent.iter().map(|mail| [&mail["recipient"], &mail["subject"]]).collect();
    let site_name = "localhost:8000";
    assert_eq!(
        subjects,
        [
            [&json!("ada@old.example"), &json!(format!("Your account on {site_name} was changed"))],
            [&json!("Ada@new.example"), &json!(format!("Activate your account on {site_name}"))],
        ]
    );
    let notice = site.run(["mail", "show", "1"]).done();
    assert!(notice.contains("The primary address of your account was changed by an operator."), "{notice}");
    let activation = site.run(["mail", "show", "2"]).done();
    assert_done(&server.activate(&activation).await);
    assert_done(&server.try_log_in("ada@new.example", PASSWORD).await);

    let events: Vec<Value> = audit(&site).iter().map(|entry| entry["event"].clone()).collect();
    assert_eq!(
        events,
        [
            "registered",
            "verified",
            "logged_in",
            "email_changed",
            "login_refused",
            "login_refused",
            "mail_shown",
            "mail_shown",
            "verified",
            "logged_in"
        ]
    );
    let again = site.run(["user", "set-email", "1", "Ada@new.example"]).done();
    assert_eq!(again, "account 1 already has the address Ada@new.example\n");
    assert_eq!((mails(&site).len(), audit(&site).len()), (2, 10), "nothing happened");
    // The old address can be used again.
    site.run(["user", "create", "--email", "ada@old.example", "--verified"]).done();
}

#[tokio::test]
async fn another_spelling_of_an_address_ends_no_session() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let server = site.serve();
    let create = ["user", "create", "--email", "ada@example.org", "--verified", "--password-stdin"];
    site.run_with_input(PASSWORD, create).done();
    let token = server.log_in("ada@example.org", PASSWORD).await;
    let output = site.run(["user", "set-email", "1", "Ada@example.org"]).done();
    assert_eq!(output, "spelling of the address of account 1 changed to Ada@example.org\n");
    let me = server.query(Some(&token), "{ me { email verified } }").await["me"].take();
    assert_eq!(me, json!({ "email": "Ada@example.org", "verified": true }));
    assert!(mails(&site).is_empty());
}

/// Stores the keys of the first version, which did not record that they were its own.
fn store_first_keys(site: &Site, keys: &[(&str, &str)]) {
    site.database().execute("DELETE FROM properties WHERE name = 'email_key_version'");
    for (email, key) in keys {
        site.database()
            .execute(&format!("UPDATE email_addresses SET email_key = '{key}' WHERE email = '{email}'"));
    }
}

#[tokio::test]
async fn an_address_with_an_outdated_key_can_log_in() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let emails = ["ada@xn--mnchen-3ya.example", "\"bo\"@example.org", "\u{212a}ai@example.org"];
    for email in emails {
        let create = ["user", "create", "--email", email, "--verified", "--password-stdin"];
        site.run_with_input(PASSWORD, create).done();
    }
    let first: Vec<_> = emails.iter().map(|email| (*email, email.to_lowercase())).collect();
    store_first_keys(&site, &first.iter().map(|(email, key)| (*email, key.as_str())).collect::<Vec<_>>());
    let server = site.serve();
    for email in emails.into_iter().chain(["ada@m\u{fc}nchen.example", "bo@example.org"]) {
        assert_done(&server.try_log_in(email, PASSWORD).await);
    }
}

#[test]
fn two_accounts_of_one_mailbox_are_reported_and_kept() {
    let site = Site::with_settings(MAIL_TO_FILES);
    for email in ["\"ada\"@example.org", "bo@example.org"] {
        site.run(["user", "create", "--email", email, "--verified"]).done();
    }
    // The first version had two keys for this mailbox.
    let keys = [("\"ada\"@example.org", "\"ada\"@example.org"), ("bo@example.org", "ada@example.org")];
    store_first_keys(&site, &keys);
    let output = site.run(["migrate"]).done();
    let warning = "accounts 1 and 2 have addresses that belong to the same mailbox, and logins with either address reach account 2";
    assert!(output.contains(warning), "{output}");
    let server = site.serve();
    assert!(server.wait_for("the same mailbox").contains("accounts 1 and 2"));
    site.run(["user", "set-email", "1", "ada@other.example", "--verified"]).done();
    assert!(!site.run(["migrate"]).done().contains("mailbox"));
}

#[tokio::test]
async fn an_address_set_as_verified_by_an_operator_is_notified() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["user", "create", "--email", "typo@example.org"]).done();
    let activation = site.run(["mail", "show", "1"]).done();
    let output = site.run(["user", "set-email", "1", "ada@example.org", "--verified"]).done();
    assert_eq!(output, "address of account 1 changed to ada@example.org, all sessions ended\n");
    let shown = site.run(["user", "show", "1", "--json"]).done();
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert!(shown["verified_at"].is_string(), "{shown}");
    let recipients: Vec<Value> = mails(&site).iter().map(|mail| mail["recipient"].clone()).collect();
    assert_eq!(recipients, ["typo@example.org", "typo@example.org", "ada@example.org"]);
    let by: Vec<_> = audit(&site).iter().map(|entry| [entry["event"].clone(), entry["by"].clone()]).collect();
    assert_eq!(
        by[1..],
        [["mail_shown", "operator"], ["email_changed", "operator"], ["verified", "operator"]]
            .map(|pair| pair.map(Value::from))
    );
    let server = site.serve();
    assert_refused_with(&server.activate(&activation).await, "invalid_token");
}

#[test]
fn an_invalid_new_address_changes_nothing() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let user = json!({ "email": "ada@example.org", "username": "ada", "password": "!",
        "status": { "verified": true, "secondary_email": "ada@second.example" } });
    site.write("file.json", json!({ "users": [user] }).to_string());
    site.run(["import", "file.json"]).done();
    site.run(["user", "create", "--email", "bo@example.org", "--verified"]).done();
    for (address, part) in [
        ("BO@example.org", "User with this Email already exists."),
        ("nonsense", "Enter a valid email address."),
        ("", "This field is required."),
    ] {
        let sentence = site.run(["user", "set-email", "ada", address]).refused(1);
        assert_eq!(sentence, format!("nothing was changed: {part}"));
    }
    let sentence = site.run(["user", "set-email", "bo@example.org", "ada@second.example"]).refused(1);
    assert_eq!(sentence, "nothing was changed: User with this Email already exists.");
    assert!(mails(&site).is_empty());

    // The own secondary address can become the primary one.
    site.run(["user", "set-email", "ada", "ada@second.example", "--verified"]).done();
    let shown = site.run(["user", "show", "ada", "--json"]).done();
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((&shown["email"], &shown["secondary_email"]), (&json!("ada@second.example"), &Value::Null));
    let recipients: Vec<Value> = mails(&site).iter().map(|mail| mail["recipient"].clone()).collect();
    assert_eq!(recipients, ["ada@example.org", "ada@second.example"]);
}
