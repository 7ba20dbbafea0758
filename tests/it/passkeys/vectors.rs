//! The test vectors of the specification, in `tests/webauthn.json`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pledge4future_auth::passkeys::{Ceremony, Owner, Passkeys, Rejected};
use serde_json::{Value, json};
use url::Url;

use crate::support::vectors::{list, text};

/// The vectors that are rejected, with the reasons. Browsers send no certificates of attestation unless they are asked to.
const REJECTED: [(&str, &str); 8] = [
    ("sctn-test-vectors-none-es256-crossOrigin", "pages of other sites must not embed the login"),
    ("sctn-test-vectors-none-es256-topOrigin", "pages of other sites must not embed the login"),
    ("sctn-test-vectors-packed-es512", "webauthn-rs does not offer ES512"),
    (
        "sctn-test-vectors-packed-rs256",
        "webauthn-rs accepts only RSA keys of 2048 bits, and this one has 3482",
    ),
    ("sctn-test-vectors-packed-eddsa", "webauthn-rs neither offers nor verifies EdDSA"),
    ("sctn-test-vectors-packed-ed448", "webauthn-rs neither offers nor verifies EdDSA"),
    ("sctn-test-vectors-tpm-es256", "webauthn-rs knows only attestations of TPMs for RSA keys"),
    ("sctn-test-vectors-android-key-es256", "webauthn-rs rejects its certificates"),
];
const DOMAIN: &str = "example.org";
const ORIGIN: &str = "https://example.org";

fn vectors() -> Vec<Value> {
    let file = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webauthn.json"));
    let file: Value = serde_json::from_str(file).expect("webauthn.json is JSON");
    [list(&file["vectors"]), list(&file["others"])].concat()
}

fn passkeys(domain: &str, origin: &str) -> Passkeys {
    Passkeys::new(domain, &Url::parse(origin).expect("an origin"), &[], "An example")
        .expect("a domain that fits")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).expect("hexadecimal digits")
}

fn base64(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(bytes(value))
}

