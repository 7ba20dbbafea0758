//! Passkeys.

mod clones;
mod login;
mod manage;
mod off;
mod password;
mod registration;

use serde_json::{Value, json};

use crate::support::mutation::{Mutation, mutation};
use crate::support::person::{PASSWORD, Person};
use crate::support::second_factor::{ORIGIN, assert_no_tokens, finish_with_passkey};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

const QUIET: &str = "mail.notices = false\n";

pub fn rename(id: &str, name: &str) -> Mutation {
    mutation("renamePasskey", json!({ "id": id, "name": name }))
}

pub fn remove(id: &str) -> Mutation {
    mutation("removePasskey", json!({ "id": id, "password": PASSWORD }))
}

/// Registers an account with a passkey.
async fn sign_up_with_passkey(server: &TestServer, name: &str) -> (Person, SecurityKey) {
    let person = server.sign_up(name).await;
    let mut key = SecurityKey::new();
    server.add_passkey(&person, &mut key, "a key").await;
    (person, key)
}

/// Finishes a login with an answer that is rejected. Returns the payload.
async fn rejected(server: &TestServer, challenge: &str, answer: &Value) -> Value {
    let sessions = server.count_sessions();
    let payload = server.mutate(None, &finish_with_passkey(challenge, answer)).await;
    assert_eq!(payload["success"], false, "{payload}");
    assert_no_tokens(&payload);
    assert_eq!(server.count_sessions(), sessions);
    payload
}

/// Signs the options of a login that permit only other passkeys.
fn sign_anyway(key: &mut SecurityKey, options: &Value) -> Value {
    let mut options = options.clone();
    options["allowCredentials"] = json!([]);
    key.log_in(&options, ORIGIN)
}

/// Returns a key that claims to have the same passkey, without its private key.
fn forger(key: &SecurityKey) -> SecurityKey {
    let mut forger = key.clone();
    forger.forge_signature = true;
    forger
}

/// Returns the same key without a PIN or a fingerprint.
fn unverified(key: &SecurityKey) -> SecurityKey {
    let mut unverified = key.clone();
    unverified.user_verified = false;
    unverified
}
