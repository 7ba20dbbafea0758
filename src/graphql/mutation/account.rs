//! The mutations of accounts, with arguments for `/graphql` and with an input object for `/relay`.

use async_graphql::ID;

use super::with_account;
use crate::accounts::profile::Changes;
use crate::accounts::register::Registration;
use crate::accounts::{
    activation, archive_delete, login, password, personal_data, profile, refresh, register, secondary_email,
    sessions,
};
use crate::graphql::features;
use crate::graphql::relay::account_mutations;
use crate::groups::selection::AccountSelection;
use crate::security::authentication;
use crate::security::reauthentication::Proof;

account_mutations! { ctx, AccountMutation, AccountRelayMutation =>
    /// Registers an account and mails the link that verifies it. The server's settings decide which arguments are
    /// required; a missing one is an error of its field.
    register(RegisterInput {
        /// The primary address.
        email: Option<String>,
        #[graphql(visible = "features::register_username")] username: Option<String>,
        #[graphql(visible = "features::register_first_name")] first_name: Option<String>,
        #[graphql(visible = "features::register_last_name")] last_name: Option<String>,
        /// `PROF` or `DR`.
        #[graphql(visible = "features::register_academic_title")] academic_title: Option<String>,
        /// The language of mails and pages for the account, such as `de`. Without it, they are in the language of the server.
        language: Option<String>,
        #[graphql(secret, visible = "features::register_passwords")] password1: Option<String>,
        /// The password again.
        #[graphql(secret, visible = "features::register_passwords")] password2: Option<String>,
        /// The token of an invitation to this address. The account is verified, and joins the group of the invitation.
        #[graphql(secret)] invitation: Option<String>,
        /// Whether the owner agrees to the terms of the site.
        #[graphql(visible = "features::register_accept_terms")] accept_terms: Option<bool>,
    }) -> Register, HashPassword, {
        let form = Registration {
            email, username, first_name, last_name, academic_title, language, password1, password2, invitation,
            accept_terms, begins_session: true,
        };
        move |app, viewer| register::register(app, viewer, form)
    };

    /// Verifies an account with the token from its activation mail. If `sendPasswordResetEmail` was called before the
    /// verification, the password stops working: call it again to get a link for a new one.
    verify_account(VerifyAccountInput {
        #[graphql(secret)] token: String,
    }) -> VerifyAccount, Write, move |app, viewer| {
        Ok(activation::verify(app, viewer, &token)?.map(drop)?)
    };

    /// Mails another activation link. Succeeds for an unknown address as well.
    resend_activation_email(ResendActivationEmailInput {
        /// The address of the account.
        email: String,
    }) -> ResendActivationEmail, Write, move |app, viewer| activation::resend(app, viewer, &email);

    /// Mails a link for a new password to a primary or secondary address. Succeeds for an unknown address as well. An
    /// account that is not verified gets an activation mail instead.
    send_password_reset_email(SendPasswordResetEmailInput {
        /// The primary or secondary address of the account.
        email: String,
    }) -> SendPasswordResetEmail, Write, move |app, viewer| password::send_reset_mail(app, viewer, &email);

    /// Resets the password with the token from the mail of `sendPasswordResetEmail`. All sessions of the account end.
    password_reset(PasswordResetInput {
        #[graphql(secret)] token: String,
        #[graphql(secret)] new_password1: String,
        /// The new password again.
        #[graphql(secret)] new_password2: String,
    }) -> PasswordReset, HashPassword, move |app, viewer| {
        Ok(password::reset(app, viewer, &token, [&new_password1, &new_password2])??)
    };

    /// Sets the first password of an account that was registered without one, with the token from the mail of `register`.
    password_set(PasswordSetInput {
        #[graphql(secret)] token: String,
        #[graphql(secret)] new_password1: String,
        /// The new password again.
        #[graphql(secret)] new_password2: String,
    }) -> PasswordSet, HashPassword, move |app, viewer| {
        Ok(password::set_first(app, viewer, &token, [&new_password1, &new_password2])??)
    };

    /// Changes the password, given the old one. All sessions end, and a new one begins.
    password_change(PasswordChangeInput {
        #[graphql(secret)] old_password: String,
        #[graphql(secret)] new_password1: String,
        /// The new password again.
        #[graphql(secret)] new_password2: String,
        /// A code of the second factor, if the account has one.
        #[graphql(secret)] code: Option<String>,
    }) -> PasswordChange, CheckPassword, move |app, viewer| {
        let proof = Proof::password(&old_password, code.as_deref());
        password::change(app, viewer, proof, [&new_password1, &new_password2])
    };

    /// Changes names, academic title and language. Omitted arguments stay as they are.
    update_account(UpdateAccountInput {
        #[graphql(visible = "features::update_first_name")] first_name: Option<String>,
        #[graphql(visible = "features::update_last_name")] last_name: Option<String>,
        /// `PROF`, `DR`, or an empty string for none.
        #[graphql(visible = "features::update_academic_title")] academic_title: Option<String>,
        /// The language of mails and pages for the account, such as `de`, or an empty string for that of the server.
        language: Option<String>,
    }) -> UpdateAccount, Write, {
        let changes = Changes { first_name, last_name, academic_title, language };
        move |app, viewer| profile::update(app, viewer, &changes)
    };

    /// Archives the account until its owner logs in again. All sessions end.
    archive_account(ArchiveAccountInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the second factor, if the account has one.
        #[graphql(secret)] code: Option<String>,
    }) -> ArchiveAccount, CheckPassword, move |app, viewer| {
        archive_delete::archive(app, viewer, Proof::password(&password, code.as_deref()))
    };

    /// Erases or deactivates the account, depending on the server's settings.
    delete_account(DeleteAccountInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the second factor, if the account has one.
        #[graphql(secret)] code: Option<String>,
    }) -> DeleteAccount, CheckPassword, move |app, viewer| {
        archive_delete::delete(app, viewer, Proof::password(&password, code.as_deref()))
    };

    /// Returns everything that the server stores about the account, except hashes and the tokens in mails.
    export_my_data(ExportMyDataInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the second factor, if the account has one.
        #[graphql(secret)] code: Option<String>,
    }) -> ExportMyData, CheckPassword, move |app, viewer| {
        personal_data::mine(app, viewer, Proof::password(&password, code.as_deref()))
    };

    /// Mails a confirmation link to a new secondary address.
    send_secondary_email_activation(SendSecondaryEmailActivationInput {
        email: String,
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the second factor, if the account has one.
        #[graphql(secret)] code: Option<String>,
    }) -> SendSecondaryEmailActivation, CheckPassword, move |app, viewer| {
        let proof = Proof::password(&password, code.as_deref());
        secondary_email::send_activation(app, viewer, &email, proof)
    };

    /// Confirms a secondary address with the token from its mail.
    verify_secondary_email(VerifySecondaryEmailInput {
        #[graphql(secret)] token: String,
    }) -> VerifySecondaryEmail, Write, move |app, viewer| {
        Ok(secondary_email::verify(app, viewer, &token)??)
    };

    /// Swaps the primary and the secondary address.
    swap_emails(SwapEmailsInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the second factor, if the account has one.
        #[graphql(secret)] code: Option<String>,
    }) -> SwapEmails, CheckPassword, move |app, viewer| {
        secondary_email::swap(app, viewer, Proof::password(&password, code.as_deref()))
    };

    /// Removes the secondary address.
    remove_secondary_email(RemoveSecondaryEmailInput {
        /// The password of the account.
        #[graphql(secret)] password: String,
        /// A code of the second factor, if the account has one.
        #[graphql(secret)] code: Option<String>,
    }) -> RemoveSecondaryEmail, CheckPassword, move |app, viewer| {
        secondary_email::remove(app, viewer, Proof::password(&password, code.as_deref()))
    };

    /// Logs in with a password and either an address or a username, depending on the server's settings.
    token_auth(ObtainJSONWebTokenInput {
        #[graphql(secret)] password: String,
        /// A primary or secondary address.
        #[graphql(visible = "features::login_email")] email: Option<String>,
        /// A username.
        #[graphql(visible = "features::login_username")] username: Option<String>,
        /// A code of the authenticator app, or a recovery code, if the account has a second factor.
        #[graphql(secret)] code: Option<String>,
    }) -> ObtainJSONWebToken, CheckPassword, {
        let name = login::Name { email, username };
        let selection = AccountSelection::from(ctx.look_ahead().field("user"));
        move |app, viewer| {
            let login = login::PasswordLogin { name: &name, password: &password, code: code.as_deref() };
            with_account(app, login::log_in(app, viewer, login)?, &selection)
        }
    };

    /// Verifies an access token and returns its claims.
    verify_token(VerifyTokenInput {
        /// The access token.
        #[graphql(secret)] token: String,
    }) -> VerifyToken, Read, move |app, _| authentication::verify(app, &token);

    /// Exchanges a refresh token for new tokens. A refresh token works once. If the response was lost, it works
    /// again until the new refresh token is used.
    refresh_token(RefreshTokenInput {
        #[graphql(secret)] refresh_token: String,
    }) -> RefreshToken, Write, move |app, viewer| refresh::refresh(app, viewer, &refresh_token);

    /// Revokes a refresh token: its session gets no new tokens. The access token stays valid until it expires;
    /// `revokeSession` ends both.
    revoke_token(RevokeTokenInput {
        #[graphql(secret)] refresh_token: String,
    }) -> RevokeToken, Write, move |app, viewer| sessions::revoke_by_token(app, viewer, &refresh_token);

    /// Ends a session of the viewer. `sessions` returns the ids.
    revoke_session(RevokeSessionInput {
        /// The id of the session, as returned by `sessions`.
        id: ID,
    }) -> RevokeSession, Write, move |app, viewer| sessions::revoke(app, viewer, &id);

    /// Ends all sessions of the viewer, including the current one.
    revoke_all_sessions(RevokeAllSessionsInput {}) -> RevokeAllSessions, Write, sessions::revoke_all;
}