/// Returns the answer of a browser with the responses of one ceremony.
fn answer(vector: &Value, ceremony: &str) -> Value {
    let id = base64(&vector["credential_id"]);
    let mut response = vector[ceremony].as_object().expect("responses").clone();
    response.shift_remove("challenge");
    for value in response.values_mut() {
        *value = json!(base64(value));
    }
    json!({"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {}, "response": response})
}

/// Returns the state of a ceremony whose challenge is that of a vector.
fn state(ceremony: &Ceremony, challenge: &Value) -> String {
    let own = text(&ceremony.options["challenge"]);
    assert_eq!(ceremony.state.matches(own).count(), 1, "{}", ceremony.state);
    ceremony.state.replace(own, &base64(challenge))
}

/// Whether the authenticator data after the hash of the RP ID say that the user was verified.
fn is_verified(bytes: &[u8]) -> bool {
    const HASH: &str = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b5";
    let hash = hex::decode(HASH).expect("hexadecimal digits");
    let start =
        bytes.windows(hash.len()).rposition(|window| window == hash).expect("the hash of example.org");
    bytes[start + hash.len()] & 4 != 0
}

/// Registers the passkey of a vector. Most of them do not verify the user, so the state does not require it.
fn register(passkeys: &Passkeys, vector: &Value, answer: &Value) -> Result<String, Rejected> {
    let owner = Owner { account: 1, email: "test@example.org", name: "" };
    let ceremony = passkeys.start_registration(&owner, &[]).expect("a registration");
    let strict = state(&ceremony, &vector["registration"]["challenge"]);
    let lax = strict.replace("\"policy\":\"required\"", "\"policy\":\"preferred\"");
    assert_ne!(strict, lax);
    let outcome = passkeys.finish_registration(&lax, &answer.to_string());
    let verified = is_verified(&bytes(&vector["registration"]["attestationObject"]));
    let strictly = passkeys.finish_registration(&strict, &answer.to_string());
    assert_eq!(strictly.is_ok(), outcome.is_ok() && verified, "{}", vector["section"]);
    let passkey = outcome?;
    assert_eq!(passkey.id, base64(&vector["credential_id"]));
    assert!(passkey.credential.len() < 2500, "the attestation is stored: {}", passkey.credential);
    // As if it had been registered with the program's own state.
    Ok(passkey
        .credential
        .replace("\"registration_policy\":\"preferred\"", "\"registration_policy\":\"required\""))
}

/// Uses the passkey of a vector as the second factor, and for a login if the user was verified.
fn log_in(passkeys: &Passkeys, vector: &Value, answer: &Value, credential: &str) -> Result<(), Rejected> {
    let (challenge, answer) = (&vector["authentication"]["challenge"], answer.to_string());
    let credentials = [credential.to_owned()];
    let factor = state(&passkeys.start_second_factor(&credentials).expect("a second factor"), challenge);
    let login = state(&passkeys.start_login().expect("a login"), challenge);
    let outcome = passkeys.finish_second_factor(&factor, &answer, &credentials);
    let logged_in = passkeys.finish_login(&login, &answer, credential);
    let verified = is_verified(&bytes(&vector["authentication"]["authenticatorData"]));
    assert_eq!(logged_in.is_ok(), outcome.is_ok() && verified, "{}", vector["section"]);
    outcome.map(|(id, _)| assert_eq!(id, base64(&vector["credential_id"])))
}

fn accepted() -> Vec<Value> {
    let is_accepted = |vector: &Value| REJECTED.iter().all(|(section, _)| vector["section"] != *section);
    vectors().into_iter().filter(is_accepted).collect()
}

/// Returns the response of a ceremony with one bit of one member flipped.
fn flipped(vector: &Value, ceremony: &str, member: &str, byte: usize) -> Value {
    let mut vector = vector.clone();
    let value = &mut vector[ceremony][member];
    let mut bytes = bytes(value);
    let byte = byte % bytes.len();
    bytes[byte] ^= 1;
    *value = json!(hex::encode(bytes));
    answer(&vector, ceremony)
}

#[test]
fn vectors_are_verified_but_for_eight() {
    let mut rejected: BTreeMap<_, _> = REJECTED.into();
    let passkeys = passkeys(DOMAIN, ORIGIN);
    for vector in vectors() {
        let section = text(&vector["section"]);
        let credential = register(&passkeys, &vector, &answer(&vector, "registration"));
        if let Some(reason) = rejected.remove(section) {
            assert_eq!(credential, Err(Rejected), "{section}: {reason}");
            continue;
        }
        let credential = credential.unwrap_or_else(|_| panic!("the registration of {section}"));
        let login = log_in(&passkeys, &vector, &answer(&vector, "authentication"), &credential);
        assert_eq!(login, Ok(()), "{section}");
    }
    assert!(rejected.is_empty(), "no vectors are called {:?}", rejected.keys());
}

#[test]
fn vectors_with_a_flipped_bit_are_rejected() {
    let passkeys = passkeys(DOMAIN, ORIGIN);
    for vector in accepted() {
        let section = text(&vector["section"]);
        let credential = register(&passkeys, &vector, &answer(&vector, "registration")).expect("a passkey");
        for member in ["signature", "authenticatorData", "clientDataJSON"] {
            for byte in [0, 20, 33, usize::MAX] {
                let forged = flipped(&vector, "authentication", member, byte);
                let outcome = log_in(&passkeys, &vector, &forged, &credential);
                assert_eq!(outcome, Err(Rejected), "byte {byte} of {member} of {section}");
            }
        }
    }
}

#[test]
fn vectors_for_another_challenge_are_rejected() {
    let passkeys = passkeys(DOMAIN, ORIGIN);
    for vector in accepted() {
        let (registration, login) = (answer(&vector, "registration"), answer(&vector, "authentication"));
        let credential = register(&passkeys, &vector, &registration).expect("a passkey");
        let mut other = vector.clone();
        other["registration"]["challenge"] = vector["authentication"]["challenge"].clone();
        other["authentication"]["challenge"] = vector["registration"]["challenge"].clone();
        assert_eq!(register(&passkeys, &other, &registration), Err(Rejected), "{}", vector["section"]);
        assert_eq!(log_in(&passkeys, &other, &login, &credential), Err(Rejected), "{}", vector["section"]);
    }
}

#[test]
fn vectors_for_another_origin_or_domain_are_rejected() {
    let right = passkeys(DOMAIN, ORIGIN);
    let others = [
        (DOMAIN, "https://www.example.org"),
        (DOMAIN, "https://example.org:8443"),
        (DOMAIN, "http://example.org"),
        // The same origin, so that only the hash of the RP ID differs.
        ("org", ORIGIN),
    ];
    for vector in accepted() {
        let (registration, login) = (answer(&vector, "registration"), answer(&vector, "authentication"));
        let credential = register(&right, &vector, &registration).expect("a passkey");
        for (domain, origin) in others {
            let other = passkeys(domain, origin);
            let section = text(&vector["section"]);
            assert_eq!(register(&other, &vector, &registration), Err(Rejected), "{section} for {origin}");
            assert_eq!(log_in(&other, &vector, &login, &credential), Err(Rejected), "{section} for {origin}");
        }
    }
}

#[test]
fn a_vector_of_another_passkey_is_rejected() {
    let passkeys = passkeys(DOMAIN, ORIGIN);
    let vectors = accepted();
    for (vector, other) in vectors.iter().zip(vectors.iter().cycle().skip(1)) {
        let credential = register(&passkeys, vector, &answer(vector, "registration")).expect("a passkey");
        let mut login = answer(other, "authentication");
        assert_eq!(log_in(&passkeys, other, &login, &credential), Err(Rejected));
        // Its signature, with the id of the right passkey.
        login["id"] = json!(base64(&vector["credential_id"]));
        login["rawId"] = login["id"].clone();
        assert_eq!(log_in(&passkeys, other, &login, &credential), Err(Rejected), "{}", vector["section"]);
    }
}
