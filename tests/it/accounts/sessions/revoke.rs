//! `revokeSession`, `revokeAllSessions`, and other ends of sessions.

use std::time::Duration;

use pledge4future_auth::accounts::admin;
use reqwest::Method;
use serde_json::{Value, json};

use super::{QUIET, assert_not_refreshed, new_tokens, sessions};
use crate::support::access_token::django_token;
use crate::support::mutation::{
    change_password, mutation, remove_secondary_email, revoke_all_sessions, revoke_session, revoke_token,
    swap_emails, verify_token,
};
use crate::support::person::{
    OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused, assert_refused_with,
};
use crate::support::server::{TestServer, payload_of};

fn id_of_current(listed: &[Value]) -> String {
    let current = listed.iter().find(|session| session["current"] == true).expect("the current session");
    current["id"].as_str().expect("an id").to_owned()
}

async fn is_logged_out(server: &TestServer, person: &Person) -> bool {
    let out = person.me(server).await == Value::Null;
    let verified = server.mutate(None, &verify_token(&person.token)).await;
    assert_eq!(verified["success"], !out, "`me` and `verifyToken` disagree");
    if out {
        assert_not_refreshed(&server.refresh(&person.refresh_token).await);
    }
    out
}

#[tokio::test]
async fn a_session_can_be_revoked_from_another() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.sign_up("ada").await;
    let phone = server.log_in(&laptop.email, PASSWORD).await;
    let id = id_of_current(&sessions(&server, &phone.token).await);

    assert_done(&laptop.mutate(&server, &revoke_session(&id)).await);
    assert!(is_logged_out(&server, &phone).await);
    assert!(!is_logged_out(&server, &laptop).await);
    let own = sessions(&server, &laptop.token).await;
    assert_eq!(own.len(), 1);
    let again = laptop.mutate(&server, &revoke_session(&id)).await;
    assert_refused(&again, "id", "not_found");

    let own = id_of_current(&own);
    assert_done(&laptop.mutate(&server, &revoke_session(&own)).await);
    assert!(is_logged_out(&server, &laptop).await, "the current session did not end");
}

#[tokio::test]
async fn a_session_of_another_account_is_not_found() {
    let server = TestServer::start(QUIET).await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let id = id_of_current(&sessions(&server, &bo.token).await);
    let before = server.rows();
    let of_bo = ada.mutate(&server, &revoke_session(&id)).await;
    let of_unknown = ada.mutate(&server, &revoke_session("00000000000000000000000000000000")).await;
    assert_refused(&of_bo, "id", "not_found");
    assert_eq!(of_bo, of_unknown);
    assert_eq!(server.rows(), before);
    assert!(!is_logged_out(&server, &bo).await);
}

#[tokio::test]
async fn revoking_all_sessions_ends_tokens_of_django_too() {
    let server = TestServer::start(QUIET).await;
    let [laptop, bo] = server.sign_up_all(["ada", "bo"]).await;
    let phone = server.log_in(&laptop.email, PASSWORD).await;
    let from_django = django_token(&laptop.email, server.now_seconds());

    assert_done(&phone.mutate(&server, &revoke_all_sessions()).await);
    for person in [&laptop, &phone] {
        assert!(is_logged_out(&server, person).await);
    }
    assert_eq!(server.account_of(&from_django).await, Value::Null);
    assert!(!is_logged_out(&server, &bo).await);
    let again = server.log_in(&laptop.email, PASSWORD).await;
    assert_eq!(sessions(&server, &again.token).await.len(), 1);
}

#[tokio::test]
async fn relay_revokes_sessions_too() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.sign_up("ada").await;
    let phone = server.log_in(&laptop.email, PASSWORD).await;
    let id = id_of_current(&sessions(&server, &phone.token).await);
    for mutation in [revoke_session(&id), revoke_all_sessions()] {
        let mutation = mutation.with("clientMutationId", "7").select("success errors clientMutationId");
        let request = server.raw(Method::POST, "/relay").json(&mutation.in_input().body());
        let request = request.header("Authorization", format!("JWT {}", laptop.token));
        assert_eq!(
            payload_of(request).await,
            json!({ "success": true, "errors": null, "clientMutationId": "7" })
        );
        assert!(is_logged_out(&server, &phone).await);
    }
    assert!(is_logged_out(&server, &laptop).await);
}

#[tokio::test]
async fn anonymous_and_unverified_viewers_cannot_see_or_revoke_sessions() {
    let settings = format!("accounts.login_unverified = true\n{QUIET}");
    let server = TestServer::start(&settings).await;
    let email = server.register("ada").await;
    let unverified = server.log_in(&email, PASSWORD).await;
    server.ignore_mail();
    for (token, code, sentence) in [
        (None, "unauthenticated", "Unauthenticated."),
        (Some(unverified.token.as_str()), "not_verified", "Please verify your account."),
    ] {
        for mutation in [revoke_session("1"), revoke_all_sessions()] {
            assert_refused_with(&server.mutate(token, &mutation).await, code);
        }
        let answer = server.send(token, "{ sessions { id } }", json!({})).await;
        assert_eq!(answer.body["data"]["sessions"], Value::Null);
        assert_eq!(answer.body["errors"][0]["message"], sentence);
    }
    new_tokens(&server.refresh(&unverified.refresh_token).await);
}

