//! The audit: what happened to whom, by whom and from where.

mod retention;

use std::time::Duration;

use pledge4future_auth::accounts::admin;
use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::security::audit::{Event, LoginFailure};
use pledge4future_auth::store::{self, audit::Entry};
use serde_json::{Value, json};
use strum::VariantNames as _;

use crate::support::person::{OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused};
use crate::support::server::TestServer;

const THIRD_PASSWORD: &str = "Lantern-moss-73";
const WRONG: &str = "not-The-One-1";

impl TestServer {
    /// All that was noted, oldest first.
    pub fn audit(&self) -> Vec<Entry> {
        let start = (Timestamp::from_micros(0), 0);
        self.store().read(|db| store::audit::list(db, start, 10_000)).expect("entries")
    }

    /// The same in words: to whom, what, by whom, and more of it.
    pub fn happened(&self) -> Vec<String> {
        self.audit().iter().map(in_words).collect()
    }
}

fn in_words(entry: &Entry) -> String {
    let whom = entry.account.map_or("nobody".to_owned(), |id| id.to_string());
    let by = entry.actor.account().map_or(entry.actor.into_str().to_owned(), |id| id.to_string());
    let words = [whom, entry.event.clone(), by, entry.detail.clone().unwrap_or_default()];
    words.join(" ").trim_end().to_owned()
}

fn change(old: &str, new: &str) -> String {
    format!("passwordChange(oldPassword: {old:?}, newPassword1: {new:?}, newPassword2: {new:?})")
}

/// Wants an address as the secondary one and follows the link, which is answered.
async fn adds_second(server: &TestServer, person: &Person, address: &str) -> String {
    let wish = format!("sendSecondaryEmailActivation(email: {address:?}, password: {PASSWORD:?})");
    assert_done(&person.does(server, &wish).await);
    let link = server.last_link(address);
    assert_done(&server.mutate(None, &format!("verifySecondaryEmail(token: {link:?})")).await);
    link
}

/// The rows of the table as text.
fn rows(server: &TestServer) -> Vec<String> {
    server.rows().into_iter().filter(|row| row.starts_with("audit: ")).collect()
}

#[tokio::test]
async fn the_whole_life_of_an_account_is_told_in_order_and_without_a_secret() {
    let server = TestServer::start("").await;
    let email = server.registers("ada").await;
    assert_done(&server.mutate(None, &format!("resendActivationEmail(email: {email:?})")).await);
    server.tries_to_log_in(&email, PASSWORD).await;
    let activation = server.last_link(&email);
    assert_done(&server.mutate(None, &format!("verifyAccount(token: {activation:?})")).await);
    server.tries_to_log_in(&email, WRONG).await;
    let first = server.logs_in(&email, PASSWORD).await;
    let ended = server.logs_in(&email, PASSWORD).await;
    let list = "{ sessions { id current } }";
    let session = server.ask(Some(&ended.token), list).await["sessions"][0]["id"].take();
    assert_done(&first.does(&server, &format!("revokeSession(id: {session})")).await);

    let second = adds_second(&server, &first, "ada@elsewhere.example").await;
    let third = adds_second(&server, &first, "ada@third.example").await;
    assert_done(&first.does(&server, &format!("swapEmails(password: {PASSWORD:?})")).await);
    let swapped = server.refreshes(&first.refresh_token).await;
    let token = swapped["token"].as_str().expect("a token");
    let remove = format!("removeSecondaryEmail(password: {PASSWORD:?})");
    assert_done(&server.mutate(Some(token), &remove).await);
    assert_refused(
        &server.mutate(Some(token), &change(WRONG, OTHER_PASSWORD)).await,
        "oldPassword",
        "invalid_password",
    );
    assert_done(&server.mutate(Some(token), &change(PASSWORD, OTHER_PASSWORD)).await);

    let email = "ada@third.example";
    let reset = server.asks_for_a_reset(email).await;
    assert_done(&server.resets(&reset, THIRD_PASSWORD).await);
    let person = server.logs_in(email, THIRD_PASSWORD).await;
    assert_done(&person.does(&server, &format!("archiveAccount(password: {THIRD_PASSWORD:?})")).await);
    let person = server.logs_in(email, THIRD_PASSWORD).await;
    let revoke = format!("revokeToken(refreshToken: {:?})", person.refresh_token);
    assert_done(&server.mutate(None, &revoke).await);
    assert_done(&person.does(&server, "updateAccount(firstName: \"Ada\")").await);
    assert_done(&person.does(&server, "revokeAllSessions").await);
    let last = server.logs_in(email, THIRD_PASSWORD).await;
    assert_done(&last.does(&server, &format!("deleteAccount(password: {THIRD_PASSWORD:?})")).await);
    server.mails();

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
    assert_eq!(server.happened(), expected);
    let entries = server.audit();
    assert!(entries.iter().all(|entry| entry.address.as_deref() == Some("127.0.0.1")));
    let of = |name: &str| entries.iter().filter(|entry| entry.event == name).collect::<Vec<_>>();
    assert_eq!(of("session_revoked")[0].session.as_deref(), session.as_str());
    assert_eq!(of("logged_in")[1].session.as_deref(), session.as_str());
    assert_eq!(of("emails_swapped")[0].session, of("logged_in")[0].session, "the session it was done in");
    assert_eq!(of("deleted")[0].session, of("logged_in")[4].session);
    assert_eq!(of("password_reset")[0].session, None);

    let secrets = [PASSWORD, OTHER_PASSWORD, THIRD_PASSWORD, WRONG, &activation, &second, &third, &reset];
    let tokens = [&first, &ended, &person, &last].map(|person| [&person.token, &person.refresh_token]);
    let traces = ["@", "ada", "Ada", "eyJ", "argon2", "elsewhere", "example"];
    let rows = rows(&server);
    assert_eq!(rows.len(), expected.len());
    for secret in secrets.into_iter().chain(traces).chain(tokens.as_flattened().iter().map(|it| it.as_str()))
    {
        assert!(rows.iter().all(|row| !row.contains(secret)), "{secret}");
    }
}

