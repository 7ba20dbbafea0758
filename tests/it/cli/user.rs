//! `user`: commands for accounts.

mod export;
mod invitations;
mod second_factor;
mod set_email;

use serde_json::{Value, json};

use super::MAIL_TO_FILES;
use crate::support::mutation::{register, request_reset};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::program::Site;

fn mails(site: &Site) -> Vec<Value> {
    serde_json::from_str(&site.run(["mail", "list", "--json"]).done()).expect("JSON")
}

#[tokio::test]
async fn an_account_created_by_an_operator_can_log_in() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let server = site.serve();
    let made = site.run_with_input(
        &format!("{PASSWORD}\n"),
        [
            "user",
            "create",
            "--email",
            "Ada@Example.org",
            "--username",
            "ada",
            "--verified",
            "--staff",
            "--password-stdin",
        ],
    );
    assert_eq!(made.done(), "account 1 created: Ada@example.org\n");
    let payload = server.try_log_in("ada@example.org", PASSWORD).await;
    assert_done(&payload);
    let me = server.query(payload["token"].as_str(), "{ me { username isStaff verified } }").await;
    assert_eq!(me["me"], json!({ "username": "ada", "isStaff": true, "verified": true }));
    assert!(mails(&site).is_empty(), "a verified account got a mail");

    let listed: Vec<Value> =
        serde_json::from_str(&site.run(["user", "list", "--json"]).done()).expect("JSON");
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["email"], &listed[0]["is_staff"]), (&json!("Ada@example.org"), &json!(true)));
    assert!(!listed[0].to_string().contains("argon2"), "{listed:?}");
    let line = site.run(["user", "list"]).done();
    assert!(line.contains("Ada@example.org") && line.contains("staff"), "{line}");
    for name in ["ada@EXAMPLE.org", "ada", "1"] {
        let shown = site.run(["user", "show", name, "--json"]).done();
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["id"], 1, "{name}");
        assert_eq!(shown["sessions"], 1, "{name}");
    }
}

#[tokio::test]
async fn an_account_created_without_a_password_is_verified_and_gets_one() {
    let site = Site::with_settings(MAIL_TO_FILES);
    assert_eq!(
        site.run(["user", "create", "--email", "bo@example.org"]).done(),
        "account 1 created: bo@example.org\n"
    );
    let sent = mails(&site);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["recipient"], "bo@example.org");
    let server = site.serve();
    assert_refused_with(&server.try_log_in("bo@example.org", "").await, "invalid_credentials");
    assert_eq!(site.run(["user", "verify", "1"]).done(), "bo@example.org is verified\n");
    assert_eq!(site.run(["user", "verify", "1"]).done(), "bo@example.org is already verified\n");
    let set =
        site.run_with_input(OTHER_PASSWORD, ["user", "set-password", "bo@example.org", "--password-stdin"]);
    assert!(set.done().contains("password of bo@example.org changed"));
    assert_done(&server.try_log_in("bo@example.org", OTHER_PASSWORD).await);
}

#[tokio::test]
async fn verification_by_an_operator_ends_the_password_of_a_stranger() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let server = site.serve();
    // A stranger registers, and the owner of the address asks for a new password.
    assert_done(&server.mutate(&register("bo@example.org", PASSWORD)).await);
    assert_refused(&server.mutate(&request_reset("bo@example.org")).await, "email", "not_verified");
    assert_eq!(site.run(["user", "verify", "1"]).done(), "bo@example.org is verified\n");
    assert_refused_with(&server.try_log_in("bo@example.org", PASSWORD).await, "invalid_credentials");
}

#[tokio::test]
async fn changes_of_an_account_by_an_operator_take_effect_at_once() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let server = site.serve();
    let create = ["user", "create", "--email", "ada@example.org", "--verified", "--password-stdin"];
    site.run_with_input(PASSWORD, create).done();
    let token = server.log_in("ada@example.org", PASSWORD).await;
    let me = async |token: &str| server.query(Some(token), "{ me { email isStaff } }").await["me"].take();
    assert_eq!(site.run(["user", "staff", "1"]).done(), "ada@example.org is staff\n");
    assert_eq!(me(&token).await, json!({ "email": "ada@example.org", "isStaff": true }));
    assert_eq!(site.run(["user", "staff", "1", "--remove"]).done(), "ada@example.org has no staff rights\n");

    assert!(
        site.run(["user", "logout", "ada@example.org"])
            .done()
            .contains("all sessions of ada@example.org ended")
    );
    assert_eq!(me(&token).await, Value::Null);
    let token = server.log_in("ada@example.org", PASSWORD).await;
    assert_eq!(site.run(["user", "deactivate", "1"]).done(), "ada@example.org is deactivated\n");
    assert_eq!(me(&token).await, Value::Null);
    assert_refused_with(&server.try_log_in("ada@example.org", PASSWORD).await, "invalid_credentials");
    assert_eq!(site.run(["user", "deactivate", "1"]).done(), "ada@example.org is already deactivated\n");
    assert_eq!(site.run(["user", "activate", "1"]).done(), "ada@example.org is active\n");
    assert_done(&server.try_log_in("ada@example.org", PASSWORD).await);

    let asked = site.run(["user", "delete", "1"]).refused(1);
    assert!(asked.contains("confirm with --yes"), "{asked}");
    assert_eq!(site.run(["user", "delete", "1", "--yes"]).done(), "account 1 (ada@example.org) erased\n");
    assert_refused_with(&server.try_log_in("ada@example.org", PASSWORD).await, "invalid_credentials");
    assert_eq!(site.run(["user", "list"]).done(), "There are no accounts.\n");
    assert_eq!(site.run(["user", "list", "--json"]).done(), "[]\n");
    let again = site.run(["user", "create", "--email", "ada@example.org", "--verified"]).done();
    assert_eq!(again, "account 2 created: ada@example.org\n", "an id was used twice");
}

