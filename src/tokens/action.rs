//! Tokens in mailed links: JSON signed by `django.core.signing`.

use std::time::Duration;

use serde_json::json;

use super::{SigningKey, Unreadable};
use crate::clock::Timestamp;
use crate::django::signing::{DEFAULT_SALT, dumps, loads};

/// Hashes a consumed token for storage.
pub use crate::digest::sha256_hex as hash;

/// The action of a link. Payloads contain its name in snake case, as in django-graphql-auth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Action {
    /// Confirms the primary address.
    Activation,
    /// Confirms a secondary address.
    #[strum(serialize = "activation_secondary_email")]
    SecondaryEmail,
    PasswordReset,
    PasswordSet,
}

/// How a token names its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountName {
    /// The primary address.
    Email(String),
    /// Only in tokens that Django issued, on a site where accounts log in with their usernames (`USERNAME_FIELD`).
    Username(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionClaims {
    pub name: AccountName,
    /// The address to confirm, for links that confirm a secondary address.
    pub secondary_email: Option<String>,
    /// The id and epoch of the account. Tokens that Django issued have neither.
    pub account_and_epoch: Option<(i64, i64)>,
    pub made_at: Timestamp,
}

pub fn issue(key: &SigningKey, action: Action, claims: &ActionClaims) -> anyhow::Result<String> {
    let mut payload = match &claims.name {
        AccountName::Email(email) => json!({ "email": email, "action": action.into_str() }),
        AccountName::Username(username) => json!({ "username": username, "action": action.into_str() }),
    };
    if let Some(secondary_email) = &claims.secondary_email {
        payload["secondary_email"] = json!(secondary_email);
    }
    if let Some((account, epoch)) = claims.account_and_epoch {
        payload["account"] = json!(account);
        payload["epoch"] = json!(epoch);
    }
    dumps(key.bytes(), DEFAULT_SALT, &payload, claims.made_at)
}

/// Verifies a token and returns its claims. A token for another action is [`Unreadable::Invalid`].
pub fn read(
    key: &SigningKey,
    action: Action,
    token: &str,
    now: Timestamp,
    lifetime: Duration,
) -> Result<ActionClaims, Unreadable> {
    let (payload, made_at) = loads(key.bytes(), DEFAULT_SALT, token, now, lifetime)?;
    if payload["action"] != action.into_str() {
        return Err(Unreadable::Invalid);
    }
    let text = |claim: &str| payload[claim].as_str().map(str::to_owned);
    let name = match (text("email"), text("username")) {
        (Some(email), _) => AccountName::Email(email),
        (None, Some(username)) => AccountName::Username(username),
        (None, None) => return Err(Unreadable::Invalid),
    };
    Ok(ActionClaims {
        name,
        secondary_email: text("secondary_email"),
        account_and_epoch: payload["account"].as_i64().zip(payload["epoch"].as_i64()),
        made_at,
    })
}

/// Returns the action of a token of any age, or `None` if the signature is invalid.
pub fn action_of(key: &SigningKey, token: &str) -> Option<Action> {
    // The time 0 is before the expiry of every token.
    let (payload, _) =
        loads(key.bytes(), DEFAULT_SALT, token, Timestamp::from_micros(0), Duration::ZERO).ok()?;
    payload["action"].as_str()?.parse().ok()
}
