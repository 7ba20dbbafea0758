//! The export of personal data, and what an erasure leaves behind.

mod columns;
mod erasure;

use pledge4future_auth::email;
use pledge4future_auth::security::audit::Event;
use pledge4future_auth::store::sessions::{Authenticated, Authentication, Session};
use pledge4future_auth::store::{self, sessions};
use regex::Regex;
use serde_json::{Value, json};

use crate::groups::{create, request};
use crate::support::SEED;
use crate::support::mutation::{Mutation, archive_account, log_in, mutation, request_secondary_email};
use crate::support::person::{PASSWORD, Person, assert_done, assert_refused, assert_refused_with};
use crate::support::phone::Phone;
use crate::support::security_key::SecurityKey;
use crate::support::server::{Reply, TestServer, payload_of};

/// Behind a proxy, so that people have addresses.
const SETTINGS: &str = "http.trusted_proxies = [\"127.0.0.1\"]\n";
/// The addresses from which the person acts.
const HOME: &str = "203.0.113.7";
const OFFICE: &str = "198.51.100.4";
/// The address of somebody who guesses the password.
const ATTACKER: &str = "192.0.2.66";
const INSTITUTION: &str = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";
const GUESTS: &str = "guest@example.com";
const COOKIE_HASH: &str = "c00c1eha5hc00c1eha5hc00c1eha5h";
/// The origin of `public_url`, which is that of passkeys.
const ORIGIN: &str = "http://localhost:8000";
const PASSKEY_NAME: &str = "Zilveren sleutel";
const INVITATION_HASH: &str = "1abe11ed1abe11ed1abe11ed1abe11ed";

fn export(password: &str) -> Mutation {
    mutation("exportMyData", json!({ "password": password })).select("success errors data")
}

/// Sends a mutation from an address. Returns its payload.
async fn mutate_from(server: &TestServer, ip: &str, person: Option<&Person>, mutation: &Mutation) -> Value {
    let mut request =
        server.graphql(&mutation.body()).header("X-Forwarded-For", ip).header("User-Agent", "Harbour/7");
    if let Some(person) = person {
        request = request.header("Authorization", format!("JWT {}", person.token));
    }
    payload_of(request).await
}

/// Starts a server with a representative of a working group, and with Maja, of whom everything is stored that can be.
async fn start() -> (TestServer, Person, Person) {
    let server = TestServer::start(SETTINGS).await;
    let mut seed: Value = serde_json::from_str(SEED).expect("JSON");
    seed["users"] = json!([]);
    server.import(&seed.to_string());
    let representative = server.sign_up("rosalind").await;
    let payload = representative.mutate(&server, &create("Tidal pools", INSTITUTION, true)).await;
    let group = payload["workinggroup"]["id"].as_str().expect("an id").to_owned();
    let email = server.register_verified("maja").await;
    let selection = "success errors token refreshToken";
    mutate_from(&server, ATTACKER, None, &log_in(&email, "a wrong password")).await;
    mutate_from(&server, OFFICE, None, &log_in(&email, PASSWORD).select(selection)).await;
    let payload = mutate_from(&server, HOME, None, &log_in(&email, PASSWORD).select(selection)).await;
    let maja = Person::new(&email, &payload);
    let names = mutation(
        "updateAccount",
        json!({ "firstName": "Marjolein", "lastName": "Zeegers", "academicTitle": "DR" }),
    );
    assert_done(&maja.mutate(&server, &names).await);
    maja.add_secondary_email(&server, "maja.z@harbour.example").await;
    maja.request_secondary_email(&server, "maja.new@harbour.example").await;
    maja.mutate(&server, &request(&group)).await;
    set_up_second_factors(&server, &maja).await;
    store_the_rest(&server, &group);
    server.request_reset(&email).await;
    (server, representative, maja)
}

