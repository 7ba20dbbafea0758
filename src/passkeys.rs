//! Passkeys: the registrations and logins of WebAuthn level 3.
//!
//! A ceremony has two steps. The first returns the options that the browser passes on to the authenticator, and a state
//! that the server keeps. The second verifies the answer against that state. A state is valid for any number of answers,
//! so the caller makes sure that it is used once.

#[cfg(not(feature = "passkeys"))]
mod absent;
#[cfg(feature = "passkeys")]
mod webauthn;

use std::fmt;

#[cfg(not(feature = "passkeys"))]
pub use absent::Passkeys;
use serde_json::Value;
#[cfg(feature = "passkeys")]
pub use webauthn::Passkeys;

/// A longer answer is rejected before it is parsed. Answers without attestation have about 1 KiB.
pub const MAX_ANSWER: usize = 16 * 1024;

/// The account that a passkey is registered for.
pub struct Owner<'a> {
    /// The id of the account. The user handle, which the authenticator stores, is the UUID with this number.
    pub account: i64,
    pub email: &'a str,
    /// The name that the browser shows. If it is empty, the browser shows the address.
    pub name: &'a str,
}

/// The first step of a registration or login.
#[derive(Debug)]
pub struct Ceremony {
    /// What `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` accepts.
    pub options: Value,
    /// What the server keeps until the answer arrives. A client must not be able to change it.
    pub state: String,
}

/// A passkey that was registered.
#[derive(Debug)]
pub struct NewPasskey {
    /// The id of the credential in base64url.
    pub id: String,
    /// The public key and what else is stored about the passkey, as JSON.
    pub credential: String,
    /// Whether the passkey is backed up, for example synchronized between devices.
    pub is_backed_up: bool,
}

/// A passkey that was used.
#[derive(Debug)]
pub struct Used {
    /// The credential to store, if its counter or its backup state changed.
    pub credential: Option<String>,
    pub is_backed_up: bool,
}

/// The answer is malformed, forged, for another challenge, origin or domain, or lacks what the state requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected;

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the passkey was rejected")
    }
}

impl std::error::Error for Rejected {}
