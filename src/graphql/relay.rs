//! The Relay flavour of all mutations: one argument `input`, and `clientMutationId` in it and in the payload. Each
//! calls the mutation of the same name, so there is nothing here but names.

use std::borrow::Cow;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject, TypeName};

use super::mutation::Mutation;
use super::payload::{self, Nullable, Payload};

/// What came of the mutation.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub struct RelayPayload<M: payload::MutationType> {
    #[graphql(flatten)]
    payload: Payload<M>,
    /// The text that the client sent along.
    client_mutation_id: Option<String>,
}

impl<M: payload::MutationType> TypeName for RelayPayload<M> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Payload", M::NAME).into()
    }
}

/// The root of all mutations.
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
                /// Comes back in the payload.
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

    /// Verifies an account by the token from its activation mail.
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
        /// An address of the account.
        email: String,
    }) -> SendPasswordResetEmail;

    /// Sets another password by the token from a mail.
    #[graphql(complexity = 100)]
    password_reset(PasswordResetInput {
        /// The token.
        #[graphql(secret)]
        token: String,
        /// The password.
        #[graphql(secret)]
        new_password1: String,
        /// The password again.
        #[graphql(secret)]
        new_password2: String,
    }) -> PasswordReset;

    /// Sets a first password by the token from a mail.
    #[graphql(complexity = 100)]
    password_set(PasswordSetInput {
        /// The token.
        #[graphql(secret)]
        token: String,
        /// The password.
        #[graphql(secret)]
        new_password1: String,
        /// The password again.
        #[graphql(secret)]
        new_password2: String,
    }) -> PasswordSet;

    /// Sets another password for whoever knows the old one.
    password_change(PasswordChangeInput {
        /// The password until now.
        #[graphql(secret)]
        old_password: String,
        /// The password from here on.
        #[graphql(secret)]
        new_password1: String,
        /// The password again.
        #[graphql(secret)]
        new_password2: String,
    }) -> PasswordChange;

    /// Changes names and title.
    update_account(UpdateAccountInput {
        /// The first name.
        #[graphql(visible = "super::features::update_first_name")]
        first_name: Option<String>,
        /// The last name.
        #[graphql(visible = "super::features::update_last_name")]
        last_name: Option<String>,
        /// `PROF`, `DR`, or an empty text for none.
        #[graphql(visible = "super::features::update_academic_title")]
        academic_title: Option<String>,
    }) -> UpdateAccount;

    /// Puts the account away until its owner logs in again.
    archive_account(ArchiveAccountInput {
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> ArchiveAccount;

    /// Erases the account, or shuts it off, as the server's settings say.
    delete_account(DeleteAccountInput {
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> DeleteAccount;

    /// Mails a link to an address that is to become the secondary one.
    send_secondary_email_activation(SendSecondaryEmailActivationInput {
        /// The address.
        email: String,
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> SendSecondaryEmailActivation;

    /// Confirms a secondary address by the token from its mail.
    verify_secondary_email(VerifySecondaryEmailInput {
        /// The token.
        #[graphql(secret)]
        token: String,
    }) -> VerifySecondaryEmail;

    /// Lets primary and secondary address change places.
    swap_emails(SwapEmailsInput {
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> SwapEmails;

    /// Takes the secondary address away.
    remove_secondary_email(RemoveSecondaryEmailInput {
        /// The password of the account.
        #[graphql(secret)]
        password: String,
    }) -> RemoveSecondaryEmail;

    /// Logs in with a password and one name: an address or a username, as the server's settings say.
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

    /// Answers the claims of an access token that is good.
    verify_token(VerifyTokenInput {
        /// The token.
        #[graphql(secret)]
        token: String,
    }) -> VerifyToken;

    /// Turns a refresh token in for new tokens. Each can be turned in once, or again if its answer was lost.
    refresh_token(RefreshTokenInput {
        /// The token.
        #[graphql(secret)]
        refresh_token: String,
    }) -> RefreshToken;

    /// Takes a refresh token back: its session gets no new tokens. The access token goes on to its end; `revokeSession`
    /// ends both.
    revoke_token(RevokeTokenInput {
        /// The token.
        #[graphql(secret)]
        refresh_token: String,
    }) -> RevokeToken;

    /// Ends a session of the asker.
    revoke_session(RevokeSessionInput {
        /// Its id, as `sessions` has it.
        id: ID,
    }) -> RevokeSession;

    /// Ends all sessions of the asker, the one that asks as well.
    revoke_all_sessions(RevokeAllSessionsInput {}) -> RevokeAllSessions;
}