/// Sets up an authenticator app and a passkey, and uses both.
async fn set_up_second_factors(server: &TestServer, person: &Person) {
    let set_up = mutation("setUpSecondFactor", json!({ "password": PASSWORD }));
    let payload = person.mutate(server, &set_up.select("success errors otpauthUri")).await;
    assert_done(&payload);
    let phone = Phone::scan(payload["otpauthUri"].as_str().expect("an address"));
    let confirm = mutation("confirmSecondFactor", json!({ "code": phone.code_at(server.now_seconds()) }));
    assert_done(&person.mutate(server, &confirm).await);

    let mut key = SecurityKey::synced();
    let start = mutation("startPasskeyRegistration", json!({ "password": PASSWORD }));
    let payload = person.mutate(server, &start.select("success errors challenge options")).await;
    assert_done(&payload);
    let credential = key.register(&payload["options"], ORIGIN).to_string();
    let arguments =
        json!({ "challenge": payload["challenge"], "credential": credential, "name": PASSKEY_NAME });
    assert_done(&person.mutate(server, &mutation("finishPasskeyRegistration", arguments)).await);
    let start = mutation("startPasskeyLogin", json!({})).select("success errors challenge options");
    let payload = server.mutate(None, &start).await;
    let credential = key.log_in(&payload["options"], ORIGIN).to_string();
    let arguments = json!({ "challenge": payload["challenge"], "credential": credential });
    assert_done(&server.mutate(None, &mutation("tokenAuthPasskey", arguments)).await);
}

/// Stores what the API cannot, or only in other settings.
fn store_the_rest(server: &TestServer, group: &str) {
    let database = server.database();
    for sql in [
        "UPDATE accounts SET language = 'nl', terms_version = 'terms-2026', terms_accepted_at = 7 WHERE id = 2".to_owned(),
        "INSERT INTO django_keys (model, django_key, id) VALUES ('user', '4711', '2')".to_owned(),
        format!("INSERT INTO memberships (account_id, working_group_id, role) VALUES (2, '{group}', 'member')"),
        format!(
            "INSERT INTO invitations (id, token_hash, email, email_key, working_group_id, invited_by, made_at, expires_at) \
             VALUES ('to-maja', '{INVITATION_HASH}', 'Maja@example.org', 'maja@example.org', '{group}', 1, 7, 9000000000000000), \
             ('by-maja', '{INVITATION_HASH}2', '{GUESTS}', '{GUESTS}', '{group}', 2, 7, 9000000000000000)"
        ),
        // A mail from before the upgrade, and the counter of somebody who asked to join a group of this person.
        "INSERT INTO outbox (recipient, recipient_key, subject, body_text, body_html, created_at, due_at, attempts, delivered_at) \
         VALUES ('MAJA@example.org', 'maja@example.org', 'An earlier mail', '', '', 7, 7, 1, 9000000000000000)"
            .to_owned(),
        format!(
            "INSERT INTO attempts (name, counted, counted_at, forgotten_at) \
             VALUES ('join-requests-of:1:{}', 1, 7, 9000000000000000)",
            email::hash("maja@example.org")
        ),
    ] {
        database.execute(&sql);
    }
    let now = server.app().clock.now();
    let store_cookie = |app: &pledge4future_auth::app::App| {
        app.store.write(|db| -> store::Result<()> {
            // All sessions were used at the same time.
            let sessions = sessions::list_live(db, 2, now)?;
            let with_password =
                |session: &&Session| session.authenticated.authentication == Authentication::Password;
            let session = &sessions.iter().find(with_password).expect("a session").id;
            let authenticated = Authenticated { authentication: Authentication::PasswordAndCode, at: now };
            sessions::set_cookie(db, session, COOKIE_HASH, authenticated)?;
            sessions::set_admin_used(db, session, now)
        })
    };
    server.run(store_cookie).expect("a cookie");
}

async fn exported(server: &TestServer, person: &Person) -> Value {
    let mut payload = person.mutate(server, &export(PASSWORD)).await;
    assert_done(&payload);
    payload["data"].take()
}

