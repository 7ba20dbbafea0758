//! The links in mails: a token bound to an account and its state, good once.

use std::time::Duration;

use super::{Account, Error, FieldError, Result, email};
use crate::app::App;
use crate::store::{self, Reader, Writer};
use crate::tokens::Unreadable;
use crate::tokens::action::{self, Action, ActionClaims};

/// The state of a mailed link before it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkStatus {
    /// It works.
    Valid(ValidLink),
    /// Its action was performed already.
    Done,
    /// It was used, or the account has changed since it was mailed.
    Used,
    Expired,
    /// It was not signed by this server, or is for another action.
    Invalid,
}

/// What a link that works will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidLink {
    /// The address that the link was mailed to.
    pub email: String,
    /// Whether it also ends the password of the account.
    pub ends_password: bool,
}

/// Returns the status of a link for `action` without using it.
///
/// # Errors
/// Only internal ones.
pub fn status(app: &App, action: Action, token: &str) -> Result<LinkStatus> {
    let read = action::read(&app.signing_key, action, token, app.clock.now(), lifetime(app, action));
    let claims = match read {
        Ok(claims) => claims,
        Err(Unreadable::Expired) => return Ok(LinkStatus::Expired),
        Err(Unreadable::Invalid) => return Ok(LinkStatus::Invalid),
    };
    app.store.read(|db| {
        let judged = find_account(db, &claims).and_then(|account| {
            if is_done(db, action, &claims, &account)? {
                return Ok(LinkStatus::Done);
            }
            require_current(db, token, &claims, &account)?;
            if action == Action::SecondaryEmail {
                require_wanted(db, &claims, &account)?;
            }
            let ends_password = action == Action::Activation && account.activation_ends_password;
            let email = claims.secondary_email.as_ref().unwrap_or(&claims.email).clone();
            Ok(LinkStatus::Valid(ValidLink { email, ends_password }))
        });
        match judged {
            Err(Error::Refused(_)) => Ok(LinkStatus::Used),
            judged => judged,
        }
    })
}

/// What a token was mailed for; none if it is not one of ours. It may be used or too old.
pub fn action_of(app: &App, token: &str) -> Option<Action> {
    action::action_of(&app.signing_key, token)
}

fn is_done(db: &Reader<'_>, action: Action, claims: &ActionClaims, account: &Account) -> Result<bool> {
    Ok(match action {
        Action::Activation => account.verified_at.is_some(),
        Action::SecondaryEmail => {
            claims.secondary_email.is_some() && claims.secondary_email == account.secondary_email
        }
        Action::PasswordReset => false,
        Action::PasswordSet => store::accounts::find_password_hash(db, account.id)?.is_some(),
    })
}

/// A token for a mail to this account; `secondary_email` is the address it is about, if that is not the primary one.
pub(super) fn issue(
    app: &App,
    action: Action,
    account: &Account,
    secondary_email: Option<&str>,
) -> Result<String> {
    let claims = ActionClaims {
        email: account.email.clone(),
        secondary_email: secondary_email.map(str::to_owned),
        account_and_epoch: Some((account.id, account.epoch)),
        made_at: app.clock.now(),
    };
    Ok(action::issue(&app.signing_key, action, &claims)?)
}

/// What a token is bound to, whether or not that still holds.
pub(super) fn read(app: &App, action: Action, token: &str) -> Result<ActionClaims> {
    Ok(action::read(&app.signing_key, action, token, app.clock.now(), lifetime(app, action))?)
}

/// The account that a token is bound to. Tokens that Django issued name it by its primary address.
pub(super) fn find_account(db: &Reader<'_>, claims: &ActionClaims) -> Result<Account> {
    let account = match claims.account_and_epoch {
        Some((id, _)) => store::accounts::find_by_id(db, id)?,
        None => store::accounts::find_by_email(db, &email::key(&claims.email))?,
    };
    let account = account.filter(|account| email::is_same(&account.email, &claims.email));
    Ok(account.ok_or(FieldError::INVALID_TOKEN)?)
}

/// Refuses a token from before the account's password or primary address changed, and one that has been used.
pub(super) fn require_current(
    db: &Reader<'_>,
    token: &str,
    claims: &ActionClaims,
    account: &Account,
) -> Result<()> {
    let current = match (claims.account_and_epoch, account.epoch_began_at) {
        (Some((_, epoch)), _) => epoch == account.epoch,
        (None, began) => began.is_none_or(|began| claims.made_at > began),
    };
    if !current || store::action_tokens::is_spent(db, &action::hash(token))? {
        return Err(FieldError::INVALID_TOKEN.into());
    }
    Ok(())
}

/// Refuses a token for an address other than the one that was asked for last, or from before that was settled. Those
/// that Django issued are taken, since nobody noted what they were asked for.
pub(super) fn require_wanted(db: &Reader<'_>, claims: &ActionClaims, account: &Account) -> Result<()> {
    let wanted = store::pending_emails::find_hash(db, account.id)?;
    let named = claims.secondary_email.as_deref().map(|address| email::hash(&email::key(address)));
    let is_wanted = wanted.is_some() && wanted == named;
    if is_wanted || claims.account_and_epoch.is_none() {
        Ok(())
    } else {
        Err(FieldError::INVALID_TOKEN.into())
    }
}

/// Uses a token up.
pub(super) fn consume(
    app: &App,
    tx: &Writer<'_>,
    action: Action,
    token: &str,
    claims: &ActionClaims,
) -> Result<()> {
    // A second more than its lifetime: its time is cut to whole seconds.
    let expires_at = claims.made_at.plus(lifetime(app, action)).plus(Duration::from_secs(1));
    if store::action_tokens::consume(tx, &action::hash(token), expires_at)? {
        Ok(())
    } else {
        Err(FieldError::INVALID_TOKEN.into())
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
