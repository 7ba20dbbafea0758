use async_graphql::{ID, SimpleObject};

use super::scalars::DateTime;
use crate::accounts::second_factor::Overview;
use crate::store::passkeys::Passkey;

/// The second factors of the account.
#[derive(SimpleObject)]
pub struct SecondFactorType {
    /// Whether the site requires a second factor of the account.
    required: bool,
    /// When the authenticator app was set up; null if there is none.
    authenticator_since: Option<DateTime>,
    /// When a code of the app was last used.
    authenticator_last_used_at: Option<DateTime>,
    /// The number of recovery codes that are not used yet.
    recovery_codes_left: i32,
    /// The passkeys, in the order in which they were registered.
    passkeys: Vec<PasskeyType>,
}

impl From<Overview> for SecondFactorType {
    fn from(overview: Overview) -> Self {
        let Overview { is_required, authenticator, passkeys, recovery_codes_left } = overview;
        Self {
            required: is_required,
            authenticator_since: authenticator.as_ref().and_then(|app| app.confirmed_at).map(DateTime::from),
            authenticator_last_used_at: authenticator.and_then(|app| app.last_used_at).map(DateTime::from),
            recovery_codes_left: i32::try_from(recovery_codes_left).unwrap_or(i32::MAX),
            passkeys: passkeys.into_iter().map(PasskeyType::from).collect(),
        }
    }
}

/// A passkey of the account.
#[derive(SimpleObject)]
pub struct PasskeyType {
    /// The id, which `renamePasskey` and `removePasskey` take.
    id: ID,
    /// The name that the owner gave it.
    name: String,
    created_at: DateTime,
    /// When the passkey was last used; null if never.
    last_used_at: Option<DateTime>,
    /// Whether other devices of the owner have a copy of the passkey.
    backed_up: bool,
}

impl From<Passkey> for PasskeyType {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id.into(),
            name: passkey.name,
            created_at: passkey.added_at.into(),
            last_used_at: passkey.last_used_at.map(DateTime::from),
            backed_up: passkey.is_backed_up,
        }
    }
}
