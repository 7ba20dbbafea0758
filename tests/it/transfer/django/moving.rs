//! What Django issued goes on working after an import.

use rusqlite::types::Value as Column;
use serde_json::{Value, json};

use super::filled::{Filled, address, filled, password, seen_account, seen_groups};
use super::site_with;
use crate::support::mutation::{
    log_in, refresh_token, reset_password, verify_account, verify_secondary_email, verify_token,
};
use crate::support::person::{OTHER_PASSWORD, assert_done, assert_refused_with};
use crate::support::program::{Serving, Site};

/// Returns a server after an import, with its folder. Returns `None` without Django.
async fn moved() -> Option<(&'static Filled, Site, Serving)> {
    let filled = filled().await?;
    let site = site_with(&filled.dump);
    let server = site.serve();
    Some((filled, site, server))
}

#[tokio::test]
async fn access_tokens_of_django_show_the_same_accounts() {
    let Some((filled, _site, server)) = moved().await else { return };
    for account in &filled.people {
        let token = &account.person.token;
        assert_eq!(seen_account(&server.api(), token).await, account.seen);
        assert_done(&server.mutate(&verify_token(token)).await);
    }
    let nobody = server.query(Some(&filled.access_token_of_deactivated), "{ me { email } }").await;
    assert_eq!(nobody, json!({ "me": null }));
}

#[tokio::test]
async fn groups_members_and_join_requests_are_as_they_were_in_django() {
    let Some((filled, _site, server)) = moved().await else { return };
    let token = |name: &str| &filled.account(name).person.token;
    let seen = seen_groups(&server.api(), token("ada"), token("jon")).await;
    assert_eq!(seen, filled.groups);
}

#[tokio::test]
async fn refresh_tokens_of_django_are_exchanged_unless_they_were_revoked() {
    let Some((filled, _site, server)) = moved().await else { return };
    let tokens = &filled.refresh_tokens;
    let refresh = async |token: &str| {
        server.mutate(&refresh_token(token).select("success errors token refreshToken")).await
    };
    for old in tokens.live.iter().chain([&tokens.rotated]) {
        let payload = refresh(old).await;
        assert_done(&payload);
        let token = payload["token"].as_str().expect("a token");
        assert_eq!(seen_account(&server.api(), token).await, filled.account("ada").seen);
        let next = payload["refreshToken"].as_str().expect("a token");
        assert_done(&refresh(next).await);
        // The token that replaced it was used.
        assert_refused_with(&refresh(old).await, "invalid_token");
    }
    for refused in [&tokens.revoked, &tokens.of_archived, &tokens.of_deactivated] {
        assert_refused_with(&refresh(refused).await, "invalid_token");
    }
}

#[tokio::test]
async fn links_in_mails_of_django_activate_reset_and_confirm() {
    let Some((filled, _site, server)) = moved().await else { return };
    let mailed = &filled.mailed;
    let refused = server.try_log_in(&address("cy"), &password("cy")).await;
    assert_refused_with(&refused, "not_verified");
    assert_done(&server.mutate(&verify_account(&mailed.activation)).await);
    server.log_in(&address("cy"), &password("cy")).await;

    assert_done(&server.mutate(&reset_password(&mailed.reset, OTHER_PASSWORD)).await);
    server.log_in(&address("ida"), OTHER_PASSWORD).await;
    let again = reset_password(&mailed.reset, &password("ida"));
    assert_refused_with(&server.mutate(&again).await, "invalid_token");

    assert_done(&server.mutate(&verify_secondary_email(&mailed.secondary)).await);
    let hal = &filled.account("hal").person;
    let me = server.query(Some(&hal.token), "{ me { secondaryEmail } }").await;
    assert_eq!(me["me"]["secondaryEmail"], "hal@second.example.org");
}

#[tokio::test]
async fn every_password_of_django_logs_in_and_is_hashed_with_argon2id() {
    let Some((filled, site, server)) = moved().await else { return };
    for account in &filled.people {
        let email = &account.person.email;
        let mutation = log_in(email, &account.password).select("success errors unarchiving user { email }");
        let payload = server.mutate(&mutation).await;
        assert_done(&payload);
        assert_eq!(payload["unarchiving"], account.seen["me"]["archived"], "{email}");
        assert_refused_with(&server.try_log_in(email, &password("nobody")).await, "invalid_credentials");
        assert!(hash(&site, email).starts_with("$argon2id$"), "{email}");
        assert_done(&server.try_log_in(email, &account.password).await);
    }
    for (name, code) in [
        ("cy", "not_verified"),
        ("ole", "not_verified"),
        ("eve", "invalid_credentials"),
        ("noa", "invalid_credentials"),
    ] {
        assert_refused_with(&server.try_log_in(&address(name), &password(name)).await, code);
    }
}

fn hash(site: &Site, email: &str) -> String {
    let rows = site.database().query(&format!(
        "SELECT password_hash FROM accounts JOIN email_addresses ON account_id = id WHERE email = '{email}'"
    ));
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let [Column::Text(hash)] = row.as_slice() else { panic!("{row:?}") };
    hash.clone()
}

#[tokio::test]
async fn a_secondary_address_from_django_logs_in() {
    let Some((_, _site, server)) = moved().await else { return };
    let token = server.log_in(&address("bo.spare"), &password("bo")).await;
    let me: Value = server.query(Some(&token), "{ me { email } }").await;
    assert_eq!(me["me"]["email"], "bo@example.org");
}
