//! Answers of browsers to registrations and logins with passkeys.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pledge4future_auth::passkeys::{Ceremony, MAX_ANSWER, Owner, Passkeys, Rejected};
use serde_json::{Value, json};
use url::Url;

/// A test vector of the specification whose authenticator verified the user.
const SECTION: &str = "sctn-test-vectors-packed-es256";

/// Chooses input that is not an answer but the parts of one in bytes.
const IS_BINARY: u8 = 0x40;

struct Setup {
    passkeys: Passkeys,
    vector: Value,
    credential: String,
    /// The states of a registration, a login and a second factor, with challenges of their own.
    fresh: [String; 3],
    /// The same states with the challenges of the vector.
    recorded: [String; 3],
}

impl Setup {
    fn new() -> Self {
        let origin = Url::parse("https://example.org").expect("an origin");
        let passkeys = Passkeys::new("example.org", &origin, &[], "An example").expect("a domain that fits");
        let file: Value =
            serde_json::from_str(include_str!("../../webauthn.json")).expect("webauthn.json is JSON");
        let vectors = file["vectors"].as_array().expect("vectors");
        let vector = vectors.iter().find(|vector| vector["section"] == SECTION).expect("the vector").clone();
        let owner = Owner { account: 1, email: "test@example.org", name: "" };
        let registration = passkeys.start_registration(&owner, &[]).expect("a registration");
        let registered = recorded(&registration, &vector["registration"]);
        let data = bytes(&vector["registration"]["attestationObject"]);
        let passkey =
            passkeys.finish_registration(&registered, &registration_of(&vector, &data)).expect("a passkey");
        let credential = passkey.credential;
        let login = passkeys.start_login().expect("a login");
        let factor =
            passkeys.start_second_factor(std::slice::from_ref(&credential)).expect("a second factor");
        let recorded = [
            // Most authenticators of the other vectors do not verify the user.
            registered.replace("\"policy\":\"required\"", "\"policy\":\"preferred\""),
            recorded(&login, &vector["authentication"]),
            recorded(&factor, &vector["authentication"]),
        ];
        let fresh = [registration.state, login.state, factor.state];
        Self { passkeys, vector, credential, fresh, recorded }
    }

    fn recorded_login(&self) -> String {
        let login = &self.vector["authentication"];
        login_of(&self.vector, &bytes(&login["authenticatorData"]), &bytes(&login["signature"]))
    }
}

/// Returns the state of a ceremony with the challenge of a vector.
fn recorded(ceremony: &Ceremony, vector: &Value) -> String {
    let own = ceremony.options["challenge"].as_str().expect("a challenge");
    ceremony.state.replace(own, &base64(&vector["challenge"]))
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hexadecimal digits")
}

fn base64(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(bytes(value))
}

fn registration_of(vector: &Value, object: &[u8]) -> String {
    let response = json!({
        "clientDataJSON": base64(&vector["registration"]["clientDataJSON"]),
        "attestationObject": URL_SAFE_NO_PAD.encode(object),
    });
    answer_of(vector, response)
}

fn login_of(vector: &Value, data: &[u8], signature: &[u8]) -> String {
    let response = json!({
        "clientDataJSON": base64(&vector["authentication"]["clientDataJSON"]),
        "authenticatorData": URL_SAFE_NO_PAD.encode(data),
        "signature": URL_SAFE_NO_PAD.encode(signature),
        "userHandle": "AAAAAAAAAAAAAAAAAAAAAQ",
    });
    answer_of(vector, response)
}