#[tokio::test]
async fn a_refused_login_is_noted_alike_for_the_known_and_the_unknown_and_nothing_that_was_typed() {
    let server = TestServer::start("accounts.login_fields = [\"email\", \"username\"]\n").await;
    let email = server.verifies("ada").await;
    let typed = "my-Password-1";
    let by_name = |name: &str| format!("tokenAuth(username: {name:?}, password: {WRONG:?})");
    for (login, expected) in [
        (by_name("ada"), "1 login_refused somebody wrong_password"),
        (by_name(typed), "nobody login_refused somebody unknown_account"),
    ] {
        let before = server.rows();
        let payload = server.mutate(None, &login).await;
        assert_refused(&payload, "nonFieldErrors", "invalid_credentials");
        let new: Vec<_> = server.rows().into_iter().filter(|row| !before.contains(row)).collect();
        assert_eq!(new.len(), 3 + 1, "three counts of attempts and the note: {new:?}");
        assert_eq!(server.happened().last().map(String::as_str), Some(expected));
    }
    assert!(rows(&server).iter().all(|row| !row.contains(typed) && !row.contains(WRONG)));

    assert!(admin::set_active(server.app(), &email, false).is_ok());
    server.tries_to_log_in(&email, PASSWORD).await;
    server.tries_to_log_in(&email, WRONG).await;
    let told = server.happened();
    assert_eq!(
        told[told.len() - 2..],
        ["1 login_refused somebody deactivated", "1 login_refused somebody wrong_password"]
    );
    // Both names at once make no sense, and no login.
    let both =
        format!("mutation {{ tokenAuth(email: \"a\", username: \"b\", password: {WRONG:?}) {{ success }} }}");
    assert!(server.send(None, &both, json!({})).await.body["errors"].is_array());
    assert_eq!(server.happened(), told);
}

#[tokio::test]
async fn who_tries_too_often_is_noted_once_for_each_wait_however_much_is_refused_meanwhile() {
    let server = TestServer::start("").await;
    let email = server.verifies("ada").await;
    for (name, whom) in [(email.as_str(), "1"), ("ghost@example.org", "nobody")] {
        let before = server.happened().len();
        for _ in 0..6 + 20 {
            server.tries_to_log_in(name, WRONG).await;
        }
        server.advance(Duration::from_secs(30));
        server.tries_to_log_in(name, WRONG).await;
        let all = server.happened();
        let mut told = all[before..].iter();
        let why = if whom == "nobody" { "unknown_account" } else { "wrong_password" };
        let refused = format!("{whom} login_refused somebody {why}");
        assert!(told.by_ref().take(5).all(|line| *line == refused), "{all:?}");
        let slowed = format!("{whom} slowed_down somebody password");
        assert_eq!(told.collect::<Vec<_>>(), [&slowed, &refused, &slowed, &refused]);
    }
    let entry = server.audit().pop().expect("an entry");
    assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
    assert!(rows(&server).iter().all(|row| !row.contains("ghost")));
}

