//! What ends sessions, and what does not.

use std::time::Duration;

use pledge4future_auth::accounts::admin;
use serde_json::{Value, json};

use super::{QUIET, assert_not_renewed, change, django_token, renewed, sessions, who};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused};
use crate::support::server::TestServer;

const MUTATIONS: [&str; 2] = ["revokeSession(id: \"1\")", "revokeAllSessions"];

fn id_of_current(listed: &[Value]) -> String {
    let current = listed.iter().find(|session| session["current"] == true).expect("the session that asks");
    current["id"].as_str().expect("an id").to_owned()
}

async fn is_logged_out(server: &TestServer, person: &Person) -> bool {
    let out = person.me(server).await == Value::Null;
    let verified = server.mutate(None, &format!("verifyToken(token: {:?})", person.token)).await;
    assert_eq!(verified["success"], !out, "`me` and `verifyToken` disagree");
    if out {
        assert_not_renewed(&server.refreshes(&person.refresh_token).await);
    }
    out
}

#[tokio::test]
async fn somebody_ends_a_session_from_another_and_at_once() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.joins("ada").await;
    let phone = server.logs_in(&laptop.email, PASSWORD).await;
    let id = id_of_current(&sessions(&server, &phone.token).await);

    assert_done(&laptop.does(&server, &format!("revokeSession(id: {id:?})")).await);
    assert!(is_logged_out(&server, &phone).await);
    assert!(!is_logged_out(&server, &laptop).await);
    let own = sessions(&server, &laptop.token).await;
    assert_eq!(own.len(), 1);
    let again = laptop.does(&server, &format!("revokeSession(id: {id:?})")).await;
    assert_refused(&again, "id", "not_found");

    let own = id_of_current(&own);
    assert_done(&laptop.does(&server, &format!("revokeSession(id: {own:?})")).await);
    assert!(is_logged_out(&server, &laptop).await, "one may end the session that asks");
}

#[tokio::test]
async fn a_session_of_somebody_else_is_as_one_that_does_not_exist() {
    let server = TestServer::start(QUIET).await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let id = id_of_current(&sessions(&server, &bo.token).await);
    let before = server.rows();
    let of_bo = ada.does(&server, &format!("revokeSession(id: {id:?})")).await;
    let of_nobody = ada.does(&server, "revokeSession(id: \"00000000000000000000000000000000\")").await;
    assert_refused(&of_bo, "id", "not_found");
    assert_eq!(of_bo, of_nobody);
    assert_eq!(server.rows(), before);
    assert!(!is_logged_out(&server, &bo).await);
}

#[tokio::test]
async fn somebody_ends_all_sessions_and_the_tokens_that_have_none() {
    let server = TestServer::start(QUIET).await;
    let (laptop, bo) = (server.joins("ada").await, server.joins("bo").await);
    let phone = server.logs_in(&laptop.email, PASSWORD).await;
    let from_django = django_token(&laptop.email, server.now_seconds());

    assert_done(&phone.does(&server, "revokeAllSessions").await);
    for person in [&laptop, &phone] {
        assert!(is_logged_out(&server, person).await);
    }
    assert_eq!(who(&server, &from_django).await, Value::Null);
    assert!(!is_logged_out(&server, &bo).await);
    let again = server.logs_in(&laptop.email, PASSWORD).await;
    assert_eq!(sessions(&server, &again.token).await.len(), 1);
}

#[tokio::test]
async fn the_relay_flavour_ends_sessions_too() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.joins("ada").await;
    let phone = server.logs_in(&laptop.email, PASSWORD).await;
    let id = id_of_current(&sessions(&server, &phone.token).await);
    for mutation in [
        format!("revokeSession(input: {{id: {id:?}, clientMutationId: \"7\"}})"),
        "revokeAllSessions(input: {clientMutationId: \"7\"})".to_owned(),
    ] {
        let query = format!("mutation {{ payload: {mutation} {{ success errors clientMutationId }} }}");
        let request = server
            .raw(reqwest::Method::POST, "/relay")
            .header("Authorization", format!("JWT {}", laptop.token));
        let reply = request.json(&json!({ "query": query })).send().await.expect("an answer");
        let body: Value = reply.json().await.expect("JSON");
        assert_eq!(
            body["data"]["payload"],
            json!({ "success": true, "errors": null, "clientMutationId": "7" })
        );
        assert!(is_logged_out(&server, &phone).await);
    }
    assert!(is_logged_out(&server, &laptop).await);
}

#[tokio::test]
async fn who_is_not_logged_in_or_not_verified_sees_and_ends_no_sessions() {
    let settings = format!("accounts.login_unverified = true\n{QUIET}");
    let server = TestServer::start(&settings).await;
    let email = server.registers("ada").await;
    let unverified = server.logs_in(&email, PASSWORD).await;
    server.mails();
    for (token, code, sentence) in [
        (None, "unauthenticated", "Unauthenticated."),
        (Some(unverified.token.as_str()), "not_verified", "Please verify your account."),
    ] {
        for mutation in MUTATIONS {
            assert_refused(&server.mutate(token, mutation).await, "nonFieldErrors", code);
        }
        let answer = server.send(token, "{ sessions { id } }", json!({})).await;
        assert_eq!(answer.body["data"]["sessions"], Value::Null);
        assert_eq!(answer.body["errors"][0]["message"], sentence);
    }
    renewed(&server.refreshes(&unverified.refresh_token).await);
}

