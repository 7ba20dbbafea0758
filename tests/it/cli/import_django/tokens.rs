//! Tokens that Django issued remain valid after the move.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::django::signing::{DEFAULT_SALT, dumps};
use serde_json::{Value, json};

use super::{HASH, PASSWORD, added, import, site_of_ada, user, with};
use crate::support::access_token::{KEY, django_token, sign};
use crate::support::mutation::{refresh_token, reset_password, verify_account};
use crate::support::person::{OTHER_PASSWORD, assert_done, assert_refused};
use crate::support::program::{Serving, Site};

#[expect(clippy::disallowed_methods, reason = "the server under test uses the clock of the system")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn now_seconds() -> i64 {
    let since = now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(since.as_secs()).expect("a time of this age")
}

fn refresh_token_of(key: u32, user: u32, text: &str, age: Duration, is_revoked: bool) -> Value {
    let created = humantime::format_rfc3339_millis(now() - age).to_string();
    json!({ "model": "refresh_token.refreshtoken", "pk": key, "fields": {
        "user": user, "token": text, "created": created, "revoked": is_revoked.then_some(created.clone()),
    } })
}

/// Whether the key is in the settings, as on PostgreSQL, so that the command does not store it.
fn has_key_in_settings(site: &Site) -> bool {
    let is_shared = site.database().url().is_some();
    if is_shared {
        eprintln!("skipped: the settings of tests on PostgreSQL contain the key");
    }
    is_shared
}

async fn me(server: &Serving, token: &str) -> Value {
    server.query(Some(token), "{ me { username } }").await["me"]["username"].take()
}

/// A site of django.contrib.auth, whose users log in with their usernames.
fn stock_user(key: u32, name: &str, is_verified: bool) -> [Value; 2] {
    [
        json!({ "model": "auth.user", "pk": key, "fields": {
            "password": HASH, "last_login": "2021-08-09T10:00:00Z", "is_superuser": true, "username": name,
            "first_name": "", "last_name": "", "email": format!("{name}@example.org"), "is_staff": true,
            "is_active": true, "date_joined": "2021-08-08T17:22:56.123Z", "groups": [], "user_permissions": [],
        } }),
        json!({ "model": "graphql_auth.userstatus", "pk": key, "fields": {
            "user": key, "verified": is_verified, "archived": false, "secondary_email": null,
        } }),
    ]
}

#[tokio::test]
async fn refresh_tokens_of_django_continue_as_sessions() {
    let site = Site::with_settings("mail.transport = \"file\"\n");
    let (day, week) = (Duration::from_hours(24), Duration::from_hours(24 * 7 + 1));
    let mut objects = site_of_ada();
    let live = refresh_token_of(1, 4, "6a548eb3aacc5886dd366d9e419ee4aad08aa9fc", day, false);
    objects.extend([
        live,
        refresh_token_of(2, 4, "revoked", day, true),
        refresh_token_of(3, 4, "expired", week, false),
        refresh_token_of(4, 9, "another", day, false),
    ]);
    let output = import(&site, &objects, &[]).done();
    assert_eq!(added(&output)[5], 2);
    assert!(output.contains("Refresh tokens: 4, of which 2 are valid\n"), "{output}");
    let server = site.serve();
    let exchange = |token: &str| refresh_token(token).select("success errors token refreshToken");
    let payload = server.mutate(&exchange("6a548eb3aacc5886dd366d9e419ee4aad08aa9fc")).await;
    assert_done(&payload);
    assert_eq!(me(&server, payload["token"].as_str().expect("a token")).await, "ada");
    for token in ["revoked", "expired"] {
        assert_refused(&server.mutate(&exchange(token)).await, "nonFieldErrors", "invalid_token");
    }
    assert_eq!(server.terminate().status, Some(0));

    // A session that ended here does not return with another import, but a new login in Django is taken over.
    site.run(["user", "logout", "ada"]).done();
    objects.push(refresh_token_of(5, 9, "later", Duration::from_hours(1), false));
    assert_eq!(added(&import(&site, &objects, &[]).done())[5], 1);
}

#[tokio::test]
async fn access_tokens_and_links_of_django_are_valid_with_its_key() {
    let site = Site::with_settings("mail.transport = \"file\"\n");
    if has_key_in_settings(&site) {
        return;
    }
    site.write("key", format!("{KEY}\n"));
    let mut objects = site_of_ada();
    objects.push(user(11, "cleo"));
    import(&site, &objects, &["--secret-key-file", "key"]).done();
    assert_eq!(site.mode("data/secret.key"), 0o600);
    let server = site.serve();
    let seconds = now_seconds();
    assert_eq!(me(&server, &django_token("ada@example.org", seconds - 60)).await, "ada");
    let link = |payload: &Value| {
        let made_at = Timestamp::from_seconds(seconds - 60);
        dumps(KEY.as_bytes(), DEFAULT_SALT, payload, made_at).expect("a token")
    };
    let activation = link(&json!({ "email": "cleo@example.org", "action": "activation" }));
    assert_done(&server.mutate(&verify_account(&activation)).await);
    server.log_in("cleo@example.org", PASSWORD).await;
    let reset = link(&json!({ "email": "ada@example.org", "action": "password_reset" }));
    assert_done(&server.mutate(&reset_password(&reset, OTHER_PASSWORD)).await);
    server.log_in("ada@example.org", OTHER_PASSWORD).await;
    // The reset ended what was issued before.
    assert_eq!(
        server.query(Some(&django_token("ada@example.org", seconds - 60)), "{ me { username } }").await["me"],
        Value::Null
    );
}

