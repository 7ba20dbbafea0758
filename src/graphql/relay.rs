//! The Relay flavour of all mutations: one argument `input`, and `clientMutationId` in the input and in the payload.
//! Each field calls the mutation of the same name.

use std::borrow::Cow;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject, TypeName};

use super::mutation::Mutation;
use super::payload::{self, Nullable, Payload};

/// The result of a mutation.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub struct RelayPayload<M: payload::MutationType> {
    #[graphql(flatten)]
    payload: Payload<M>,
    /// The `clientMutationId` of the request.
    client_mutation_id: Option<String>,
}

impl<M: payload::MutationType> TypeName for RelayPayload<M> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Payload", M::NAME).into()
    }
}

/// The root type of mutations.
pub struct RelayMutation;

macro_rules! relay {
    ($($(#[$attributes:meta])* $name:ident($input:ident { $($(#[$member_attributes:meta])* $member:ident: $type:ty),* $(,)? }) -> $marker:ident;)*) => {
        $(
            #[doc = concat!("The argument of `", stringify!($name), "`.")]
            #[derive(InputObject)]
            pub struct $input {
                $(
                    $(#[$member_attributes])*
                    $member: $type,
                )*
                /// Returned unchanged in the payload.
                client_mutation_id: Option<String>,
            }
        )*

        #[Object(name = "Mutation")]
        impl RelayMutation {
            $(
                $(#[$attributes])*
                async fn $name(&self, ctx: &Context<'_>, input: $input) -> Nullable<RelayPayload<payload::$marker>> {
                    let client_mutation_id = input.client_mutation_id;
                    let reply = Mutation.$name(ctx, $(input.$member),*).await;
                    reply.transpose().map(|payload| payload.flatten().map(|payload| RelayPayload { payload, client_mutation_id }))
                }
            )*
        }
    };
}

relay! {
    /// Registers an account and mails the link that verifies it.
    #[graphql(complexity = 100)]
    register(RegisterInput {
        /// The primary address.
        email: Option<String>,
        /// The username.
        #[graphql(visible = "super::features::register_username")]
        username: Option<String>,
        /// The first name.
        #[graphql(visible = "super::features::register_first_name")]
        first_name: Option<String>,
        /// The last name.
        #[graphql(visible = "super::features::register_last_name")]
        last_name: Option<String>,
        /// `PROF` or `DR`.
        #[graphql(visible = "super::features::register_academic_title")]
        academic_title: Option<String>,
        /// The password.
        #[graphql(secret, visible = "super::features::register_passwords")]
        password1: Option<String>,
        /// The password again.
        #[graphql(secret, visible = "super::features::register_passwords")]
        password2: Option<String>,
    }) -> Register;

    /// Verifies an account with the token from its activation mail.
    verify_account(VerifyAccountInput {
        /// The token.
        #[graphql(secret)]
        token: String,
    }) -> VerifyAccount;

    /// Mails another activation link.
    resend_activation_email(ResendActivationEmailInput {
        /// The address of the account.
        email: String,
    }) -> ResendActivationEmail;

    /// Mails a link for a new password.
    send_password_reset_email(SendPasswordResetEmailInput {
        /// The primary or secondary address of the account.
        email: String,
    }) -> SendPasswordResetEmail;

    /// Resets the password with the token from a mail.
    #[graphql(complexity = 100)]
    password_reset(PasswordResetInput {
        /// The token.
        #[graphql(secret)]
        token: String,
        /// The new password.
        #[graphql(secret)]
        new_password1: String,
        /// The new password again.
        #[graphql(secret)]
        new_password2: String,
    }) -> PasswordReset;

    /// Sets the first password of an account that was registered without one, with the token from a mail.
    #[graphql(complexity = 100)]
    password_set(PasswordSetInput {
        /// The token.
        #[graphql(secret)]
        token: String,
        /// The new password.
        #[graphql(secret)]
        new_password1: String,
        /// The new password again.
        #[graphql(secret)]
        new_password2: String,
    }) -> PasswordSet;

    /// Changes the password, given the old one.
    password_change(PasswordChangeInput {
        /// The old password.
        #[graphql(secret)]
        old_password: String,
        /// The new password.
        #[graphql(secret)]
        new_password1: String,
        /// The new password again.
        #[graphql(secret)]
        new_password2: String,
    }) -> PasswordChange;

    /// Changes names and academic title.
    update_account(UpdateAccountInput {
        /// The first name.
        #[graphql(visible = "super::features::update_first_name")]
        first_name: Option<String>,
        /// The last name.
        #[graphql(visible = "super::features::update_last_name")]
        last_name: Option<String>,
        /// `PROF`, `DR`, or an empty string for none.
        #[graphql(visible = "super::features::update_academic_title")]
        academic_title: Option<String>,
    }) -> UpdateAccount;

    /// Archives the account until its owner logs in again.
    archive_account(ArchiveAccountInput {
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> ArchiveAccount;

    /// Erases or deactivates the account, depending on the server's settings.
    delete_account(DeleteAccountInput {
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> DeleteAccount;

    /// Mails a confirmation link to a new secondary address.
    send_secondary_email_activation(SendSecondaryEmailActivationInput {
        /// The secondary address.
        email: String,
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> SendSecondaryEmailActivation;

    /// Confirms a secondary address with the token from its mail.
    verify_secondary_email(VerifySecondaryEmailInput {
        /// The token.
        #[graphql(secret)]
        token: String,
    }) -> VerifySecondaryEmail;

    /// Swaps the primary and the secondary address.
    swap_emails(SwapEmailsInput {
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> SwapEmails;

    /// Removes the secondary address.
    remove_secondary_email(RemoveSecondaryEmailInput {
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> RemoveSecondaryEmail;

    /// Logs in with a password and either an address or a username, depending on the server's settings.
    token_auth(ObtainJSONWebTokenInput {
        /// The password.
        #[graphql(secret)]
        password: String,
        /// A primary or secondary address.
        #[graphql(visible = "super::features::login_email")]
        email: Option<String>,
        /// A username.
        #[graphql(visible = "super::features::login_username")]
        username: Option<String>,
    }) -> ObtainJSONWebToken;

    /// Verifies an access token and returns its claims.
    verify_token(VerifyTokenInput {
        /// The access token.
        #[graphql(secret)]
        token: String,
    }) -> VerifyToken;

    /// Exchanges a refresh token for new tokens. A refresh token works once, or again if the response was lost.
    refresh_token(RefreshTokenInput {
        /// The refresh token.
        #[graphql(secret)]
        refresh_token: String,
    }) -> RefreshToken;

    /// Revokes a refresh token: its session gets no new tokens. The access token stays valid until it expires;
    /// `revokeSession` ends both.
    revoke_token(RevokeTokenInput {
        /// The refresh token.
        #[graphql(secret)]
        refresh_token: String,
    }) -> RevokeToken;

    /// Ends a session of the viewer.
    revoke_session(RevokeSessionInput {
        /// The id of the session, as returned by `sessions`.
        id: ID,
    }) -> RevokeSession;

    /// Ends all sessions of the viewer, including the current one.
    revoke_all_sessions(RevokeAllSessionsInput {}) -> RevokeAllSessions;
}
