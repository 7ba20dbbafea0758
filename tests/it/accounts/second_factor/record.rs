//! What the audit log records about second factors.

use crate::support::mutation::archive_account;
use crate::support::person::{PASSWORD, assert_done};
use crate::support::second_factor::{
    ORIGIN, challenge_of, finish_with_passkey, log_in_without_code, remove_second_factor,
    renew_recovery_codes,
};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

#[tokio::test]
async fn all_events_of_second_factors_are_recorded_without_secrets() {
    let server = TestServer::start("").await;
    let ada = server.sign_up_with_app("ada").await;
    let person = &ada.person;
    let challenge = ada.challenge(&server).await;
    let wrong = server.wrong_code(&ada.phone);
    ada.finish(&server, &challenge, &wrong).await;
    ada.log_in_with(&server, &wrong).await;
    let code = server.next_code(&ada.phone);
    assert_done(&ada.finish(&server, &challenge, &code).await);
    assert_done(&ada.log_in_with(&server, &ada.recovery_codes[0]).await);
    person.mutate(&server, &archive_account(PASSWORD).with("code", wrong.as_str())).await;
    let renew = renew_recovery_codes(PASSWORD, &server.next_code(&ada.phone));
    assert_done(&person.mutate(&server, &renew).await);

    let mut key = SecurityKey::new();
    server.add_passkey(person, &mut key, "a key").await;
    assert_done(&person.mutate(&server, &super::super::passkeys::rename(&key.credential_id(), "mine")).await);
    assert_done(&server.log_in_with_passkey(&mut key).await);
    key.forge_signature = true;
    server.log_in_with_passkey(&mut key).await;
    let asked = server.mutate(None, &log_in_without_code(&person.email)).await;
    let answer = key.log_in(&asked["passkeyOptions"], ORIGIN);
    server.mutate(None, &finish_with_passkey(&challenge_of(&asked), &answer)).await;
    let remove = super::super::passkeys::remove(&key.credential_id());
    assert_done(&person.mutate(&server, &remove).await);
    let remove = remove_second_factor(PASSWORD, &server.next_code(&ada.phone));
    assert_done(&person.mutate(&server, &remove).await);
    server.ignore_mail();

    let expected = [
        "1 registered somebody",
        "1 verified owner",
        "1 logged_in owner",
        "1 authenticator_added owner",
        "1 password_accepted owner",
        "1 second_factor_refused somebody",
        "1 second_factor_refused somebody",
        "1 logged_in owner",
        "1 recovery_code_used owner",
        "1 logged_in owner",
        "1 second_factor_refused owner",
        "1 recovery_codes_renewed owner",
        "1 passkey_added owner",
        "1 passkey_renamed owner",
        "1 logged_in owner",
        "1 password_accepted owner",
        "1 second_factor_refused somebody",
        "1 passkey_removed owner",
        "1 authenticator_removed owner",
    ];
    assert_eq!(server.audit_lines(), expected);
    let rows = server.rows_of("audit").join("\n");
    assert!(server.audit().iter().all(|entry| entry.detail.is_none()));
    let secrets = [challenge, key.credential_id(), PASSWORD.to_owned()];
    for secret in secrets.iter().chain(&ada.recovery_codes) {
        assert!(!rows.contains(secret.as_str()), "{secret}");
    }
}
