//! What the audit records.

mod refusals;
mod retention;

use std::path::{Path, PathBuf};
use std::time::Duration;

use pledge4future_auth::accounts::admin;
use pledge4future_auth::security::audit::{Event, LoginFailure};
use serde_json::json;
use strum::VariantNames as _;

use crate::support::mutation::{
    archive_account, change_password, delete_account, mutation, register, remove_secondary_email,
    request_secondary_email, resend_activation, revoke_all_sessions, revoke_session, revoke_token,
    set_password, swap_emails, update_first_name, verify_account, verify_secondary_email,
};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::support::server::TestServer;

const THIRD_PASSWORD: &str = "Lantern-moss-73";
const WRONG: &str = "not-The-One-1";

#[tokio::test]
async fn the_whole_life_of_an_account_is_recorded_without_secrets() {
    let server = TestServer::start("").await;
    let email = server.register("ada").await;
    assert_done(&server.mutate(None, &resend_activation(&email)).await);
    server.try_log_in(&email, PASSWORD).await;
    let activation = server.mailed_token(&email);
    assert_done(&server.mutate(None, &verify_account(&activation)).await);
    server.try_log_in(&email, WRONG).await;
    let first = server.log_in(&email, PASSWORD).await;
    let ended = server.log_in(&email, PASSWORD).await;
    let list = "{ sessions { id current } }";
    let sessions = server.query(Some(&ended.token), list).await["sessions"].take();
    let mut sessions = sessions.as_array().expect("a list").iter();
    let session = sessions.find(|session| session["current"] == true).expect("a current session");
    let session = session["id"].as_str().expect("an id");
    assert_done(&first.mutate(&server, &revoke_session(session)).await);

    let second = first.add_secondary_email(&server, "ada@elsewhere.example").await;
    let third = first.add_secondary_email(&server, "ada@third.example").await;
    assert_done(&first.mutate(&server, &swap_emails(PASSWORD)).await);
    let swapped = server.refresh(&first.refresh_token).await;
    let token = swapped["token"].as_str().expect("a token");
    let remove = remove_secondary_email(PASSWORD);
    assert_done(&server.mutate(Some(token), &remove).await);
    assert_refused(
        &server.mutate(Some(token), &change_password(WRONG, OTHER_PASSWORD)).await,
        "oldPassword",
        "invalid_password",
    );
    assert_done(&server.mutate(Some(token), &change_password(PASSWORD, OTHER_PASSWORD)).await);

    let email = "ada@third.example";
    let reset = server.request_reset(email).await;
    assert_done(&server.reset_password(&reset, THIRD_PASSWORD).await);
    let person = server.log_in(email, THIRD_PASSWORD).await;
    assert_done(&person.mutate(&server, &archive_account(THIRD_PASSWORD)).await);
    let person = server.log_in(email, THIRD_PASSWORD).await;
    assert_done(&server.mutate(None, &revoke_token(&person.refresh_token)).await);
    assert_done(&person.mutate(&server, &update_first_name("Ada")).await);
    assert_done(&person.mutate(&server, &revoke_all_sessions()).await);
    let last = server.log_in(email, THIRD_PASSWORD).await;
    assert_done(&last.mutate(&server, &delete_account(THIRD_PASSWORD)).await);
    server.ignore_mail();

    let expected = [
        "1 registered somebody",
        "1 activation_requested somebody",
        "1 login_refused somebody not_verified",
        "1 verified owner",
        "1 login_refused somebody wrong_password",
        "1 logged_in owner",
        "1 logged_in owner",
        "1 session_revoked owner",
        "1 secondary_email_requested owner",
        "1 secondary_email_confirmed owner",
        "1 secondary_email_requested owner",
        "1 secondary_email_removed owner",
        "1 secondary_email_confirmed owner",
        "1 emails_swapped owner",
        "1 secondary_email_removed owner",
        "1 password_refused owner",
        "1 password_changed owner",
        "1 reset_requested somebody",
        "1 password_reset owner",
        "1 logged_in owner",
        "1 archived owner",
        "1 unarchived owner",
        "1 logged_in owner",
        "1 refresh_token_revoked owner",
        "1 all_sessions_revoked owner",
        "1 logged_in owner",
        "1 deleted owner",
    ];
    assert_eq!(server.audit_lines(), expected);
    let entries = server.audit();
    assert!(entries.iter().all(|entry| entry.address.as_deref() == Some("127.0.0.1")));
    let of = |name: &str| entries.iter().filter(|entry| entry.event == name).collect::<Vec<_>>();
    assert_eq!(of("session_revoked")[0].session.as_deref(), Some(session));
    assert_eq!(of("logged_in")[1].session.as_deref(), Some(session));
    assert_eq!(of("emails_swapped")[0].session, of("logged_in")[0].session, "the session of the change");
    assert_eq!(of("deleted")[0].session, of("logged_in")[4].session);
    assert_eq!(of("password_reset")[0].session, None);

    let secrets = [PASSWORD, OTHER_PASSWORD, THIRD_PASSWORD, WRONG, &activation, &second, &third, &reset];
    let tokens = [&first, &ended, &person, &last].map(|person| [&person.token, &person.refresh_token]);
    let traces = ["@", "ada", "Ada", "eyJ", "argon2", "elsewhere", "example"];
    let rows = server.rows_of("audit");
    assert_eq!(rows.len(), expected.len());
    for secret in secrets.into_iter().chain(traces).chain(tokens.as_flattened().iter().map(|it| it.as_str()))
    {
        assert!(rows.iter().all(|row| !row.contains(secret)), "{secret}");
    }
}

