//! All mutations. Each names the rule behind it; the rule's file says what it does.

use async_graphql::{Context, Object};

use super::lanes::Lane::{Hashing, Ordinary};
use super::payload::{
    ArchiveAccount, DeleteAccount, ObtainJSONWebToken, PasswordChange, PasswordReset, PasswordSet,
    RefreshToken, Register, RemoveSecondaryEmail, Reply, ResendActivationEmail, RevokeToken,
    SendPasswordResetEmail, SendSecondaryEmailActivation, SwapEmails, UpdateAccount, VerifyAccount,
    VerifySecondaryEmail, VerifyToken, call, order,
};
use crate::accounts::profile::Changes;
use crate::accounts::register::Registration;
use crate::accounts::{activation, closing, login, password, profile, register, secondary_email, sessions};

/// The root of all mutations.
pub struct Mutation;

#[Object]
impl Mutation {
    /// Registers an account and mails the link that verifies it. Which arguments are required the server's settings
    /// say; a missing one is an error of its field.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the dialect's")]
    #[graphql(complexity = 100)]
    pub(super) async fn register(
        &self,
        ctx: &Context<'_>,
        email: Option<String>,
        #[graphql(visible = "super::offer::register_username")] username: Option<String>,
        #[graphql(visible = "super::offer::register_first_name")] first_name: Option<String>,
        #[graphql(visible = "super::offer::register_last_name")] last_name: Option<String>,
        #[graphql(visible = "super::offer::register_academic_title")] academic_title: Option<String>,
        #[graphql(secret, visible = "super::offer::register_passwords")] password1: Option<String>,
        #[graphql(secret, visible = "super::offer::register_passwords")] password2: Option<String>,
    ) -> Reply<Register> {
        let form =
            Registration { email, username, first_name, last_name, academic_title, password1, password2 };
        call(ctx, Hashing, move |app, _| register::register(app, form)).await
    }

    /// Verifies an account by the token from its activation mail.
    pub(super) async fn verify_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
    ) -> Reply<VerifyAccount> {
        order(ctx, Ordinary, move |app, _| activation::verify(app, &token)).await
    }

    /// Mails another activation link. An address that nobody has is answered with success.
    pub(super) async fn resend_activation_email(
        &self,
        ctx: &Context<'_>,
        email: String,
    ) -> Reply<ResendActivationEmail> {
        order(ctx, Ordinary, move |app, _| activation::resend(app, &email)).await
    }

    /// Mails a link for a new password to a primary or secondary address. An address that nobody has is answered
    /// with success; an account that is not verified gets an activation mail instead.
    pub(super) async fn send_password_reset_email(
        &self,
        ctx: &Context<'_>,
        email: String,
    ) -> Reply<SendPasswordResetEmail> {
        order(ctx, Ordinary, move |app, _| password::send_reset_mail(app, &email)).await
    }

    /// Sets another password by the token from a mail. All sessions of the account end.
    #[graphql(complexity = 100)]
    pub(super) async fn password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
        #[graphql(secret)] new_password1: String,
        #[graphql(secret)] new_password2: String,
    ) -> Reply<PasswordReset> {
        order(ctx, Hashing, move |app, _| password::reset(app, &token, [&new_password1, &new_password2]))
            .await
    }

    /// Sets a first password by the token from a mail, for accounts that were registered without one.
    #[graphql(complexity = 100)]
    pub(super) async fn password_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
        #[graphql(secret)] new_password1: String,
        #[graphql(secret)] new_password2: String,
    ) -> Reply<PasswordSet> {
        order(ctx, Hashing, move |app, _| password::set_first(app, &token, [&new_password1, &new_password2]))
            .await
    }

    /// Sets another password for whoever knows the old one. All sessions end, and a new one begins.
    pub(super) async fn password_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] old_password: String,
        #[graphql(secret)] new_password1: String,
        #[graphql(secret)] new_password2: String,
    ) -> Reply<PasswordChange> {
        call(ctx, Hashing, move |app, viewer| {
            password::change(app, viewer, &old_password, [&new_password1, &new_password2])
        })
        .await
    }

    /// Changes names and title. What is left out stays as it is.
    pub(super) async fn update_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(visible = "super::offer::update_first_name")] first_name: Option<String>,
        #[graphql(visible = "super::offer::update_last_name")] last_name: Option<String>,
        #[graphql(visible = "super::offer::update_academic_title")] academic_title: Option<String>,
    ) -> Reply<UpdateAccount> {
        let changes = Changes { first_name, last_name, academic_title };
        order(ctx, Ordinary, move |app, viewer| profile::update(app, viewer, &changes)).await
    }

    /// Puts the account away until its owner logs in again. All sessions end.
    pub(super) async fn archive_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
    ) -> Reply<ArchiveAccount> {
        order(ctx, Hashing, move |app, viewer| closing::archive(app, viewer, &password)).await
    }

    /// Erases the account, or shuts it off, as the server's settings say.
    pub(super) async fn delete_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
    ) -> Reply<DeleteAccount> {
        order(ctx, Hashing, move |app, viewer| closing::delete(app, viewer, &password)).await
    }

    /// Mails a link to an address that is to become the secondary one.
    pub(super) async fn send_secondary_email_activation(
        &self,
        ctx: &Context<'_>,
        email: String,
        #[graphql(secret)] password: String,
    ) -> Reply<SendSecondaryEmailActivation> {
        order(ctx, Hashing, move |app, viewer| {
            secondary_email::send_activation(app, viewer, &email, &password)
        })
        .await
    }

    /// Confirms a secondary address by the token from its mail.
    pub(super) async fn verify_secondary_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
    ) -> Reply<VerifySecondaryEmail> {
        order(ctx, Ordinary, move |app, _| secondary_email::verify(app, &token)).await
    }

    /// Lets primary and secondary address change places.
    pub(super) async fn swap_emails(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
    ) -> Reply<SwapEmails> {
        order(ctx, Hashing, move |app, viewer| secondary_email::swap(app, viewer, &password)).await
    }

    /// Takes the secondary address away.
    pub(super) async fn remove_secondary_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
    ) -> Reply<RemoveSecondaryEmail> {
        order(ctx, Hashing, move |app, viewer| secondary_email::remove(app, viewer, &password)).await
    }

    /// Logs in with a password and one name: an address or a username, as the server's settings say.
    pub(super) async fn token_auth(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] password: String,
        #[graphql(visible = "super::offer::login_email")] email: Option<String>,
        #[graphql(visible = "super::offer::login_username")] username: Option<String>,
    ) -> Reply<ObtainJSONWebToken> {
        let name = login::Name { email, username };
        call(ctx, Hashing, move |app, _| login::log_in(app, &name, &password)).await
    }

    /// Answers the claims of an access token that is good.
    pub(super) async fn verify_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] token: String,
    ) -> Reply<VerifyToken> {
        call(ctx, Ordinary, move |app, _| sessions::verify(app, &token)).await
    }

    /// Turns a refresh token in for new tokens. Each can be turned in once.
    pub(super) async fn refresh_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] refresh_token: String,
    ) -> Reply<RefreshToken> {
        call(ctx, Ordinary, move |app, _| sessions::refresh(app, &refresh_token)).await
    }

    /// Takes a refresh token back.
    pub(super) async fn revoke_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] refresh_token: String,
    ) -> Reply<RevokeToken> {
        call(ctx, Ordinary, move |app, _| sessions::revoke(app, &refresh_token)).await
    }
}
