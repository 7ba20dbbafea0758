//! Registrations, and logins without a name.

use std::io::Write;
use std::sync::{Arc, Mutex};

use pledge4future_auth::passkeys::{MAX_ANSWER, Passkeys, Rejected};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use url::Url;

use super::{ACCOUNT, ORIGIN, owner, passkeys, register};
use crate::support::security_key::SecurityKey;

#[test]
fn a_passkey_logs_its_owner_in_without_a_name() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    let passkey = register(&passkeys, &mut authenticator);
    assert!(passkey.is_backed_up);
    let login = passkeys.start_login().expect("a login");
    let answer = authenticator.log_in(&login.options, ORIGIN).to_string();
    assert_eq!(passkeys.claimed(&answer), Some((ACCOUNT, passkey.id)));
    let used = passkeys.finish_login(&login.state, &answer, &passkey.credential).expect("a login");
    assert!(used.is_backed_up);
    assert_eq!(used.credential, None);
}

#[test]
fn options_require_discoverable_passkeys_and_verified_users() {
    let passkeys = passkeys();
    let options = passkeys.start_registration(&owner(), &[]).expect("a registration").options;
    let selection =
        json!({"residentKey": "required", "requireResidentKey": true, "userVerification": "required"});
    assert_eq!(options["authenticatorSelection"], selection);
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["rp"], json!({"name": "An example", "id": "example.org"}));
    assert_eq!(
        options["user"],
        json!({"id": "AAAAAAAAAAAAAAAAAAASZw", "name": "test@example.org", "displayName": "Lisa Lou"})
    );
    let algorithms = json!([
        {"type": "public-key", "alg": -7},
        {"type": "public-key", "alg": -35},
        {"type": "public-key", "alg": -257},
    ]);
    assert_eq!(options["pubKeyCredParams"], algorithms);
    let options = passkeys.start_login().expect("a login").options;
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["rpId"], "example.org");
    assert_eq!(options["allowCredentials"], json!([]));
    assert_eq!(options.get("mediation"), None);
}

#[test]
fn a_login_without_user_verification_is_rejected() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    let credential = register(&passkeys, &mut authenticator).credential;
    authenticator.user_verified = false;
    let login = passkeys.start_login().expect("a login");
    let answer = authenticator.log_in(&login.options, ORIGIN).to_string();
    assert_eq!(passkeys.finish_login(&login.state, &answer, &credential).err(), Some(Rejected));
    // Not even a state that does not require it, for a credential that was registered without.
    let lax = |json: &str| json.replace("\"required\"", "\"discouraged\"");
    let outcome = passkeys.finish_login(&lax(&login.state), &answer, &lax(&credential));
    assert_eq!(outcome.err(), Some(Rejected));
}

#[test]
fn a_registration_without_user_verification_is_rejected() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    authenticator.user_verified = false;
    let ceremony = passkeys.start_registration(&owner(), &[]).expect("a registration");
    let answer = authenticator.register(&ceremony.options, ORIGIN).to_string();
    assert_eq!(passkeys.finish_registration(&ceremony.state, &answer).err(), Some(Rejected));
}

#[test]
fn a_counter_must_rise_unless_it_is_always_zero() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    let mut credential = register(&passkeys, &mut authenticator).credential;
    // The counter of each login, and whether it is accepted and changes what is stored.
    for (counter, is_accepted, is_changed) in [
        (0, true, false),
        (0, true, false),
        (7, true, true),
        (7, false, false),
        (6, false, false),
        (0, false, false),
        (8, true, true),
    ] {
        authenticator.counter = counter;
        let login = passkeys.start_login().expect("a login");
        let answer = authenticator.log_in(&login.options, ORIGIN).to_string();
        let outcome = passkeys.finish_login(&login.state, &answer, &credential);
        assert_eq!(outcome.is_ok(), is_accepted, "counter {counter}");
        let changed = outcome.ok().and_then(|used| used.credential);
        assert_eq!(changed.is_some(), is_changed, "counter {counter}");
        credential = changed.unwrap_or(credential);
    }
}

#[test]
fn a_changed_backup_state_is_stored() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    authenticator.backed_up = false;
    let passkey = register(&passkeys, &mut authenticator);
    assert!(!passkey.is_backed_up);
    authenticator.backed_up = true;
    let mut log_in = |credential: &str| {
        let login = passkeys.start_login().expect("a login");
        let answer = authenticator.log_in(&login.options, ORIGIN).to_string();
        passkeys.finish_login(&login.state, &answer, credential).expect("a login")
    };
    let used = log_in(&passkey.credential);
    assert!(used.is_backed_up);
    assert_eq!(log_in(&used.credential.expect("a change")).credential, None);
}