#[tokio::test]
async fn where_existence_is_hidden_the_unknown_are_noted_like_the_known() {
    let server = TestServer::start("accounts.hide_existence = true\nmail.notices = false\n").await;
    let (ada, bo) = (server.joins("ada").await, server.verifies("bo").await);
    let before = server.happened().len();
    for email in [ada.email.as_str(), "ghost@example.org"] {
        for mutation in ["resendActivationEmail", "sendPasswordResetEmail"] {
            assert_done(&server.mutate(None, &format!("{mutation}(email: {email:?})")).await);
        }
        let register =
            format!("register(email: {email:?}, password1: {PASSWORD:?}, password2: {PASSWORD:?})");
        assert_done(&server.mutate(None, &register).await);
    }
    let wish = format!("sendSecondaryEmailActivation(email: {bo:?}, password: {PASSWORD:?})");
    assert_done(&ada.does(&server, &wish).await);
    server.mails();
    let expected = [
        "1 activation_requested somebody",
        "1 reset_requested somebody",
        "1 registered_again somebody",
        "nobody activation_requested somebody",
        "nobody reset_requested somebody",
        // The registration of a known address used the id 3 up.
        "4 registered somebody",
        "1 secondary_email_requested owner",
    ];
    assert_eq!(server.happened()[before..], expected);
}

#[tokio::test]
async fn a_copied_refresh_token_is_noted_with_the_session_that_it_ended_and_where_it_came_from() {
    let server = TestServer::start("http.trusted_proxies = [\"127.0.0.1\"]\n").await;
    let ada = server.joins("ada").await;
    let next = server.refreshes(&ada.refresh_token).await["refreshToken"].take();
    assert_done(&server.refreshes(next.as_str().expect("a token")).await);
    let copy = format!("mutation {{ refreshToken(refreshToken: {:?}) {{ success }} }}", ada.refresh_token);
    for _ in 0..2 {
        let request = server.raw(reqwest::Method::POST, "/graphql").header("X-Forwarded-For", "203.0.113.7");
        let reply = request.json(&json!({ "query": copy })).send().await.expect("an answer");
        let body: Value = reply.json().await.expect("JSON");
        assert_eq!(body["data"]["refreshToken"]["success"], false);
    }
    let entries = server.audit();
    let [login, reuse] = &entries[entries.len() - 2..] else { panic!("{entries:?}") };
    assert_eq!(
        (in_words(login).as_str(), login.address.as_deref()),
        ("1 logged_in owner", Some("127.0.0.1"))
    );
    assert_eq!(in_words(reuse), "1 session_reuse_detected somebody");
    assert_eq!((reuse.address.as_deref(), &reuse.session), (Some("203.0.113.7"), &login.session));
}

#[tokio::test]
async fn who_registers_without_a_password_or_logs_in_unverified_is_told_of_too() {
    let server = TestServer::start("accounts.passwordless_registration = true\n").await;
    let register = "register(email: \"ada@example.org\", username: \"ada\")";
    assert_done(&server.mutate(None, register).await);
    let link = server.last_link("ada@example.org");
    let set = format!("passwordSet(token: {link:?}, newPassword1: {PASSWORD:?}, newPassword2: {PASSWORD:?})");
    assert_done(&server.mutate(None, &set).await);
    server.mails();
    assert_eq!(server.happened(), ["1 registered somebody", "1 password_set owner", "1 verified owner"]);

    let server = TestServer::start("accounts.login_unverified = true\n").await;
    server.registers("bo").await;
    server.mails();
    let entries = server.audit();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].session.is_some(), "a session began");
}

