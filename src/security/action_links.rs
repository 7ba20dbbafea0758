//! Links in mails. Each contains a token that works once, and only until the account changes.

use std::cell::RefCell;
use std::time::Duration;

use super::{Tx, Viewer, throttle};
use crate::app::App;
use crate::email;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::store::accounts::Account;
use crate::store::{self, Reader};
use crate::tokens::Unreadable;
use crate::tokens::action::{self, AccountName, Action, ActionClaims};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStatus {
    Valid(ValidLink),
    /// The account is in the state that the action leads to, by this link or in another way.
    Done,
    /// The link was used, or the account has changed since the link was mailed.
    Used,
    Expired,
    /// The token was not signed by this server, or is for another action.
    Invalid,
}

impl LinkStatus {
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Valid(_))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidLink {
    /// The address that the link was mailed to.
    pub email: String,
    /// Whether the link also deletes the password of the account.
    pub ends_password: bool,
}

/// Why a link was not redeemed. The status is [`LinkStatus::Valid`] if the link is not the reason, but for example a weak
/// password.
pub struct LinkRejection {
    pub status: LinkStatus,
    pub errors: FieldErrors,
}

pub type Redeemed<T> = std::result::Result<T, LinkRejection>;

impl From<LinkRejection> for Error {
    fn from(rejection: LinkRejection) -> Self {
        rejection.errors.into()
    }
}

/// Returns the action of a token, or `None` if this server did not sign it. The token may be used or expired.
pub fn action_of(app: &App, token: &str) -> Option<Action> {
    action::action_of(&app.signing_key, token)
}

/// Returns the status of a link without using it.
pub fn status(app: &App, action: Action, token: &str) -> Result<LinkStatus> {
    match Link::read(app, action, token) {
        Ok(link) => app.store.read(|db| Ok(link.check(db)?.0)),
        Err(status) => Ok(status),
    }
}

/// Issues a token for a mail to an account. `secondary_email` is the address that the link confirms or is mailed to, if that
/// is not the primary one.
pub fn issue(app: &App, action: Action, account: &Account, secondary_email: Option<&str>) -> Result<String> {
    let claims = ActionClaims {
        name: AccountName::Email(account.email.clone()),
        secondary_email: secondary_email.map(str::to_owned),
        account_and_epoch: Some((account.id, account.epoch)),
        made_at: app.clock.now(),
    };
    Ok(action::issue(&app.signing_key, action, &claims)?)
}

/// Runs the rule of a link, in the transaction that consumes its token.
pub fn redeem<T>(
    app: &App,
    viewer: &Viewer,
    action: Action,
    token: &str,
    rule: impl Fn(&Tx<'_>, Account, &ActionClaims) -> Result<T>,
) -> Result<Redeemed<T>> {
    match Link::read(app, action, token) {
        Ok(link) => link.redeem(app, viewer, rule),
        Err(status) => reject(app, viewer, action, status).map(Err),
    }
}

/// A link whose token has a valid signature and has not expired.
pub struct Link<'a> {
    action: Action,
    token: &'a str,
    lifetime: Duration,
    claims: ActionClaims,
}

impl<'a> Link<'a> {
    /// Checks the signature and the age of a token.
    pub fn read(app: &App, action: Action, token: &'a str) -> std::result::Result<Self, LinkStatus> {
        let lifetime = lifetime(app, action);
        match action::read(&app.signing_key, action, token, app.clock.now(), lifetime) {
            Ok(claims) => Ok(Self { action, token, lifetime, claims }),
            Err(Unreadable::Expired) => Err(LinkStatus::Expired),
            Err(Unreadable::Invalid) => Err(LinkStatus::Invalid),
        }
    }

    /// Returns the status and the account of the link.
    pub fn check(&self, db: &Reader<'_>) -> Result<(LinkStatus, Option<Account>)> {
        let Some(account) = self.find_account(db)? else { return Ok((LinkStatus::Used, None)) };
        let status = if self.is_done(db, &account)? {
            LinkStatus::Done
        } else if !self.is_current(db, &account)? {
            LinkStatus::Used
        } else {
            LinkStatus::Valid(ValidLink {
                email: self.mailed_to(&account).to_owned(),
                ends_password: self.action == Action::Activation && account.activation_ends_password,
            })
        };
        Ok((status, Some(account)))
    }

    fn find_account(&self, db: &Reader<'_>) -> Result<Option<Account>> {
        let claims = &self.claims;
        let account = match (claims.account_and_epoch, &claims.name) {
            (Some((id, _)), _) => store::accounts::find_by_id(db, id)?,
            // Tokens that Django issued contain only the primary address, or only the username.
            (None, AccountName::Email(address)) => store::accounts::find_by_email(db, &email::key(address))?,
            (None, AccountName::Username(name)) => store::accounts::find_by_username(db, name)?,
        };
        Ok(account.filter(|account| match &claims.name {
            AccountName::Email(address) => email::is_same(&account.email, address),
            // Another account may have had the username before.
            AccountName::Username(_) => claims.made_at.seconds() >= account.joined_at.seconds(),
        }))
    }

    fn mailed_to<'b>(&'b self, account: &'b Account) -> &'b str {
        match (&self.claims.secondary_email, &self.claims.name) {
            (Some(address), _) | (None, AccountName::Email(address)) => address,
            (None, AccountName::Username(_)) => &account.email,
        }
    }

