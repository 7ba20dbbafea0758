//! Servers without passkeys.

use pledge4future_auth::accounts::{admin, passkeys};
use serde_json::json;

use super::{QUIET, sign_up_with_passkey};
use crate::support::person::{PASSWORD, assert_refused_with};
use crate::support::second_factor::{
    finish_passkey_registration, finish_with_passkey, log_in_without_code, start_passkey_login,
    start_passkey_registration,
};
use crate::support::server::TestServer;

#[tokio::test]
async fn passkeys_are_off_by_setting_and_without_a_host_name() {
    for settings in [
        "second_factor.passkeys = false\n",
        "public_url = \"http://192.0.2.1:8000\"\n",
        "public_url = \"https://[2001:db8::1]\"\n",
    ] {
        let server = TestServer::start(&format!("{QUIET}{settings}")).await;
        let ada = server.sign_up("ada").await;
        for mutation in [
            start_passkey_login(),
            start_passkey_registration(PASSWORD),
            finish_passkey_registration("x", &json!({}), "a key"),
            finish_with_passkey("x", &json!({})),
        ] {
            assert_refused_with(&ada.mutate(&server, &mutation).await, "passkeys_off");
        }
        // A passkey from before cannot be used. The password alone is still not enough.
        let sql = "INSERT INTO passkeys (id, account_id, name, credential, is_backed_up, added_at) \
             VALUES ('x', 1, 'a key', '{}', 0, 7)";
        server.database().execute(sql);
        let payload = server.mutate(None, &log_in_without_code(&ada.email)).await;
        assert_refused_with(&payload, "second_factor_required");
        assert_eq!(payload["passkeyOptions"], json!(null));
        assert_eq!(payload["errors"]["nonFieldErrors"][0]["message"], "Enter a recovery code.");
        server
            .run(|app| admin::remove_second_factors(app, &ada.email).map(drop))
            .unwrap_or_else(|_| panic!("{settings}"));
        let ada = server.log_in(&ada.email, PASSWORD).await;
        server.add_app(ada).await.log_in(&server).await;
    }
}

#[tokio::test]
async fn operators_are_warned_of_passkeys_for_another_domain() {
    let server = TestServer::start(QUIET).await;
    let warning = || server.run(passkeys::domain_warning).expect("the database");
    assert_eq!(warning(), None);
    sign_up_with_passkey(&server, "ada").await;
    assert_eq!(warning(), None);
    server.database().execute("UPDATE properties SET value = 'example.org' WHERE name = 'passkey_domain'");
    assert!(warning().is_some_and(|warning| warning.contains("example.org")));
    let server = TestServer::start("second_factor.passkeys = false\n").await;
    server
        .database()
        .execute("INSERT INTO properties (name, value) VALUES ('passkey_domain', 'example.org')");
    assert_eq!(server.run(passkeys::domain_warning).expect("the database"), None);
}