#[tokio::test]
async fn an_export_contains_everything_that_is_stored_about_a_person() {
    let (server, _, maja) = start().await;
    let data = exported(&server, &maja).await;
    let text = data.to_string();
    for entered in [
        "maja@example.org",
        "maja.z@harbour.example",
        "Marjolein",
        "Zeegers",
        "DR",
        "nl",
        "terms-2026",
        "Harbour/7",
        HOME,
        OFFICE,
        ATTACKER,
        "Tidal pools",
        PASSKEY_NAME,
        GUESTS,
        "4711",
        "Reset your password",
        "An earlier mail",
    ] {
        assert!(text.contains(entered), "{entered} is missing from {text}");
    }
    assert_eq!(data["account"]["hasPassword"], true);
    assert_eq!(data["addresses"]["secondaryAwaitsConfirmation"], true);
    assert_eq!(data["workingGroup"]["role"], "member");
    assert_eq!(data["joinRequests"][0]["status"], "pending");
    assert_eq!(data["invitations"]["made"][0]["email"], GUESTS);
    assert_eq!(data["account"]["joinedAt"], "2026-03-01T12:00:00+00:00");
    assert!(
        data["sessions"].as_array().expect("sessions").iter().any(|session| session["isOnPages"] == true)
    );
    assert_eq!(data["secondFactor"]["recoveryCodes"]["unused"], 10);
    assert_eq!(data["secondFactor"]["passkeys"][0]["isBackedUp"], true);
    let used = ["/secondFactor/authenticator/lastUsedAt", "/secondFactor/passkeys/0/lastUsedAt"];
    for time in used.map(|path| data.pointer(path)) {
        assert!(time.is_some_and(Value::is_string), "{time:?} in {text}");
    }
    let sessions = data["sessions"].as_array().expect("sessions");
    assert!(sessions.iter().any(|session| session["authenticatedWith"] == json!(["pop", "mfa"])), "{text}");
    let limits: Vec<&str> =
        data["throttling"].as_array().expect("counters").iter().filter_map(|c| c["limit"].as_str()).collect();
    for limit in ["password", "password_per_account", "mail_per_address", "export"] {
        assert!(limits.contains(&limit), "{limit} is missing from {limits:?}");
    }
    let events: Vec<&str> =
        data["auditLog"].as_array().expect("events").iter().filter_map(|e| e["event"].as_str()).collect();
    for event in ["registered", "login_refused", "logged_in", "passkey_added", "data_exported"] {
        assert!(events.contains(&event), "{event} is missing from {events:?}");
    }
    columns::assert_complete(&data);
    server.ignore_mail();
}

#[tokio::test]
async fn an_export_contains_no_secrets() {
    let (server, _, maja) = start().await;
    let link = Regex::new("eyJ[A-Za-z0-9_-]+:[0-9A-Za-z]+:[A-Za-z0-9_-]+").expect("a pattern");
    let stored = server.rows_of("outbox").concat();
    assert!(link.is_match(&stored), "no mail has a token");
    let text = exported(&server, &maja).await.to_string();
    assert!(!link.is_match(&text), "{text}");
    assert!(text.contains("(removed)"), "{text}");
    for token in link.find_iter(&stored) {
        let signature = token.as_str().rsplit(':').next().expect("a signature");
        assert!(!text.contains(signature), "{signature}");
    }
    let hash = Regex::new("[0-9a-f]{64}|argon2").expect("a pattern");
    assert!(!hash.is_match(&text), "{text}");
    for secret in [COOKIE_HASH, INVITATION_HASH, &maja.token, &maja.refresh_token] {
        assert!(!text.contains(secret), "{secret}");
    }
    let secret = Regex::new("[A-Za-z0-9_-]{60,}").expect("a pattern");
    for table in ["authenticators", "recovery_codes"] {
        let stored = server.rows_of(table).concat();
        assert!(secret.is_match(&stored), "{table} has no secrets: {stored}");
        for secret in secret.find_iter(&stored) {
            assert!(!text.contains(secret.as_str()), "{table}: {}", secret.as_str());
        }
    }
    server.ignore_mail();
}

