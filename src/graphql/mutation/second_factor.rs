//! The mutations of second factors and passkeys.

use async_graphql::ID;

use super::with_account;
use crate::accounts::{login, passkey_login, passkeys, second_factor};
use crate::graphql::relay::account_mutations;
use crate::groups::selection::AccountSelection;
use crate::security::reauthentication::Proof;

account_mutations! { ctx, SecondFactorMutation, SecondFactorRelayMutation =>
    /// Finishes a login whose password was right, with a code of the authenticator app or a recovery code.
    token_auth_second_factor(TokenAuthSecondFactorInput {
        /// The `challenge` in the payload of `tokenAuth`.
        #[graphql(secret)] challenge: String,
        #[graphql(secret)] code: String,
    }) -> ObtainJSONWebToken, Write, {
        let selection = AccountSelection::from(ctx.look_ahead().field("user"));
        move |app, viewer| {
            with_account(app, login::log_in_with_code(app, viewer, &challenge, &code)?, &selection)
        }
    };

    /// Begins the set-up of an authenticator app. `confirmSecondFactor` finishes it within an hour.
    set_up_second_factor(SetUpSecondFactorInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// If the account has a passkey: a recovery code, unless the viewer has just logged in with the passkey.
        #[graphql(secret)] code: Option<String>,
    }) -> SetUpSecondFactor, CheckPassword, move |app, viewer| {
        second_factor::set_up(app, viewer, Proof::password(&password, code.as_deref()))
    };

    /// Finishes the set-up of an authenticator app with its first code. Each login then needs a code.
    confirm_second_factor(ConfirmSecondFactorInput {
        /// The code that the app shows.
        #[graphql(secret)] code: String,
    }) -> ConfirmSecondFactor, Write, move |app, viewer| second_factor::confirm(app, viewer, &code);

    /// Removes the authenticator app, and the recovery codes unless the account has a passkey.
    remove_second_factor(RemoveSecondFactorInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the app, or a recovery code.
        #[graphql(secret)] code: String,
    }) -> RemoveSecondFactor, CheckPassword, move |app, viewer| {
        second_factor::remove(app, viewer, Proof::password(&password, Some(&code)))
    };

    /// Replaces the recovery codes. The former ones no longer work.
    renew_recovery_codes(RenewRecoveryCodesInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the app, or a recovery code. Empty if the viewer has just logged in with a passkey.
        #[graphql(secret)] code: String,
    }) -> RenewRecoveryCodes, CheckPassword, move |app, viewer| {
        let proof = Proof::password(&password, Some(&code));
        second_factor::renew_recovery_codes(app, viewer, proof)
    };

    /// Begins the registration of a passkey. `finishPasskeyRegistration` finishes it within five minutes.
    start_passkey_registration(StartPasskeyRegistrationInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// If the account has a second factor: a code of it, unless the viewer has just logged in with it.
        #[graphql(secret)] code: Option<String>,
    }) -> StartPasskeyRegistration, CheckPassword, move |app, viewer| {
        passkeys::start_registration(app, viewer, Proof::password(&password, code.as_deref()))
    };

    /// Registers a passkey. Each login with the password then needs a passkey or a code.
    finish_passkey_registration(FinishPasskeyRegistrationInput {
        /// The `challenge` of `startPasskeyRegistration`.
        #[graphql(secret)] challenge: String,
        /// The answer of the authenticator, in JSON: `JSON.stringify(credential)`.
        #[graphql(secret)] credential: String,
        /// A name by which the owner recognizes the passkey.
        name: String,
    }) -> FinishPasskeyRegistration, Write, move |app, viewer| {
        passkeys::finish_registration(app, viewer, &challenge, &credential, &name)
    };

    /// Begins a login with a passkey and without a password. `tokenAuthPasskey` finishes it within five minutes.
    start_passkey_login(StartPasskeyLoginInput {}) -> StartPasskeyLogin, Read, move |app, _| passkey_login::start(app);

    /// Logs in with a passkey: alone, or after the password.
    token_auth_passkey(TokenAuthPasskeyInput {
        /// The `challenge` of `startPasskeyLogin`, or that of `tokenAuth`.
        #[graphql(secret)] challenge: String,
        /// The answer of the authenticator, in JSON: `JSON.stringify(credential)`.
        #[graphql(secret)] credential: String,
    }) -> ObtainJSONWebToken, Write, {
        let selection = AccountSelection::from(ctx.look_ahead().field("user"));
        move |app, viewer| {
            with_account(app, passkey_login::log_in(app, viewer, &challenge, &credential)?, &selection)
        }
    };

    /// Renames a passkey.
    rename_passkey(RenamePasskeyInput {
        /// The id of the passkey, as returned by `secondFactor`.
        id: ID,
        name: String,
    }) -> RenamePasskey, Write, move |app, viewer| passkeys::rename(app, viewer, &id, &name);

    /// Removes a passkey.
    remove_passkey(RemovePasskeyInput {
        /// The id of the passkey, as returned by `secondFactor`.
        id: ID,
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the app, or a recovery code, unless the viewer has just logged in with a second factor.
        #[graphql(secret)] code: Option<String>,
    }) -> RemovePasskey, CheckPassword, move |app, viewer| {
        passkeys::remove(app, viewer, &id, Proof::password(&password, code.as_deref()))
    };
}
