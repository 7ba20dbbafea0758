//! The errors of second factors and passkeys.

use std::fmt;

use serde_json::Value;

use super::{FieldError, FieldErrors};

/// What the second request of a login needs.
#[derive(Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Proves that the password was right.
    pub challenge: String,
    /// The options for a passkey, in the JSON of WebAuthn level 3. `None` if the account has no passkey.
    pub passkey_options: Option<Value>,
}

/// Leaves out the challenge, which is a secret.
impl fmt::Debug for NextStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NextStep").finish_non_exhaustive()
    }
}

impl FieldErrors {
    /// A login with the right password, whose second factor is missing.
    pub fn second_factor_required(error: FieldError, next_step: NextStep) -> Self {
        Self { next_step: Some(Box::new(next_step)), ..Self::of("nonFieldErrors", error) }
    }
}

impl FieldError {
    pub const CODE_REQUIRED: Self =
        Self::new("Enter the code of your authenticator app.", "second_factor_required");
    /// The message for clients that may send the code behind the password.
    pub const CODE_REQUIRED_BEHIND_PASSWORD: Self = Self::new(
        "Enter the code of your authenticator app. If there is no field for it, enter it behind your password, after a space.",
        "second_factor_required",
    );
    /// The account has no authenticator app.
    pub const PASSKEY_REQUIRED: Self =
        Self::new("Use your passkey, or enter a recovery code.", "second_factor_required");
    /// The account has only passkeys, and this server has none.
    pub const RECOVERY_CODE_REQUIRED: Self = Self::new("Enter a recovery code.", "second_factor_required");
    /// The account has no authenticator app, and a change needs a recent login with its passkey.
    pub const PASSKEY_LOGIN_REQUIRED: Self =
        Self::new("Log in again with your passkey, or enter a recovery code.", "second_factor_required");
    pub const INVALID_CODE: Self = Self::new(
        "This code is not valid or was used already. Enter the current code of your app, or another recovery code.",
        "invalid_code",
    );
    /// The first code of an app that is being set up was wrong.
    pub const INVALID_FIRST_CODE: Self =
        Self::new("This code is not valid. Enter the code that the app shows now.", "invalid_code");
    pub const INVALID_PASSKEY: Self =
        Self::new("The passkey could not be verified. Please try again.", "invalid_passkey");
    pub const UNKNOWN_PASSKEY: Self = Self::new(
        "This passkey belongs to no account on this server. Use another one, or your password.",
        "unknown_passkey",
    );
    pub const PASSKEY_OF_OTHER_ACCOUNT: Self = Self::new(
        "This passkey belongs to another account. Use another one, or your password.",
        "unknown_passkey",
    );
    pub const PASSKEY_EXISTS: Self = Self::new("This passkey is registered already.", "passkey_exists");
    pub const TOO_MANY_PASSKEYS: Self =
        Self::new("Your account has too many passkeys. Remove one first.", "too_many_passkeys");
    pub const NO_SUCH_PASSKEY: Self = Self::new("There is no such passkey.", "not_found");
    pub const AUTHENTICATOR_EXISTS: Self = Self::new(
        "Your account has an authenticator app already. Remove it before you set up another one.",
        "authenticator_exists",
    );
    pub const NO_AUTHENTICATOR: Self =
        Self::new("Your account has no authenticator app.", "no_authenticator");
    pub const NO_SECOND_FACTOR: Self = Self::new("Your account has no second factor.", "no_second_factor");
    /// No set-up has begun, or it began too long ago or before the account had a second factor.
    pub const SET_UP_EXPIRED: Self =
        Self::new("The set-up has expired. Please start it again.", "set_up_expired");
    pub const SECOND_FACTOR_OFF: Self =
        Self::new("Second factors are turned off on this server.", "second_factor_off");
    pub const PASSKEYS_OFF: Self = Self::new("Passkeys are not available on this server.", "passkeys_off");

    /// The site requires a second factor of an account that has none. `page` is where it can be set up.
    pub fn second_factor_missing(page: &str) -> Self {
        let message = format!("This site requires a second factor. Set one up on {page}, then log in again.");
        Self { message: message.into(), code: "second_factor_missing", retry_after: None }
    }
}
