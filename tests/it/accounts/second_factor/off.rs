//! Servers on which second factors are turned off.

use serde_json::json;

use super::{QUIET, store_app};
use crate::support::mutation::{change_password, mutation};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused_with};
use crate::support::second_factor::{
    confirm_second_factor, set_up_second_factor, start_passkey_login, start_passkey_registration,
};
use crate::support::server::TestServer;

#[tokio::test]
async fn no_second_factor_is_set_up_or_asked_for_if_they_are_off() {
    let server = TestServer::start(&format!("{QUIET}second_factor.enabled = false\n")).await;
    let ada = server.sign_up("ada").await;
    for mutation in [set_up_second_factor(PASSWORD), confirm_second_factor("123456")] {
        assert_refused_with(&ada.mutate(&server, &mutation).await, "second_factor_off");
    }
    assert_refused_with(&server.mutate(None, &start_passkey_login()).await, "passkeys_off");
    let start = start_passkey_registration(PASSWORD);
    assert_refused_with(&ada.mutate(&server, &start).await, "passkeys_off");

    let phone = store_app(&server, 1);
    let ada = server.log_in(&ada.email, PASSWORD).await;
    let export = mutation("exportMyData", json!({ "password": PASSWORD }));
    assert_done(&ada.mutate(&server, &export).await);
    // A code is not checked.
    let change = change_password(PASSWORD, OTHER_PASSWORD).with("code", server.wrong_code(&phone));
    assert_done(&ada.mutate(&server, &change).await);
    assert_eq!(server.rows_of("authenticators").len(), 1);
}