#[tokio::test]
async fn a_session_with_a_revoked_refresh_token_ends_with_its_access_token() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.sign_up("ada").await;
    let (token, next) = new_tokens(&server.refresh(&laptop.refresh_token).await);
    server.advance(Duration::from_hours(1));
    let phone = server.log_in(&laptop.email, PASSWORD).await;
    assert_done(&server.mutate(None, &revoke_token(&next)).await);
    for refresh_token in [&laptop.refresh_token, &next] {
        assert_not_refreshed(&server.refresh(refresh_token).await);
    }
    assert_eq!(server.account_of(&token).await["username"], "ada", "the access token ended");
    assert_eq!(sessions(&server, &phone.token).await.len(), 2);

    server.advance(Duration::from_secs(23 * 3600 + 2));
    assert_eq!(server.account_of(&token).await, Value::Null);
    assert_eq!(sessions(&server, &phone.token).await.len(), 1);
    assert_eq!(server.account_of(&phone.token).await["username"], "ada");
}

#[tokio::test]
async fn closing_an_account_or_changing_its_password_ends_all_sessions() {
    let server = TestServer::start(QUIET).await;
    for name in ["change", "reset", "archive", "delete", "deactivate", "logout", "set-email", "set-password"]
    {
        let laptop = server.sign_up(name).await;
        let phone = server.log_in(&laptop.email, PASSWORD).await;
        let mut own = 0;
        match name {
            "change" => {
                assert_done(&laptop.mutate(&server, &change_password(PASSWORD, OTHER_PASSWORD)).await);
                own = 1;
            }
            "reset" => {
                let link = server.request_reset(&laptop.email).await;
                assert_done(&server.reset_password(&link, OTHER_PASSWORD).await);
            }
            "archive" | "delete" => {
                assert_done(
                    &laptop
                        .mutate(&server, &mutation(format!("{name}Account"), json!({ "password": PASSWORD })))
                        .await,
                );
            }
            "deactivate" => assert!(server.run(|app| admin::set_active(app, &laptop.email, false)).is_ok()),
            "logout" => assert!(server.run(|app| admin::log_out(app, &laptop.email)).is_ok()),
            "set-email" => {
                assert!(
                    server.run(|app| admin::set_email(app, &laptop.email, "new@example.org", true)).is_ok()
                );
            }
            _ => assert!(server.run(|app| admin::set_password(app, &laptop.email, OTHER_PASSWORD)).is_ok()),
        }
        for person in [&laptop, &phone] {
            assert!(is_logged_out(&server, person).await, "{name}");
        }
        let left = |table: &str| server.rows_of(table).len();
        assert_eq!((left("sessions"), left("refresh_tokens")), (own, own), "{name}");
        if own > 0 {
            assert!(server.run(|app| admin::log_out(app, &laptop.email)).is_ok());
        }
    }
}

#[tokio::test]
async fn a_change_of_addresses_ends_no_session() {
    let server = TestServer::start(QUIET).await;
    let laptop = server.sign_up("ada").await;
    let phone = server.log_in(&laptop.email, PASSWORD).await;
    let before = sessions(&server, &laptop.token).await;

    for second in ["ada@elsewhere.example", "ada@third.example"] {
        laptop.add_secondary_email(&server, second).await;
        assert_eq!(sessions(&server, &laptop.token).await, before, "a secondary address ended a session");
    }
    assert_done(&laptop.mutate(&server, &swap_emails(PASSWORD)).await);
    for person in [&laptop, &phone] {
        assert_eq!(person.me(&server).await, Value::Null, "the token names the old address");
    }
    let (token, _) = new_tokens(&server.refresh(&laptop.refresh_token).await);
    let after = sessions(&server, &token).await;
    let ids = |listed: &[Value]| {
        let mut ids: Vec<String> = listed.iter().map(|session| session["id"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&after), ids(&before));
    assert_done(&server.mutate(Some(&token), &remove_secondary_email(PASSWORD)).await);
    assert_eq!(sessions(&server, &token).await, after);
    let (token, _) = new_tokens(&server.refresh(&phone.refresh_token).await);
    assert_eq!(server.query(Some(&token), "{ me { email } }").await["me"]["email"], "ada@third.example");
}

#[tokio::test]
async fn the_least_recently_used_of_more_than_fifty_sessions_ends() {
    let server = TestServer::start(QUIET).await;
    let [first, bo] = server.sign_up_all(["ada", "bo"]).await;
    server.advance(Duration::from_secs(1));
    let second = server.log_in(&first.email, PASSWORD).await;
    server.advance(Duration::from_secs(1));
    new_tokens(&server.refresh(&first.refresh_token).await);
    let mut last = second.clone();
    for _ in 2..50 {
        last = server.log_in(&first.email, PASSWORD).await;
    }
    assert_eq!(sessions(&server, &last.token).await.len(), 50);
    assert!(!is_logged_out(&server, &second).await);

    let last = server.log_in(&first.email, PASSWORD).await;
    assert_eq!(sessions(&server, &last.token).await.len(), 50);
    assert!(is_logged_out(&server, &second).await);
    assert!(!is_logged_out(&server, &first).await, "the session that was used last has ended");
    assert!(!is_logged_out(&server, &bo).await);
}
