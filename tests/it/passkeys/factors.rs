//! Passkeys as the second factor, and states of other ceremonies.

use pledge4future_auth::passkeys::Rejected;
use serde_json::json;

use super::{ORIGIN, owner, passkeys, register};
use crate::support::security_key::SecurityKey;

#[test]
fn a_second_factor_needs_no_user_verification() {
    let (passkeys, mut first, mut second) = (passkeys(), SecurityKey::synced(), SecurityKey::synced());
    let (one, other) = (register(&passkeys, &mut first), register(&passkeys, &mut second));
    let credentials = [one.credential, other.credential];
    for verifies_user in [true, false] {
        second.user_verified = verifies_user;
        let ceremony = passkeys.start_second_factor(&credentials).expect("a second factor");
        let allowed = [&one.id, &other.id].map(|id| json!({"type": "public-key", "id": id}));
        assert_eq!(ceremony.options["allowCredentials"], json!(allowed));
        assert_eq!(ceremony.options["userVerification"], "preferred");
        assert_eq!(ceremony.options.get("hints"), None);
        let answer = second.log_in(&ceremony.options, ORIGIN).to_string();
        let outcome = passkeys.finish_second_factor(&ceremony.state, &answer, &credentials);
        assert_eq!(outcome.expect("a second factor").0, other.id, "{verifies_user}");
    }
}

#[test]
fn a_changed_credential_still_requires_user_verification_at_a_login() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    let credentials = [register(&passkeys, &mut authenticator).credential];
    (authenticator.counter, authenticator.user_verified) = (1, false);
    let ceremony = passkeys.start_second_factor(&credentials).expect("a second factor");
    let answer = authenticator.log_in(&ceremony.options, ORIGIN).to_string();
    let outcome = passkeys.finish_second_factor(&ceremony.state, &answer, &credentials);
    let changed = outcome.expect("a second factor").1.credential.expect("a change");
    assert_eq!(changed, credentials[0].replace("\"counter\":0", "\"counter\":1"));
}

#[test]
fn a_second_factor_is_verified_with_the_counter_stored_last() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    let credential = register(&passkeys, &mut authenticator).credential;
    let ceremony = passkeys.start_second_factor(std::slice::from_ref(&credential)).expect("a second factor");
    authenticator.counter = 5;
    let answer = authenticator.log_in(&ceremony.options, ORIGIN).to_string();
    let stored = |counter: u32| [credential.replace("\"counter\":0", &format!("\"counter\":{counter}"))];
    assert!(passkeys.finish_second_factor(&ceremony.state, &answer, &stored(4)).is_ok());
    let outcome = passkeys.finish_second_factor(&ceremony.state, &answer, &stored(5));
    assert_eq!(outcome.err(), Some(Rejected));
}

#[test]
fn a_second_factor_must_be_an_allowed_passkey_that_still_exists() {
    let (passkeys, mut first, mut second) = (passkeys(), SecurityKey::synced(), SecurityKey::synced());
    let one = register(&passkeys, &mut first).credential;
    let other = register(&passkeys, &mut second).credential;
    let ceremony = passkeys.start_second_factor(std::slice::from_ref(&one)).expect("a second factor");
    let finish = |authenticator: &mut SecurityKey, credentials: &[String]| {
        // A browser would not use a passkey that is not allowed.
        let mut options = ceremony.options.clone();
        options["allowCredentials"] = json!([]);
        let answer = authenticator.log_in(&options, ORIGIN).to_string();
        passkeys.finish_second_factor(&ceremony.state, &answer, credentials).map(|_| ())
    };
    let both = [one, other.clone()];
    assert_eq!(finish(&mut first, &both), Ok(()));
    assert_eq!(finish(&mut second, &both), Err(Rejected));
    assert_eq!(finish(&mut first, &[other]), Err(Rejected));
    assert_eq!(finish(&mut first, &[]), Err(Rejected));
}

#[test]
fn an_account_without_passkeys_has_no_second_factor() {
    assert!(passkeys().start_second_factor(&[]).is_err());
    assert!(passkeys().start_second_factor(&["{}".to_owned()]).is_err());
    assert!(passkeys().start_registration(&owner(), &["{}".to_owned()]).is_ok());
}

#[test]
fn answers_are_rejected_for_states_of_other_ceremonies() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    let credential = register(&passkeys, &mut authenticator).credential;
    let credentials = [credential.clone()];
    let login = passkeys.start_login().expect("a login");
    let factor = passkeys.start_second_factor(&credentials).expect("a second factor");
    let registration = passkeys.start_registration(&owner(), &[]).expect("a registration");
    let (to_login, to_factor) = (
        authenticator.log_in(&login.options, ORIGIN).to_string(),
        authenticator.log_in(&factor.options, ORIGIN).to_string(),
    );
    for state in [&factor.state, &registration.state, "", "{}", "null"] {
        for answer in [&to_login, &to_factor] {
            assert_eq!(passkeys.finish_login(state, answer, &credential).err(), Some(Rejected), "{state}");
        }
    }
    for state in [&login.state, &registration.state, "", "{}", "null"] {
        for answer in [&to_login, &to_factor] {
            let outcome = passkeys.finish_second_factor(state, answer, &credentials);
            assert_eq!(outcome.err(), Some(Rejected), "{state}");
        }
    }
    let answer = SecurityKey::synced().register(&registration.options, ORIGIN).to_string();
    for state in [&login.state, &factor.state, "", "{}", "null"] {
        assert_eq!(passkeys.finish_registration(state, &answer).err(), Some(Rejected), "{state}");
    }
    assert!(passkeys.finish_registration(&registration.state, &answer).is_ok());
    assert_eq!(passkeys.finish_registration(&registration.state, &to_login).err(), Some(Rejected));
}
