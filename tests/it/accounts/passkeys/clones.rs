//! Signature counters, which reveal copies of a passkey.

use super::{QUIET, rejected, sign_up_with_passkey};
use crate::support::person::{assert_done, assert_refused_with};
use crate::support::second_factor::{ORIGIN, challenge_of, finish_with_passkey, log_in_without_code};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_copy_of_a_passkey_with_an_old_counter_is_rejected() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let mut copy = key.clone();
    for _ in 0..2 {
        assert_done(&server.log_in_with_passkey(&mut key).await);
    }
    let (challenge, options) = server.start_passkey_login().await;
    for counter in [0, key.counter - 1] {
        // The key counts before it signs.
        copy.counter = counter;
        let answer = copy.log_in(&options, ORIGIN);
        assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_passkey");
    }
    copy.counts = false;
    let answer = copy.log_in(&options, ORIGIN);
    assert_refused_with(&rejected(&server, &challenge, &answer).await, "invalid_passkey");
    // Nor after the password.
    let asked = server.mutate(None, &log_in_without_code(&ada.email)).await;
    let answer = copy.log_in(&asked["passkeyOptions"], ORIGIN);
    let payload = rejected(&server, &challenge_of(&asked), &answer).await;
    assert_refused_with(&payload, "invalid_passkey");
    assert_done(&server.log_in_with_passkey(&mut key).await);
}

#[tokio::test]
async fn counters_of_both_kinds_of_login_are_compared() {
    let server = TestServer::start(QUIET).await;
    let (ada, mut key) = sign_up_with_passkey(&server, "ada").await;
    let asked = server.mutate(None, &log_in_without_code(&ada.email)).await;
    // The answer is made first and arrives last.
    let late = key.log_in(&asked["passkeyOptions"], ORIGIN);
    assert_done(&server.log_in_with_passkey(&mut key).await);
    let payload = rejected(&server, &challenge_of(&asked), &late).await;
    assert_refused_with(&payload, "invalid_passkey");

    let (challenge, options) = server.start_passkey_login().await;
    let late = key.log_in(&options, ORIGIN);
    let asked = server.mutate(None, &log_in_without_code(&ada.email)).await;
    let answer = key.log_in(&asked["passkeyOptions"], ORIGIN);
    let login = finish_with_passkey(&challenge_of(&asked), &answer);
    assert_done(&server.mutate(None, &login).await);
    assert_refused_with(&rejected(&server, &challenge, &late).await, "invalid_passkey");
}

#[tokio::test]
async fn a_synced_passkey_without_a_counter_works_again_and_again() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let mut phone = SecurityKey::synced();
    server.add_passkey(&ada, &mut phone, "my devices").await;
    let (mut laptop, mut watch) = (phone.clone(), phone.clone());
    for key in [&mut phone, &mut laptop, &mut watch] {
        assert_done(&server.log_in_with_passkey(key).await);
        let asked = server.mutate(None, &log_in_without_code(&ada.email)).await;
        let login = finish_with_passkey(&challenge_of(&asked), &key.log_in(&asked["passkeyOptions"], ORIGIN));
        assert_done(&server.mutate(None, &login).await);
    }
}