fn answer_of(vector: &Value, response: Value) -> String {
    let id = base64(&vector["credential_id"]);
    json!({"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {}, "response": response})
        .to_string()
}

/// Reads an answer. The first byte chooses the function and the challenge, `0` to `6`; the rest is the answer. After `p` to
/// `v` the rest is bytes: an attestation object, or the length of authenticator data, these, and a signature. After `7` it is
/// read as what the server stores.
pub fn passkey(data: &[u8]) {
    static SETUP: OnceLock<Setup> = OnceLock::new();
    let setup = SETUP.get_or_init(Setup::new);
    let Some((&choice, rest)) = data.split_first() else { return };
    let is_registration = matches!(choice & 7, 0 | 4);
    let answer = if choice & IS_BINARY == 0 {
        let Ok(text) = std::str::from_utf8(rest) else { return };
        text.to_owned()
    } else if is_registration {
        registration_of(&setup.vector, rest)
    } else {
        let Some((&length, rest)) = rest.split_first() else { return };
        let (data, signature) = rest.split_at(rest.len().min(length.into()));
        login_of(&setup.vector, data, signature)
    };
    let credentials = std::slice::from_ref(&setup.credential);
    let [registration, login, factor] = if choice & 7 < 4 { &setup.fresh } else { &setup.recorded };
    match choice & 7 {
        0 => {
            let outcome = setup.passkeys.finish_registration(registration, &answer);
            assert_eq!(outcome.err(), Some(Rejected), "another challenge");
        }
        1 => check_claim(&setup.passkeys, &answer),
        2 => {
            let outcome = setup.passkeys.finish_login(login, &answer, &setup.credential);
            assert_eq!(outcome.err(), Some(Rejected), "another challenge");
        }
        3 => {
            let outcome = setup.passkeys.finish_second_factor(factor, &answer, credentials);
            assert_eq!(outcome.err(), Some(Rejected), "another challenge");
        }
        4 => check_registration(&setup.passkeys, registration, &answer),
        5 => {
            if setup.passkeys.finish_login(login, &answer, &setup.credential).is_ok() {
                assert_signed_as_recorded(setup, &answer);
            }
        }
        6 => {
            if setup.passkeys.finish_second_factor(factor, &answer, credentials).is_ok() {
                assert_signed_as_recorded(setup, &answer);
            }
        }
        _ => check_stored(setup, &answer),
    }
}

fn check_claim(passkeys: &Passkeys, answer: &str) {
    let Some((account, id)) = passkeys.claimed(answer) else { return };
    assert!(answer.len() <= MAX_ANSWER);
    assert!(account >= 0, "{account}");
    assert!(URL_SAFE_NO_PAD.decode(id).is_ok());
}

/// A registration needs no known key, so it may succeed. What is stored must then be readable.
fn check_registration(passkeys: &Passkeys, state: &str, answer: &str) {
    let Ok(passkey) = passkeys.finish_registration(state, answer) else { return };
    assert!(answer.len() <= MAX_ANSWER);
    assert!(!passkey.id.is_empty());
    let credentials = [passkey.credential];
    assert!(passkeys.start_second_factor(&credentials).is_ok());
}

/// The key of the vector has signed only what is recorded.
fn assert_signed_as_recorded(setup: &Setup, answer: &str) {
    let parse = |answer: &str| serde_json::from_str::<Value>(answer).expect("an answer that was accepted");
    let (answer, recorded) = (parse(answer), parse(&setup.recorded_login()));
    for member in ["authenticatorData", "clientDataJSON", "signature"] {
        assert_eq!(answer["response"][member], recorded["response"][member], "{member}");
    }
}

/// Reads arbitrary states and credentials. The answer has the right signature, but the text contains no key that made it.
fn check_stored(setup: &Setup, text: &str) {
    let (passkeys, answer) = (&setup.passkeys, setup.recorded_login());
    let [_, login, factor] = &setup.recorded;
    let credentials = [text.to_owned()];
    let is_that_key = text.contains(base64(&setup.vector["credential_id"]).as_str());
    assert!(passkeys.finish_login(login, &answer, text).is_err() || is_that_key);
    assert!(passkeys.finish_second_factor(factor, &answer, &credentials).is_err() || is_that_key);
    let challenge = base64(&setup.vector["authentication"]["challenge"]);
    let is_that_challenge = text.contains(challenge.as_str());
    assert!(passkeys.finish_login(text, &answer, &setup.credential).is_err() || is_that_challenge);
    let outcome = passkeys.finish_second_factor(text, &answer, std::slice::from_ref(&setup.credential));
    assert!(outcome.is_err() || is_that_challenge);
    let data = bytes(&setup.vector["registration"]["attestationObject"]);
    let outcome = passkeys.finish_registration(text, &registration_of(&setup.vector, &data));
    assert!(outcome.is_err() || text.contains(base64(&setup.vector["registration"]["challenge"]).as_str()));
    let _ = passkeys.start_second_factor(&credentials);
}