#[tokio::test]
async fn what_an_operator_does_is_noted_as_an_operators_where_it_changes_something() {
    let server = TestServer::start("mail.notices = false\n").await;
    let app = server.app();
    let new = admin::Creation {
        email: "ada@example.org".to_owned(),
        is_staff: true,
        is_verified: true,
        ..admin::Creation::default()
    };
    assert!(admin::create(app, &new).is_ok());
    for _ in 0..2 {
        assert!(admin::set_staff(app, "1", false).is_ok() && admin::set_staff(app, "1", true).is_ok());
        assert!(admin::set_active(app, "1", false).is_ok() && admin::set_active(app, "1", false).is_ok());
        assert!(admin::set_active(app, "1", true).is_ok() && admin::verify(app, "1").is_ok());
    }
    assert!(admin::set_password(app, "1", PASSWORD).is_ok() && admin::log_out(app, "1").is_ok());
    assert!(admin::set_password(app, "1", "1").is_err() && admin::verify(app, "ghost").is_err());
    assert!(admin::delete(app, 1).is_ok());
    let twice = ["staff_taken", "staff_given", "deactivated", "activated"];
    let made = ["registered", "verified", "staff_given"];
    let ended = ["password_set", "all_sessions_revoked", "deleted"];
    let events: Vec<&str> = [&made[..], &twice, &twice, &ended].concat();
    let expected: Vec<String> = events.iter().map(|event| format!("1 {event} operator")).collect();
    assert_eq!(server.happened(), expected);
    assert!(server.audit().iter().all(|entry| entry.address.is_none() && entry.session.is_none()));
}

#[tokio::test]
async fn accounts_from_a_file_and_those_that_are_shut_off_by_their_owners_are_told_of() {
    let server = TestServer::start("accounts.delete = \"deactivate\"\nmail.notices = false\n").await;
    let user = json!({ "email": "bo@example.org", "username": "bo", "password": "!" });
    for _ in 0..2 {
        server.import(&json!({ "users": [user] }).to_string());
    }
    let ada = server.joins("ada").await;
    assert_done(&ada.does(&server, &format!("deleteAccount(password: {PASSWORD:?})")).await);
    let told = server.happened();
    assert_eq!((told[0].as_str(), told[1].as_str()), ("1 imported operator", "2 registered somebody"));
    assert_eq!(told.last().map(String::as_str), Some("2 deactivated owner"));
}

#[tokio::test]
async fn what_is_refused_or_rolled_back_leaves_no_trace() {
    let server = TestServer::start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let (taken, link) = ("shared@example.net", async |person: &Person| {
        let wish =
            format!("sendSecondaryEmailActivation(email: \"shared@example.net\", password: {PASSWORD:?})");
        assert_done(&person.does(&server, &wish).await);
        server.last_link("shared@example.net")
    });
    let (of_ada, of_bo) = (link(&ada).await, link(&bo).await);
    assert_done(&server.mutate(None, &format!("verifySecondaryEmail(token: {of_ada:?})")).await);
    server.advance(Duration::from_secs(1));
    server.mails();
    let before = server.happened();
    for mutation in [
        format!("verifySecondaryEmail(token: {of_bo:?})"),
        format!("sendSecondaryEmailActivation(email: {taken:?}, password: {PASSWORD:?})"),
        format!("resendActivationEmail(email: {:?})", ada.email),
        format!("register(email: {:?}, password1: {PASSWORD:?}, password2: {PASSWORD:?})", ada.email),
        change(PASSWORD, "1"),
        "revokeSession(id: \"nonsense\")".to_owned(),
    ] {
        assert_eq!(bo.does(&server, &mutation).await["success"], false, "{mutation}");
    }
    assert_eq!(server.happened(), before);
}

#[test]
fn every_event_is_met_in_these_tests_and_named_in_the_documentation() {
    let tests = [
        include_str!("audit.rs"),
        include_str!("password.rs"),
        include_str!("../cli/audit.rs"),
        include_str!("../cli/user.rs"),
        include_str!("../groups/audit.rs"),
    ];
    let documentation = include_str!("../../../docs/operating.md");
    let names = Event::VARIANTS.iter().chain(LoginFailure::VARIANTS);
    for name in names.filter(|name| **name != "changed_meanwhile") {
        assert!(tests.iter().any(|test| test.contains(name)), "{name} is in no test");
        assert!(documentation.contains(&format!("`{name}`")), "{name} is not in docs/operating.md");
    }
}
