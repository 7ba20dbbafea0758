//! Challenges: encrypted tokens between the two requests of a login or a registration of a passkey. So the server stores nothing
//! before the second request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{SigningKey, Unreadable, seal};
use crate::clock::Timestamp;
use crate::random::Random;

/// Hashes a consumed challenge for storage.
pub use crate::digest::sha256_hex as hash;

/// How long a challenge can be used.
pub const LIFETIME: Duration = Duration::from_mins(5);

/// What a challenge is for. One for another purpose is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Purpose {
    /// The password of an account was right, and the second factor is missing.
    SecondFactor,
    PasskeyLogin,
    PasskeyRegistration,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The id and epoch of the account. `None` if the account is not known yet.
    pub account_and_epoch: Option<(i64, i64)>,
    /// What the check of a passkey needs. `None` if no passkey can answer.
    pub passkey_state: Option<String>,
    /// In microseconds since 1970.
    made_at: i64,
}

impl Challenge {
    pub fn new(
        account_and_epoch: Option<(i64, i64)>,
        passkey_state: Option<String>,
        made_at: Timestamp,
    ) -> Self {
        Self { account_and_epoch, passkey_state, made_at: made_at.micros() }
    }

    /// Returns the time until which the use of the challenge must be remembered.
    pub fn expires_at(&self) -> Timestamp {
        // One second more, so that it is certainly remembered until the challenge has expired.
        Timestamp::from_micros(self.made_at).plus(LIFETIME).plus(Duration::from_secs(1))
    }
}

pub fn issue(
    key: &SigningKey,
    random: &Random,
    purpose: Purpose,
    challenge: &Challenge,
) -> anyhow::Result<String> {
    seal::seal(key, random, &context(purpose), &serde_json::to_vec(challenge)?)
}

pub fn read(
    key: &SigningKey,
    purpose: Purpose,
    token: &str,
    now: Timestamp,
) -> Result<Challenge, Unreadable> {
    let opened = seal::open(key, &context(purpose), token).ok_or(Unreadable::Invalid)?;
    let challenge: Challenge = serde_json::from_slice(&opened).map_err(|_| Unreadable::Invalid)?;
    let age = now.since(Timestamp::from_micros(challenge.made_at));
    if age > LIFETIME { Err(Unreadable::Expired) } else { Ok(challenge) }
}

fn context(purpose: Purpose) -> String {
    format!("challenge {}", purpose.into_str())
}
