//! What an export says about second factors, and what an erasure leaves.

use serde_json::json;

use super::QUIET;
use crate::support::mutation::{delete_account, mutation};
use crate::support::person::{PASSWORD, assert_done};
use crate::support::second_factor::set_up_second_factor;
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

#[tokio::test]
async fn an_export_describes_second_factors_without_their_secrets() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let mut key = SecurityKey::synced();
    server.add_passkey(&ada.person, &mut key, "a \"key\" with \u{1f511}").await;
    assert_done(&ada.log_in_with(&server, &ada.recovery_codes[0]).await);
    let export = mutation("exportMyData", json!({ "password": PASSWORD })).select("success errors data");
    let data = ada.person.mutate(&server, &export).await["data"].take();
    let expected = json!({
        "authenticator": {
            "addedAt": "2026-03-01T12:00:00+00:00",
            "confirmedAt": "2026-03-01T12:00:00+00:00",
            "lastUsedAt": "2026-03-01T12:00:00+00:00",
        },
        "recoveryCodes": { "unused": 9, "madeAt": "2026-03-01T12:00:00+00:00" },
        "passkeys": [{
            "id": key.credential_id(),
            "name": "a \"key\" with \u{1f511}",
            "addedAt": "2026-03-01T12:00:00+00:00",
            "lastUsedAt": null,
            "isBackedUp": true,
        }],
    });
    assert_eq!(data["secondFactor"], expected);
    let sessions = data["sessions"].as_array().expect("sessions");
    assert!(sessions.iter().all(|session| session["authenticatedWith"] == json!(["pwd", "otp", "mfa"])));
    let text = data.to_string();
    for table in ["authenticators", "recovery_codes", "passkeys"] {
        let column = match table {
            "authenticators" => "sealed_secret",
            "recovery_codes" => "code_hash",
            _ => "credential",
        };
        for row in server.database().query(&format!("SELECT {column} FROM {table}")) {
            let [rusqlite::types::Value::Text(secret)] = row.as_slice() else { panic!("{row:?}") };
            assert!(!text.contains(secret.as_str()), "{table}");
        }
    }
}

#[tokio::test]
async fn a_pending_set_up_is_exported_too() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    assert_done(&ada.mutate(&server, &set_up_second_factor(PASSWORD)).await);
    let export = mutation("exportMyData", json!({ "password": PASSWORD })).select("success errors data");
    let data = ada.mutate(&server, &export).await["data"].take();
    assert_eq!(data["secondFactor"]["authenticator"]["addedAt"], "2026-03-01T12:00:00+00:00");
    assert_eq!(data["secondFactor"]["authenticator"]["confirmedAt"], json!(null));
    assert_eq!(data["secondFactor"]["recoveryCodes"], json!(null));
}

#[tokio::test]
async fn an_erasure_leaves_no_second_factor() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    server.add_passkey(&ada.person, &mut SecurityKey::new(), "a key").await;
    // The counter of wrong codes.
    ada.log_in_with(&server, &server.wrong_code(&ada.phone)).await;
    let counters = |server: &TestServer| server.rows_of("attempts").concat();
    assert!(counters(&server).contains("codes-of:1"));
    // A right code would reset the counter.
    assert_done(&ada.person.mutate(&server, &delete_account(PASSWORD)).await);
    for table in ["authenticators", "recovery_codes", "passkeys", "sessions"] {
        assert_eq!(server.rows_of(table), [] as [String; 0], "{table}");
    }
    assert!(!counters(&server).contains("codes-of:1"), "{}", counters(&server));
    server.ignore_mail();
}