#[tokio::test]
async fn registrations_without_a_password_and_unverified_logins_are_recorded() {
    let server = TestServer::start("accounts.passwordless_registration = true\n").await;
    let register = mutation("register", json!({ "email": "ada@example.org", "username": "ada" }));
    assert_done(&server.mutate(None, &register).await);
    let link = server.mailed_token("ada@example.org");
    assert_done(&server.mutate(None, &set_password(&link, PASSWORD)).await);
    server.ignore_mail();
    assert_eq!(server.audit_lines(), ["1 registered somebody", "1 password_set owner", "1 verified owner"]);

    let server = TestServer::start("accounts.login_unverified = true\n").await;
    server.register("bo").await;
    server.ignore_mail();
    let entries = server.audit();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].session.is_some(), "a session began");
}

#[tokio::test]
async fn changes_by_operators_are_recorded() {
    let server = TestServer::start("mail.notices = false\n").await;
    let new = admin::Creation {
        email: "ada@example.org".to_owned(),
        is_staff: true,
        is_verified: true,
        ..admin::Creation::default()
    };
    server.run(|app| {
        assert!(admin::create(app, &new).is_ok());
        for _ in 0..2 {
            assert!(admin::set_staff(app, "1", false).is_ok() && admin::set_staff(app, "1", true).is_ok());
            assert!(admin::set_active(app, "1", false).is_ok() && admin::set_active(app, "1", false).is_ok());
            assert!(admin::set_active(app, "1", true).is_ok() && admin::verify(app, "1").is_ok());
        }
        assert!(admin::set_password(app, "1", PASSWORD).is_ok() && admin::log_out(app, "1").is_ok());
        assert!(admin::set_password(app, "1", "1").is_err() && admin::verify(app, "ghost").is_err());
        assert!(admin::delete(app, 1).is_ok());
    });
    let twice = ["staff_taken", "staff_given", "deactivated", "activated"];
    let made = ["registered", "verified", "staff_given"];
    let ended = ["password_set", "all_sessions_revoked", "deleted"];
    let events: Vec<&str> = [&made[..], &twice, &twice, &ended].concat();
    let expected: Vec<String> = events.iter().map(|event| format!("1 {event} operator")).collect();
    assert_eq!(server.audit_lines(), expected);
    assert!(server.audit().iter().all(|entry| entry.address.is_none() && entry.session.is_none()));
}

#[tokio::test]
async fn imported_accounts_and_deactivations_by_owners_are_recorded() {
    let server = TestServer::start("accounts.delete = \"deactivate\"\nmail.notices = false\n").await;
    let user = json!({ "email": "bo@example.org", "username": "bo", "password": "!" });
    for _ in 0..2 {
        server.import(&json!({ "users": [user] }).to_string());
    }
    let ada = server.sign_up("ada").await;
    assert_done(&ada.mutate(&server, &delete_account(PASSWORD)).await);
    let lines = server.audit_lines();
    assert_eq!((lines[0].as_str(), lines[1].as_str()), ("1 imported operator", "2 registered somebody"));
    assert_eq!(lines.last().map(String::as_str), Some("2 deactivated owner"));
}

#[tokio::test]
async fn refused_and_rolled_back_changes_are_not_recorded() {
    let server = TestServer::start("").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let taken = "shared@example.net";
    let of_ada = ada.request_secondary_email(&server, taken).await;
    let of_bo = bo.request_secondary_email(&server, taken).await;
    assert_done(&server.mutate(None, &verify_secondary_email(&of_ada)).await);
    server.advance(Duration::from_secs(1));
    server.ignore_mail();
    let before = server.audit_lines();
    for mutation in [
        verify_secondary_email(&of_bo),
        request_secondary_email(taken, PASSWORD),
        resend_activation(&ada.email),
        register(&ada.email, PASSWORD),
        change_password(PASSWORD, "1"),
        revoke_session("nonsense"),
    ] {
        assert_eq!(bo.mutate(&server, &mutation).await["success"], false, "{mutation}");
    }
    assert_eq!(server.audit_lines(), before);
}

/// Returns the texts of all files below a folder.
fn read_all(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("a file");
    entries.map(|path| if path.is_dir() { read_all(&path) } else { read(&path) }).collect()
}

#[test]
fn every_event_is_tested_and_documented() {
    let tests = read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")));
    let documentation = include_str!("../../../docs/operating.md");
    let names = Event::VARIANTS.iter().chain(LoginFailure::VARIANTS);
    for name in names.filter(|name| **name != "changed_meanwhile") {
        assert!(tests.contains(name), "{name} is in no test");
        assert!(documentation.contains(&format!("`{name}`")), "{name} is not in docs/operating.md");
    }
}