#[test]
fn a_registration_excludes_the_passkeys_of_the_account() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    let passkey = register(&passkeys, &mut authenticator);
    let ceremony = passkeys.start_registration(&owner(), &[passkey.credential]).expect("a registration");
    assert_eq!(ceremony.options["excludeCredentials"], json!([{"type": "public-key", "id": passkey.id}]));
}

#[test]
fn an_account_without_a_name_is_shown_with_its_address() {
    let owner = super::Owner { name: "", ..owner() };
    let options = passkeys().start_registration(&owner, &[]).expect("a registration").options;
    assert_eq!(options["user"]["displayName"], "test@example.org");
}

#[test]
fn long_answers_are_rejected() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    let ceremony = passkeys.start_registration(&owner(), &[]).expect("a registration");
    let answer = authenticator.register(&ceremony.options, ORIGIN).to_string();
    let padded = |length: usize| format!("{answer}{}", " ".repeat(length - answer.len()));
    let too_long = passkeys.finish_registration(&ceremony.state, &padded(MAX_ANSWER + 1));
    assert_eq!(too_long.err(), Some(Rejected));
    let credential =
        passkeys.finish_registration(&ceremony.state, &padded(MAX_ANSWER)).expect("a passkey").credential;
    let login = passkeys.start_login().expect("a login");
    let answer = authenticator.log_in(&login.options, ORIGIN).to_string();
    let padded = format!("{answer}{}", " ".repeat(MAX_ANSWER));
    assert_eq!(passkeys.claimed(&padded), None);
    assert_eq!(passkeys.finish_login(&login.state, &padded, &credential).err(), Some(Rejected));
}

#[test]
fn answers_without_the_handle_of_an_account_claim_nothing() {
    let (passkeys, mut authenticator) = (passkeys(), SecurityKey::synced());
    register(&passkeys, &mut authenticator);
    let login = passkeys.start_login().expect("a login");
    let answer = authenticator.log_in(&login.options, ORIGIN).to_string();
    let handle = "AAAAAAAAAAAAAAAAAAASZw";
    assert!(answer.contains(handle));
    for other in ["", "AAAA", "_____________________w", "AAAAAAAAAACAAAAAAAAAAA"] {
        assert_eq!(passkeys.claimed(&answer.replace(handle, other)), None, "{other}");
    }
    assert_eq!(passkeys.claimed(&answer.replace(&format!("\"{handle}\""), "null")), None);
    assert_eq!(passkeys.claimed(&answer.replace("userHandle", "other")), None);
}

#[test]
fn a_domain_must_be_that_of_the_origin_or_above_it() {
    for (domain, origin, fits) in [
        ("accounts.example.org", ORIGIN, true),
        ("example.org", ORIGIN, true),
        ("localhost", "http://localhost:8000", true),
        ("ample.org", ORIGIN, false),
        ("www.accounts.example.org", ORIGIN, false),
        ("example.com", ORIGIN, false),
        ("", "https://accounts.example.org.", false),
        ("127.0.0.1", "http://127.0.0.1:8000", false),
    ] {
        let outcome = Passkeys::new(domain, &Url::parse(origin).expect("an origin"), &[], "An example");
        assert_eq!(outcome.is_ok(), fits, "{domain} for {origin}");
        let message = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(fits || message.contains(domain) && message.contains(origin), "{message}");
    }
}

#[test]
fn rejections_are_not_logged_by_the_library() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_writer(log.clone()).with_max_level(tracing::Level::INFO).finish();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("the first line");
        let passkeys = passkeys();
        let state = passkeys.start_registration(&owner(), &[]).expect("a registration").state;
        let answer = SecurityKey::synced().register(
            &json!({
                "user": {"id": "AA"}, "rp": {"id": "example.org"}, "challenge": "AA", "pubKeyCredParams": [{"alg": -7}]
            }),
            ORIGIN,
        );
        let answer = answer.to_string();
        for answer in [answer.replace("o2NmbXRkbm9uZ", "_______"), answer, "no JSON".to_owned()] {
            assert_eq!(passkeys.finish_registration(&state, &answer).err(), Some(Rejected));
        }
        assert!(Passkeys::new("example.com", &Url::parse(ORIGIN).expect("an origin"), &[], "").is_err());
    });
    let log = String::from_utf8(log.0.lock().expect("a log").clone()).expect("UTF-8");
    assert!(log.contains("the first line") && log.lines().count() == 1, "{log}");
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
