//! Renaming and removing passkeys.

use std::time::Duration;

use super::{QUIET, remove, rename, sign_up_with_passkey};
use crate::support::person::{
    OTHER_PASSWORD, PASSWORD, Person, assert_done, assert_refused, assert_refused_with,
};
use crate::support::second_factor::{
    ORIGIN, STEP, assert_no_tokens, finish_with_passkey, log_in_with_code, recovery_codes,
};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_passkey_is_renamed_by_its_owner() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let (bo, _) = sign_up_with_passkey(&server, "bo").await;
    let id = key.credential_id();
    for (person, id, name, field, code) in [
        (&bo, id.as_str(), "mine", "id", "not_found"),
        (&ada, "nothing", "mine", "id", "not_found"),
        (&ada, &id, " ", "name", "required"),
        (&ada, &id, "\u{0}", "name", "null_characters_not_allowed"),
        (&ada, &id, &"x".repeat(101), "name", "max_length"),
    ] {
        assert_refused(&person.mutate(&server, &rename(id, name)).await, field, code);
    }
    assert_refused_with(&server.mutate(None, &rename(&id, "mine")).await, "unauthenticated");
    let name = " the blue <b>key</b> ";
    assert_done(&ada.mutate(&server, &rename(&id, name)).await);
    let names = ada.query(&server, "{ secondFactor { passkeys { name } } }").await;
    assert_eq!(names["secondFactor"]["passkeys"][0]["name"], name.trim());
    assert_done(&server.log_in_with_passkey(&mut key).await);
}

#[tokio::test]
async fn a_removed_passkey_no_longer_logs_in() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let mut key = SecurityKey::new();
    let codes = recovery_codes(&server.add_passkey(&ada, &mut key, "a key").await);
    let person = Person::new(&ada.email, &server.log_in_with_passkey(&mut key).await);
    let (challenge, options) = server.start_passkey_login().await;
    assert_done(&person.mutate(&server, &remove(&key.credential_id())).await);
    // The security key still has it.
    let login = finish_with_passkey(&challenge, &key.log_in(&options, ORIGIN));
    let payload = server.mutate(None, &login).await;
    assert_refused_with(&payload, "unknown_passkey");
    assert_no_tokens(&payload);
    // It was the last second factor.
    assert_eq!(server.rows_of("recovery_codes"), [] as [String; 0]);
    server.log_in(&ada.email, PASSWORD).await;
    let mails = server.mails_to(&ada.email);
    assert!(mails.last().expect("a mail").text.contains("A passkey of your account was removed."));
    // Recovery codes of the past do not return with the next passkey.
    let mut other = SecurityKey::new();
    let new = recovery_codes(&server.add_passkey(&person, &mut other, "another").await);
    let old = server.mutate(None, &log_in_with_code(&ada.email, &codes[0])).await;
    assert_refused(&old, "code", "invalid_code");
    assert_done(&server.mutate(None, &log_in_with_code(&ada.email, &new[0])).await);
    server.ignore_mail();
}

#[tokio::test]
async fn a_removal_needs_the_password_and_a_second_factor() {
    let server = TestServer::start(QUIET).await;
    let owner = server.sign_up_with_app("ada").await;
    let (bo, mut key_of_bo) = sign_up_with_passkey(&server, "bo").await;
    let bo = Person::new(&bo.email, &server.log_in_with_passkey(&mut key_of_bo).await);
    let mut key = SecurityKey::new();
    server.add_passkey(&owner.person, &mut key, "a key").await;
    let ada = &owner.person;
    let remove = remove(&key.credential_id());
    assert_refused_with(&server.mutate(None, &remove).await, "unauthenticated");
    assert_refused(&bo.mutate(&server, &remove).await, "id", "not_found");
    server.advance(Duration::from_mins(6));
    assert_refused_with(&ada.mutate(&server, &remove).await, "second_factor_required");
    let code = server.next_code(&owner.phone);
    let wrong = remove.clone().with("password", OTHER_PASSWORD).with("code", code.as_str());
    assert_refused(&ada.mutate(&server, &wrong).await, "password", "invalid_password");
    let wrong = remove.clone().with("code", server.wrong_code(&owner.phone));
    assert_refused(&ada.mutate(&server, &wrong).await, "code", "invalid_code");
    assert_done(&server.log_in_with_passkey(&mut key).await);
    assert_done(&ada.mutate(&server, &remove.with("code", code)).await);
    // The app and the recovery codes remain.
    assert_refused_with(&server.log_in_with_passkey(&mut key).await, "unknown_passkey");
    server.advance(STEP);
    assert_done(&owner.log_in_with(&server, &server.code(&owner.phone)).await);
    assert_done(&owner.log_in_with(&server, &owner.recovery_codes[0]).await);
}
