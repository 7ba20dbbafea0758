//! A security key for tests over the API: an authenticator in the sense of WebAuthn, with the browser around it.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The signature algorithm ES256 of COSE.
const ES256: i64 = -7;

/// The flags of authenticator data.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const WITH_CREDENTIAL: u8 = 0x40;

/// What precedes the coordinates of a point of P-256 in `SubjectPublicKeyInfo`.
const SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// A security key that holds at most one passkey. A clone is a copy of the key, which servers notice by the counter.
#[derive(Debug, Clone)]
pub struct SecurityKey {
    /// Whether the key says that it asked for a PIN or a fingerprint.
    pub user_verified: bool,
    /// Whether the key counts what it signs. Passkeys that several devices share do not.
    pub counts: bool,
    /// Whether several devices may share the passkey.
    pub backup_eligible: bool,
    /// Whether several devices share it.
    pub backed_up: bool,
    /// Whether the key signs logins with a wrong private key.
    pub forge_signature: bool,
    /// How often the key was used, if it counts. A test may set it.
    pub counter: u32,
    passkey: Option<Passkey>,
}

#[derive(Debug, Clone)]
struct Passkey {
    id: [u8; 32],
    rp_id: String,
    user_handle: String,
    /// Whether the site asked for a passkey that the key finds without its id.
    is_discoverable: bool,
    private_key: Vec<u8>,
}

impl SecurityKey {
    /// A key that verifies its user and counts.
    pub fn new() -> Self {
        Self {
            user_verified: true,
            counts: true,
            backup_eligible: false,
            backed_up: false,
            forge_signature: false,
            counter: 0,
            passkey: None,
        }
    }

    /// A key whose passkey several devices share.
    pub fn synced() -> Self {
        Self { counts: false, backup_eligible: true, backed_up: true, ..Self::new() }
    }

    /// Returns the id of the passkey in base64url.
    pub fn credential_id(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.passkey().id)
    }

    /// Creates a passkey from `PublicKeyCredentialCreationOptionsJSON`. It replaces the previous one. Returns
    /// `RegistrationResponseJSON`. Panics if the options exclude the previous one.
    pub fn register(&mut self, options: &Value, origin: &str) -> Value {
        let algorithms = options["pubKeyCredParams"].as_array().expect("algorithms");
        assert!(algorithms.iter().any(|known| known["alg"] == ES256), "ES256 is not permitted: {options}");
        let is_known =
            self.passkey.is_some() && contains(&options["excludeCredentials"], &self.credential_id());
        assert!(!is_known, "the account has the passkey of this key already: {options}");
        let passkey = Passkey {
            id: random_bytes(),
            rp_id: rp_id(&options["rp"]["id"], origin),
            user_handle: string(&options["user"]["id"], "a user handle").to_owned(),
            is_discoverable: asks_for_discoverable(&options["authenticatorSelection"]),
            private_key: private_key(),
        };
        let is_discoverable = passkey.is_discoverable;
        let point = passkey.public_key();
        self.passkey = Some(passkey);
        let client_data = client_data("webauthn.create", options, origin);
        let data = self.authenticator_data(Some(&point));
        let extensions = if options["extensions"]["credProps"] == true {
            json!({ "credProps": { "rk": is_discoverable } })
        } else {
            json!({})
        };
        let response = json!({
            "clientDataJSON": base64(client_data),
            "authenticatorData": base64(&data),
            "transports": ["usb"],
            "publicKey": base64([&SPKI_PREFIX[..], &point].concat()),
            "publicKeyAlgorithm": ES256,
            "attestationObject": base64(attestation_object(&data)),
        });
        self.credential(response, extensions)
    }

    /// Signs the challenge of `PublicKeyCredentialRequestOptionsJSON`. Returns `AuthenticationResponseJSON`. Panics if the
    /// options do not permit the passkey, or permit any and the passkey is not discoverable.
    pub fn log_in(&mut self, options: &Value, origin: &str) -> Value {
        let id = self.credential_id();
        let permitted = &options["allowCredentials"];
        if permitted.as_array().is_none_or(Vec::is_empty) {
            assert!(self.passkey().is_discoverable, "the passkey {id} is not discoverable: {options}");
        } else {
            assert!(contains(permitted, &id), "the passkey {id} is not permitted: {options}");
        }
        assert_eq!(rp_id(&options["rpId"], origin), self.passkey().rp_id, "the passkey is for another site");
        let client_data = client_data("webauthn.get", options, origin);
        let data = self.authenticator_data(None);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let passkey = self.passkey();
        let signature = if self.forge_signature {
            sign(&private_key(), &signed)
        } else {
            sign(&passkey.private_key, &signed)
        };
        let mut response = json!({
            "clientDataJSON": base64(client_data),
            "authenticatorData": base64(data),
            "signature": base64(signature),
        });
        if passkey.is_discoverable {
            response["userHandle"] = passkey.user_handle.clone().into();
        }
        self.credential(response, json!({}))
    }

    fn passkey(&self) -> &Passkey {
        self.passkey.as_ref().expect("the security key has no passkey")
    }

    /// Returns `PublicKeyCredentialJSON`.
    fn credential(&self, response: Value, extensions: Value) -> Value {
        let id = self.credential_id();
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "response": response,
            "clientExtensionResults": extensions,
        })
    }

    /// Counts, and returns the authenticator data, which contain the passkey if it is new.
    fn authenticator_data(&mut self, new_point: Option<&[u8]>) -> Vec<u8> {
        self.counter += u32::from(self.counts);
        let passkey = self.passkey();
        let mut flags = USER_PRESENT;
        flags |= if self.user_verified { USER_VERIFIED } else { 0 };
        flags |= if self.backup_eligible { BACKUP_ELIGIBLE } else { 0 };
        flags |= if self.backed_up { BACKED_UP } else { 0 };
        flags |= if new_point.is_some() { WITH_CREDENTIAL } else { 0 };
        let mut data = Sha256::digest(&passkey.rp_id).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        if let Some(point) = new_point {
            // The model, which is not told.
            data.extend([0; 16]);
            // The length of the id.
            data.extend([0, 32]);
            data.extend(passkey.id);
            data.extend(cose_key(point));
        }
        data
    }
}