#[tokio::test]
async fn a_token_that_is_taken_back_brings_no_more_and_the_session_ends_with_its_access_token() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.joins("ada").await;
    let (token, next) = renewed(&server.refreshes(&laptop.refresh_token).await);
    server.advance(Duration::from_hours(1));
    let phone = server.logs_in(&laptop.email, PASSWORD).await;
    assert_done(&server.mutate(None, &format!("revokeToken(refreshToken: {next:?})")).await);
    for refresh_token in [&laptop.refresh_token, &next] {
        assert_not_renewed(&server.refreshes(refresh_token).await);
    }
    assert_eq!(who(&server, &token).await["username"], "ada", "as the original has it");
    assert_eq!(sessions(&server, &phone.token).await.len(), 2);

    server.advance(Duration::from_secs(23 * 3600 + 2));
    assert_eq!(who(&server, &token).await, Value::Null);
    assert_eq!(sessions(&server, &phone.token).await.len(), 1);
    assert_eq!(who(&server, &phone.token).await["username"], "ada");
}

#[tokio::test]
async fn whatever_closes_an_account_or_changes_its_password_leaves_no_session() {
    let server = TestServer::start(QUIET).await;
    for name in ["change", "reset", "archive", "delete", "deactivate", "logout", "set-email", "set-password"]
    {
        let laptop = server.joins(name).await;
        let phone = server.logs_in(&laptop.email, PASSWORD).await;
        let mut own = 0;
        match name {
            "change" => {
                assert_done(&laptop.does(&server, &change(PASSWORD, OTHER_PASSWORD)).await);
                own = 1;
            }
            "reset" => {
                let link = server.asks_for_a_reset(&laptop.email).await;
                assert_done(&server.resets(&link, OTHER_PASSWORD).await);
            }
            "archive" | "delete" => {
                let mutation = format!("{name}Account(password: {PASSWORD:?})");
                assert_done(&laptop.does(&server, &mutation).await);
            }
            "deactivate" => assert!(admin::set_active(server.app(), &laptop.email, false).is_ok()),
            "logout" => assert!(admin::log_out(server.app(), &laptop.email).is_ok()),
            "set-email" => {
                assert!(admin::set_email(server.app(), &laptop.email, "new@example.org", true).is_ok());
            }
            _ => assert!(admin::set_password(server.app(), &laptop.email, OTHER_PASSWORD).is_ok()),
        }
        for person in [&laptop, &phone] {
            assert!(is_logged_out(&server, person).await, "{name}");
        }
        let rows = server.rows();
        let left = |table: &str| rows.iter().filter(|row| row.starts_with(&format!("{table}: "))).count();
        assert_eq!((left("sessions"), left("refresh_tokens")), (own, own), "{name}");
        if own > 0 {
            assert!(admin::log_out(server.app(), &laptop.email).is_ok());
        }
    }
}

#[tokio::test]
async fn a_change_of_addresses_ends_no_session() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.joins("ada").await;
    let phone = server.logs_in(&laptop.email, PASSWORD).await;
    let before = sessions(&server, &laptop.token).await;

    for second in ["ada@elsewhere.example", "ada@third.example"] {
        let wish = format!("sendSecondaryEmailActivation(email: {second:?}, password: {PASSWORD:?})");
        assert_done(&laptop.does(&server, &wish).await);
        let link = server.last_link(second);
        assert_done(&server.mutate(None, &format!("verifySecondaryEmail(token: {link:?})")).await);
        assert_eq!(sessions(&server, &laptop.token).await, before, "another secondary address");
    }
    assert_done(&laptop.does(&server, &format!("swapEmails(password: {PASSWORD:?})")).await);
    for person in [&laptop, &phone] {
        assert_eq!(person.me(&server).await, Value::Null, "the token names the old address, as recorded");
    }
    let (token, _) = renewed(&server.refreshes(&laptop.refresh_token).await);
    let after = sessions(&server, &token).await;
    let ids = |listed: &[Value]| {
        let mut ids: Vec<String> = listed.iter().map(|session| session["id"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&after), ids(&before));
    assert_done(&server.mutate(Some(&token), &format!("removeSecondaryEmail(password: {PASSWORD:?})")).await);
    assert_eq!(sessions(&server, &token).await, after);
    let (token, _) = renewed(&server.refreshes(&phone.refresh_token).await);
    assert_eq!(server.ask(Some(&token), "{ me { email } }").await["me"]["email"], "ada@third.example");
}

#[tokio::test]
async fn of_more_than_fifty_sessions_the_one_used_least_recently_ends() {
    let server = TestServer::start(QUIET).await;
    let (first, bo) = (server.joins("ada").await, server.joins("bo").await);
    server.advance(Duration::from_secs(1));
    let second = server.logs_in(&first.email, PASSWORD).await;
    server.advance(Duration::from_secs(1));
    renewed(&server.refreshes(&first.refresh_token).await);
    let mut last = second.clone();
    for _ in 2..50 {
        last = server.logs_in(&first.email, PASSWORD).await;
    }
    assert_eq!(sessions(&server, &last.token).await.len(), 50);
    assert!(!is_logged_out(&server, &second).await);

    let last = server.logs_in(&first.email, PASSWORD).await;
    assert_eq!(sessions(&server, &last.token).await.len(), 50);
    assert!(is_logged_out(&server, &second).await);
    assert!(!is_logged_out(&server, &first).await, "it was used after the second");
    assert!(!is_logged_out(&server, &bo).await);
}
