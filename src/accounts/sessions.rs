//! Who is asking, and the tokens by which that is known.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Account, Error, FieldError, Result, Viewer, email};
use crate::app::App;
use crate::store::refresh_tokens::Owner;
use crate::store::{self, Reader, Writer};
use crate::tokens::{Unreadable, access, refresh};

/// Longer than any site will have let Django's access tokens live; a day is its default.
const FREED_ADDRESSES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// What lets somebody in.
pub struct Tokens {
    /// The access token.
    pub token: String,
    /// Its claims.
    pub payload: Value,
    /// The refresh token.
    pub refresh_token: String,
}

impl From<Unreadable> for Error {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Invalid => FieldError::INVALID_TOKEN.into(),
            Unreadable::Expired => FieldError::EXPIRED_TOKEN.into(),
        }
    }
}

/// The account of whoever asks; none without a token that is good at this moment.
pub fn identify(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Option<Account>> {
    let Some(token) = &viewer.token else { return Ok(None) };
    let Ok(claims) = access::read(&app.signing_key, token.expose_secret(), app.clock.now()) else {
        return Ok(None);
    };
    let Some(account) = find_subject(db, &claims)? else { return Ok(None) };
    Ok(opens(db, &claims, &account)?.then_some(account))
}

/// The account of whoever asks, which must be verified.
///
/// # Errors
/// A refusal if nobody asks, or somebody unverified.
pub fn require_verified(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Account> {
    verified(identify(app, db, viewer)?.ok_or(FieldError::UNAUTHENTICATED)?)
}

/// The account, which must be verified.
///
/// # Errors
/// A refusal if it is not.
pub fn verified(account: Account) -> Result<Account> {
    if account.verified_at.is_some() { Ok(account) } else { Err(FieldError::NOT_VERIFIED.into()) }
}

fn find_subject(db: &Reader<'_>, claims: &access::Claims) -> Result<Option<Account>> {
    match (claims.account_and_epoch(), claims.email()) {
        (Some((account, _)), _) => Ok(store::accounts::find_by_id(db, account)?),
        (None, Some(email)) => Ok(store::accounts::find_by_email(db, &email::key(email))?),
        (None, None) => Ok(None),
    }
}

/// Whether the token opens this account now: its number, epoch and address are those of the token. One that Django
/// issued has neither number nor epoch; it must be younger than the present epoch, unless that is the first, and
/// younger than the time at which somebody else gave the address up.
fn opens(db: &Reader<'_>, claims: &access::Claims, account: &Account) -> Result<bool> {
    let key = email::key(&account.email);
    let email_matches = claims.email().is_some_and(|email| email::key(email) == key);
    if account.deactivated_at.is_some() || !email_matches {
        return Ok(false);
    }
    if let Some(account_and_epoch) = claims.account_and_epoch() {
        return Ok(account_and_epoch == (account.id, account.epoch));
    }
    let freed_at = store::freed_addresses::find_freed_at(db, &email::hash(&key))?;
    let ended_at = account.epoch_began_at.max(freed_at);
    Ok(ended_at.is_none_or(|ended| claims.issued_at().is_some_and(|issued| issued > ended.seconds())))
}

/// Remembers that the account gives an address up, for as long as Django's tokens for it may be good.
pub(super) fn free_address(app: &App, tx: &Writer<'_>, address: &str) -> Result<()> {
    let now = app.clock.now();
    store::freed_addresses::delete_before(tx, now.minus(FREED_ADDRESSES_KEPT))?;
    Ok(store::freed_addresses::upsert(tx, &email::hash(&email::key(address)), now)?)
}

/// Begins a session: an access token and the first refresh token of a family.
///
/// # Errors
/// Only internal ones.
pub fn begin(app: &App, tx: &Writer<'_>, account: &Account) -> Result<Tokens> {
    store::refresh_tokens::delete_expired_of_account(tx, account.id, app.clock.now())?;
    issue(app, tx, account, app.random.hex::<16>())
}

/// Ends all sessions of an account and begins its next epoch, so that access tokens end too. Answers that epoch.
///
/// # Errors
/// Only internal ones.
pub fn end_all(app: &App, tx: &Writer<'_>, account: &Account) -> Result<i64> {
    store::refresh_tokens::delete_of_account(tx, account.id)?;
    Ok(store::accounts::begin_epoch(tx, account.id, app.clock.now())?)
}

fn issue(app: &App, tx: &Writer<'_>, account: &Account, session: String) -> Result<Tokens> {
    let now = app.clock.now();
    let subject = access::Subject { email: &account.email, account: account.id, epoch: account.epoch };
    let access = access::issue(&app.signing_key, &subject, now, app.config.tokens.access_lifetime)?;
    let refresh_token = refresh::issue(&app.random);
    let owner = Owner { account: account.id, session };
    let expires_at = now.plus(app.config.tokens.refresh_lifetime);
    store::refresh_tokens::insert(tx, &refresh::hash(&refresh_token), &owner, now, expires_at)?;
    Ok(Tokens { token: access.token, payload: access.payload, refresh_token })
}

/// Turns a refresh token in for new tokens. A token that was turned in before has been copied: its session ends.
///
/// # Errors
/// A refusal if the token is not good.
pub fn refresh(app: &App, _viewer: &Viewer, token: &str) -> Result<Tokens> {
    let hash = refresh::hash(token);
    let tokens = app.write(|tx| -> Result<_> {
        if let Some(owner) = store::refresh_tokens::spend(tx, &hash, app.clock.now())? {
            let account = store::accounts::find_by_id(tx, owner.account)?;
            let account = account.filter(|account| account.deactivated_at.is_none());
            return account.map(|account| issue(app, tx, &account, owner.session)).transpose();
        }
        if let Some(session) = store::refresh_tokens::find_session_of_spent(tx, &hash)? {
            tracing::warn!("a refresh token was used twice; its session is ended");
            store::refresh_tokens::delete_session(tx, &session)?;
        }
        Ok(None)
    })?;
    tokens.ok_or_else(|| FieldError::INVALID_TOKEN.into())
}

/// Ends the session that a refresh token is of, and answers when, in seconds since 1970. The token may have been
/// turned in, or have expired (RFC 7009 §2.1).
///
/// # Errors
/// A refusal if there is no such token.
pub fn revoke(app: &App, token: &str) -> Result<i64> {
    let ended = app.write(|tx| store::refresh_tokens::delete_session_of(tx, &refresh::hash(token)))?;
    if ended { Ok(app.clock.now().seconds()) } else { Err(FieldError::INVALID_TOKEN.into()) }
}

/// What an access token says. A token for an account that it no longer opens is refused; one for an address that
/// nobody has is judged by signature and end, as the original does.
///
/// # Errors
/// A refusal if the token is not good.
pub fn verify(app: &App, token: &str) -> Result<Value> {
    let claims = access::read(&app.signing_key, token, app.clock.now())?;
    let good = app.store.read(|db| match find_subject(db, &claims)? {
        Some(account) => opens(db, &claims, &account),
        None => Ok(claims.account_and_epoch().is_none()),
    })?;
    if good { Ok(Value::Object(claims.payload)) } else { Err(FieldError::INVALID_TOKEN.into()) }
}