#[tokio::test]
async fn tokens_of_django_may_contain_the_username() {
    let site = Site::with_settings("mail.transport = \"file\"\naccounts.login_fields = [\"username\"]\n");
    if has_key_in_settings(&site) {
        return;
    }
    site.write("key", KEY);
    let objects: Vec<Value> = [stock_user(1, "ada", true), stock_user(2, "bo", false)].concat();
    import(&site, &objects, &["--secret-key-file", "key"]).done();
    let server = site.serve();
    let seconds = now_seconds();
    let token = |name: &str, issued_at: i64| {
        sign(&json!({ "username": name, "exp": seconds + 86_400, "origIat": issued_at }))
    };
    assert_eq!(me(&server, &token("ada", seconds - 60)).await, "ada");
    let query = "{ me { lastLogin isStaff } }";
    let ada = server.query(Some(&token("ada", seconds - 60)), query).await["me"].take();
    assert_eq!(ada, json!({ "lastLogin": "2021-08-09T10:00:00+00:00", "isStaff": true }));
    // The token was issued to an earlier account of this name.
    assert_eq!(
        server.query(Some(&token("ada", 1_600_000_000)), "{ me { username } }").await["me"],
        Value::Null
    );
    let payload = json!({ "username": "bo", "action": "activation" });
    let link = dumps(KEY.as_bytes(), DEFAULT_SALT, &payload, Timestamp::from_seconds(seconds - 60))
        .expect("a token");
    assert_done(&server.mutate(&verify_account(&link)).await);
    assert_eq!(server.terminate().status, Some(0));
    let exported = super::export(&site);
    assert_eq!(
        exported.iter().find(|object| object["pk"] == 1 && object["model"] == "auth.user"),
        Some(&objects[0])
    );
}

#[tokio::test]
async fn access_tokens_of_users_who_are_left_out_are_revoked() {
    let site = Site::with_settings("mail.transport = \"file\"\n");
    if has_key_in_settings(&site) {
        return;
    }
    site.write("key", KEY);
    // A stranger has registered another spelling of the address of Ada, and another one has her username.
    let ada = site_of_ada();
    let spelling = with(user(12, "other"), json!({ "email": "ADA@example.org" }));
    let namesake = with(user(13, "third"), json!({ "username": "ada" }));
    // A user without an address is left out, and another account gets the username.
    let nobody = with(user(14, "bo"), json!({ "email": "" }));
    let objects = [ada, vec![spelling, namesake, nobody]].concat();
    import(&site, &objects, &["--secret-key-file", "key", "--on-conflict", "rename"]).done();
    let server = site.serve();
    let seconds = now_seconds();
    let by_username =
        |name: &str| sign(&json!({ "username": name, "exp": seconds + 86_400, "origIat": seconds - 60 }));
    for token in [django_token("ADA@example.org", seconds - 60), by_username("ada"), by_username("bo")] {
        assert_eq!(server.query(Some(&token), "{ me { username } }").await["me"], Value::Null);
    }
    server.log_in("ada@example.org", PASSWORD).await;
    server.log_in("bo@example.org", PASSWORD).await;
}

#[test]
fn a_key_that_accounts_depend_on_is_not_replaced() {
    let site = Site::empty();
    if has_key_in_settings(&site) {
        return;
    }
    site.write("key", format!("{KEY}\n"));
    let key = || std::fs::read_to_string(site.path("data/secret.key")).expect("a key");
    site.run(["migrate"]).done();
    let own = key();
    // Nothing is imported, so the key stays.
    let conflicting = [user(4, "ada"), user(9, "ada")];
    assert_eq!(import(&site, &conflicting, &["--secret-key-file", "key"]).status, Some(1));
    assert_eq!(key(), own);
    import(&site, &site_of_ada(), &["--secret-key-file", "key", "--dry-run"]).done();
    assert_eq!(key(), own);
    import(&site, &site_of_ada(), &["--secret-key-file", "key"]).done();
    assert_eq!(key(), KEY);
    import(&site, &site_of_ada(), &["--secret-key-file", "key"]).done();
    site.write("key", "another key, which is that of another site");
    let sentence = import(&site, &site_of_ada(), &["--secret-key-file", "key"]).refused(1);
    assert!(sentence.contains("data/secret.key contains another key"), "{sentence}");
    site.write("key", "SECRET_KEY = 'one'\nDEBUG = True\n");
    let sentence = import(&site, &site_of_ada(), &["--secret-key-file", "key"]).refused(1);
    assert!(sentence.contains("must contain the secret key and nothing else"), "{sentence}");
}