#[tokio::test]
async fn an_export_contains_nothing_of_others() {
    let (server, representative, maja) = start().await;
    // Rosalind acts on the account of Maja, and Maja on nobody's.
    let remove =
        mutation("removeUserFromWorkingGroup", json!({ "userId": "2" })).in_input().select("success");
    let body = json!({ "query": remove.document(), "variables": remove.variables() });
    let request = server.graphql(&body).header("X-Forwarded-For", "192.0.2.99");
    payload_of(request.header("Authorization", format!("JWT {}", representative.token))).await;
    let data = exported(&server, &maja).await;
    let text = data.to_string();
    for foreign in [representative.email.as_str(), "rosalind", "192.0.2.99"] {
        assert!(!text.contains(foreign), "{foreign} is in {text}");
    }
    let removed =
        data["auditLog"].as_array().expect("events").iter().find(|entry| entry["event"] == "member_removed");
    let removed = removed.expect("the event is exported");
    assert_eq!((&removed["by"], &removed["ipAddress"]), (&json!("another account"), &Value::Null));
    let about = data["mails"]["aboutYouToOthers"][0].as_object().expect("the mail about the join request");
    assert!(!about.contains_key("recipient") && !about.contains_key("text"), "{about:?}");

    let theirs = exported(&server, &representative).await["auditLog"].take();
    let by_her = theirs
        .as_array()
        .expect("events")
        .iter()
        .find(|entry| entry["event"] == "member_removed")
        .expect("an event");
    assert_eq!((&by_her["about"], &by_her["ipAddress"]), (&json!("another account"), &json!("192.0.2.99")));
    server.ignore_mail();
}

#[tokio::test]
async fn an_export_needs_a_login_and_the_password() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    assert_refused(&ada.mutate(&server, &export("a wrong password")).await, "password", "invalid_password");
    assert_refused_with(&server.mutate(None, &export(PASSWORD)).await, "unauthenticated");
    let name: &str = Event::DataExported.into();
    let recorded = |server: &TestServer| server.audit().iter().filter(|entry| entry.event == name).count();
    assert_eq!(recorded(&server), 0);
    exported(&server, &ada).await;
    assert_eq!(recorded(&server), 1);
    server.ignore_mail();
}

#[tokio::test]
async fn exports_have_a_limit_of_their_own() {
    let limit =
        "limits.export = { free = 2, forget = \"1 hour\", pause = \"1 minute\", longest = \"1 hour\" }\n";
    let server = TestServer::start(limit).await;
    let ada = server.sign_up("ada").await;
    exported(&server, &ada).await;
    exported(&server, &ada).await;
    assert_refused_with(&ada.mutate(&server, &export(PASSWORD)).await, "too_many_attempts");
    assert_done(&ada.mutate(&server, &archive_account(PASSWORD)).await);
    server.ignore_mail();
}

#[tokio::test]
async fn an_export_does_not_reveal_who_has_a_requested_address() {
    let server = TestServer::start("accounts.hide_existence = true\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let mut exports = Vec::new();
    for address in [bo.email.as_str(), "ghost@example.org"] {
        assert_done(&ada.mutate(&server, &request_secondary_email(address, PASSWORD)).await);
        exports.push(exported(&server, &ada).await);
    }
    for data in &exports {
        assert_eq!(data["mails"]["aboutYouToOthers"], json!([]));
        assert_eq!(data["mails"]["toYou"], exports[0]["mails"]["toYou"]);
        let text = data.to_string();
        assert!(!text.contains("ghost@") && !text.contains("bo@"), "{text}");
        let counters = data["throttling"].as_array().expect("counters");
        assert!(counters.iter().all(|counter| counter["mails"] != "secondary"), "{counters:?}");
    }
    server.ignore_mail();
}

#[tokio::test]
async fn an_export_contains_the_newest_refresh_tokens_of_a_session() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let number = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)";
    server.database().execute(&format!(
        "INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at) \
         {number} SELECT 'hash' || i, (SELECT MAX(id) FROM sessions), i, 9000000000000000 FROM n"
    ));
    let data = exported(&server, &ada).await;
    let tokens = data["sessions"][0]["refreshTokens"].as_array().expect("tokens");
    assert_eq!(tokens.len(), 50);
    assert_eq!(tokens[0]["issuedAt"], "1970-01-01T00:00:00.000012+00:00");
    server.ignore_mail();
}

#[tokio::test]
async fn relay_clients_export_their_data() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let query =
        format!("mutation {{ exportMyData(input: {{ password: \"{PASSWORD}\" }}) {{ success data }} }}");
    let request = server.raw(reqwest::Method::POST, "/relay").json(&json!({ "query": query }));
    let reply = request.header("Authorization", format!("JWT {}", ada.token)).send().await.expect("a reply");
    let reply = Reply { status: reply.status().as_u16(), body: reply.json().await.expect("JSON") };
    assert_eq!(
        reply.body["data"]["exportMyData"]["data"]["addresses"]["primary"], "ada@example.org",
        "{}",
        reply.body
    );
    server.ignore_mail();
}