#[test]
fn mistakes_of_operators_are_refused_with_a_message() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["user", "create", "--email", "ada@example.org", "--username", "7", "--verified"]).done();
    for (arguments, part) in [
        (vec!["user", "create", "--email", "ADA@example.org"], "User with this Email already exists."),
        (
            vec!["user", "create", "--email", "bo@example.org", "--username", "7"],
            "User with this Username already exists.",
        ),
        (vec!["user", "create", "--email", "nonsense"], "Enter a valid email address."),
        (vec!["user", "show", "ghost"], "no account has the address, username or id \"ghost\""),
        (vec!["user", "verify", "99"], "no account has the address, username or id \"99\""),
        (vec!["user", "set-password", "1"], "cannot be asked for without a terminal"),
    ] {
        let sentence = site.run(&arguments).refused(1);
        assert!(sentence.contains(part), "{arguments:?}: {sentence}");
    }
    // A username that looks like an address does not name an account.
    let create = ["user", "create", "--email", "eve@example.org", "--username", "dean@example.org"];
    site.run(create).done();
    let sentence = site.run(["user", "staff", "dean@example.org"]).refused(1);
    assert!(sentence.contains("no account has the address, username or id"), "{sentence}");
    assert!(site.run(["user", "delete", "eve@example.org", "--yes"]).done().contains("erased"));
    for command in [vec!["user", "set-password", "1"], vec!["user", "create", "--email", "bo@example.org"]] {
        let arguments: Vec<&str> = command.into_iter().chain(["--password-stdin"]).collect();
        let nothing = site.run_with_input("\n", &arguments).refused(1);
        assert_eq!(nothing, "standard input contains no password");
    }
    let weak = site.run_with_input("12345", ["user", "set-password", "1", "--password-stdin"]).refused(1);
    assert!(weak.contains("This password is too short."), "{weak}");
    for number in 3..8 {
        site.run(["user", "create", "--email", &format!("p{number}@example.org"), "--verified"]).done();
    }
    let sentence = site.run(["user", "show", "7"]).refused(1);
    assert!(
        sentence.contains("is the username of ada@example.org and the id of p7@example.org"),
        "{sentence}"
    );
}

#[tokio::test]
async fn at_a_terminal_user_create_asks_for_the_password_twice() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let create = ["user", "create", "--email", "ada@example.org", "--verified"];
    let typed = format!("{PASSWORD}\n{PASSWORD}\n");
    let Some(made) = site.run_at_a_terminal(&typed, &create) else { return };
    assert_eq!(made.status, Some(0), "{made:?}");
    assert!(
        made.stdout.contains("New password: ") && made.stdout.contains("Repeat the password: "),
        "{made:?}"
    );
    let server = site.serve();
    assert_done(&server.try_log_in("ada@example.org", PASSWORD).await);

    let create = ["user", "create", "--email", "bo@example.org"];
    let differ = format!("{PASSWORD}\n{OTHER_PASSWORD}\n");
    let refused = site.run_at_a_terminal(&differ, &create).expect("as before");
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stdout.contains("the two passwords differ; nothing was changed"), "{refused:?}");
    assert!(!site.run(["user", "list"]).done().contains("bo@example.org"));

    let without = ["user", "create", "--email", "bo@example.org", "--no-password"];
    let made = site.run_at_a_terminal("", &without).expect("as before");
    assert_eq!((made.status, made.stdout.trim()), (Some(0), "account 2 created: bo@example.org"), "{made:?}");
    let both = site.run(["user", "create", "--email", "c@example.org", "--no-password", "--password-stdin"]);
    assert_eq!(both.status, Some(2), "{both:?}");
}

#[test]
fn at_a_terminal_an_account_is_deleted_only_after_confirmation() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["user", "create", "--email", "ada@example.org", "--verified"]).done();
    let delete = ["user", "delete", "1"];
    for answer in ["\n", "n\n", "\u{4}"] {
        let Some(declined) = site.run_at_a_terminal(answer, &delete) else { return };
        assert_eq!(declined.status, Some(1), "{answer:?}: {declined:?}");
        let question = "Erase account 1 (ada@example.org) with all its data? [y/N] ";
        assert!(declined.stdout.contains(question), "{declined:?}");
        assert!(declined.stdout.contains("nothing was changed"), "{declined:?}");
    }
    let erased = site.run_at_a_terminal("YES\n", &delete).expect("as before");
    assert!(erased.stdout.contains("account 1 (ada@example.org) erased"), "{erased:?}");
}