impl Passkey {
    /// Returns the coordinates of the public key.
    fn public_key(&self) -> Vec<u8> {
        // The first byte says that they are not compressed.
        key_pair(&self.private_key).public_key().as_ref()[1..].to_vec()
    }
}

/// Returns a new private key in PKCS #8.
fn private_key() -> Vec<u8> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
    key.expect("a key").as_ref().to_vec()
}

fn key_pair(private_key: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, private_key, &SystemRandom::new())
        .expect("a key")
}

fn sign(private_key: &[u8], data: &[u8]) -> Vec<u8> {
    let signature = key_pair(private_key).sign(&SystemRandom::new(), data);
    signature.expect("a signature").as_ref().to_vec()
}

fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("random bytes");
    bytes
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[track_caller]
fn string<'a>(value: &'a Value, what: &str) -> &'a str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not {what}"))
}

/// Returns whether a list of `PublicKeyCredentialDescriptorJSON` contains an id.
fn contains(list: &Value, id: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|credential| credential["id"] == id))
}

/// Returns whether `AuthenticatorSelectionCriteria` ask for a discoverable passkey.
fn asks_for_discoverable(selection: &Value) -> bool {
    match selection["residentKey"].as_str() {
        Some(wish) => wish == "required" || wish == "preferred",
        None => selection["requireResidentKey"] == true,
    }
}

/// Returns the id of the site, which is the host of the origin by default.
fn rp_id(given: &Value, origin: &str) -> String {
    if given.is_null() {
        let origin = url::Url::parse(origin).expect("an origin");
        return origin.host_str().expect("a host").to_owned();
    }
    string(given, "the id of a site").to_owned()
}

/// Returns what the browser adds to a challenge, in JSON.
fn client_data(kind: &str, options: &Value, origin: &str) -> String {
    let challenge = string(&options["challenge"], "a challenge");
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false }).to_string()
}

/// Encodes the coordinates of a public key as `COSE_Key` in CBOR.
fn cose_key(point: &[u8]) -> Vec<u8> {
    let (x, y) = point.split_at(32);
    // A map of five entries: the type EC2 (1: 2), ES256 (3: -7), P-256 (-1: 1), and two strings of 32 bytes (-2 and -3).
    let start = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    [&start[..], x, &[0x22, 0x58, 0x20], y].concat()
}

/// Encodes an attestation object without a statement in CBOR.
fn attestation_object(data: &[u8]) -> Vec<u8> {
    // A map of three entries. Authenticator data have less than 256 bytes, so one byte holds the length.
    let length = u8::try_from(data.len()).expect("a length of one byte");
    [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"[..], &[length], data].concat()
}