    fn is_done(&self, db: &Reader<'_>, account: &Account) -> Result<bool> {
        Ok(match self.action {
            Action::Activation => account.verified_at.is_some(),
            Action::SecondaryEmail => {
                account.secondary_email.is_some() && account.secondary_email == self.claims.secondary_email
            }
            Action::PasswordReset => false,
            Action::PasswordSet => store::accounts::find_password_hash(db, account.id)?.is_some(),
        })
    }

    /// Returns whether the link is unused, and newer than the last change of the password or the addresses of the account.
    fn is_current(&self, db: &Reader<'_>, account: &Account) -> Result<bool> {
        let is_of_epoch = match (self.claims.account_and_epoch, account.epoch_began_at) {
            (Some((_, epoch)), _) => epoch == account.epoch,
            (None, began) => began.is_none_or(|began| self.claims.made_at > began),
        };
        let has_current_address = match (self.action, &self.claims.secondary_email) {
            (Action::SecondaryEmail, Some(address)) => self.is_requested(db, account, address)?,
            (Action::SecondaryEmail, None) => false,
            (_, Some(address)) => {
                account.secondary_email.as_deref().is_some_and(|own| email::is_same(own, address))
            }
            (_, None) => true,
        };
        Ok(is_of_epoch
            && has_current_address
            && !store::action_tokens::is_consumed(db, &action::hash(self.token))?)
    }

    /// Returns whether the address is the secondary address that the owner requested last. Requests to Django are not
    /// known, so links that it mailed are accepted.
    fn is_requested(&self, db: &Reader<'_>, account: &Account, address: &str) -> Result<bool> {
        let requested = store::pending_emails::find_hash(db, account.id)?;
        Ok(requested == Some(email::hash(address)) || self.claims.account_and_epoch.is_none())
    }

    /// Returns the error for a link that is not valid. As in the original, the error of an address that an account already
    /// has takes precedence.
    fn error(&self, db: &Reader<'_>, status: &LinkStatus) -> Result<FieldError> {
        if self.action == Action::SecondaryEmail
            && let Some(address) = &self.claims.secondary_email
            && store::emails::find_role(db, &email::key(address))?.is_some()
        {
            return Ok(FieldError::EMAIL_IN_USE);
        }
        Ok(error_of(self.action, status))
    }

    /// Runs the rule of the link, in the transaction that consumes its token.
    pub fn redeem<T>(
        self,
        app: &App,
        viewer: &Viewer,
        rule: impl Fn(&Tx<'_>, Account, &ActionClaims) -> Result<T>,
    ) -> Result<Redeemed<T>> {
        let status = RefCell::new(LinkStatus::Invalid);
        let outcome = Tx::run_anonymous(app, viewer, |tx| {
            let (checked, account) = self.check(tx)?;
            let is_valid = checked.is_valid();
            let Some(account) = account.filter(|_| is_valid) else {
                let error = self.error(tx, &checked)?;
                status.replace(checked);
                return Ok(Err(error));
            };
            status.replace(checked);
            // One second more, so that the use of a token is certainly remembered until the token has expired.
            let expires_at = self.claims.made_at.plus(self.lifetime).plus(Duration::from_secs(1));
            store::action_tokens::consume(tx, &action::hash(self.token), expires_at)?;
            rule(tx, account, &self.claims).map(Ok)
        });
        let status = status.into_inner();
        match outcome {
            Ok(Ok(done)) => Ok(Ok(done)),
            Ok(Err(error)) => reject_with(app, viewer, status, error).map(Err),
            Err(Error::Refused(errors)) => Ok(Err(LinkRejection { status, errors })),
            Err(error) => Err(error),
        }
    }
}

/// Returns the rejection of a link that is not valid. Counts an attempt if the error is that of an invalid or expired
/// token.
pub fn reject(app: &App, viewer: &Viewer, action: Action, status: LinkStatus) -> Result<LinkRejection> {
    let error = error_of(action, &status);
    reject_with(app, viewer, status, error)
}

fn reject_with(app: &App, viewer: &Viewer, status: LinkStatus, error: FieldError) -> Result<LinkRejection> {
    let is_invalid = [FieldError::INVALID_TOKEN, FieldError::EXPIRED_TOKEN].contains(&error);
    let counted = if is_invalid { throttle::invalid_token(app, viewer) } else { Ok(()) };
    match counted {
        Ok(()) => Ok(LinkRejection { status, errors: FieldErrors::of("nonFieldErrors", error) }),
        Err(Error::Refused(errors)) => Ok(LinkRejection { status, errors }),
        Err(error) => Err(error),
    }
}

fn error_of(action: Action, status: &LinkStatus) -> FieldError {
    match (status, action) {
        (LinkStatus::Done, Action::Activation) => FieldError::ALREADY_VERIFIED,
        (LinkStatus::Done, Action::PasswordSet) => FieldError::PASSWORD_ALREADY_SET,
        (LinkStatus::Expired, _) => FieldError::EXPIRED_TOKEN,
        _ => FieldError::INVALID_TOKEN,
    }
}

fn lifetime(app: &App, action: Action) -> Duration {
    let tokens = &app.config.tokens;
    match action {
        Action::Activation => tokens.activation_lifetime,
        Action::SecondaryEmail => tokens.secondary_email_lifetime,
        Action::PasswordReset => tokens.password_reset_lifetime,
        Action::PasswordSet => tokens.password_set_lifetime,
    }
}
