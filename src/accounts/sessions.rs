//! Sessions: what begins and ends them, and who is asking by their tokens.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::audit::{Actor, Event};
use super::{Account, Client, Error, FieldError, FieldErrors, Result, Viewer, audit, email, throttle};
use crate::app::App;
use crate::clock::Timestamp;
use crate::store::refresh_tokens::NewToken;
use crate::store::sessions::{Session, Use};
use crate::store::{self, Reader, Writer};
use crate::tokens::{Unreadable, access, refresh};

/// The sessions that an account may have. Where another begins, the one that was used least recently ends.
const MOST_SESSIONS: i64 = 50;

/// The refresh tokens that are remembered of a session, those that were turned in among them: more than any client gets
/// in their lifetime, and not as many as somebody can ask for.
const MOST_TOKENS: i64 = 1000;

/// What lets somebody in.
pub struct Tokens {
    /// The access token.
    pub token: String,
    /// Its claims.
    pub payload: Value,
    /// The refresh token.
    pub refresh_token: String,
    /// The session that they are of.
    pub(super) session: String,
}

impl From<Unreadable> for Error {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Invalid => FieldError::INVALID_TOKEN.into(),
            Unreadable::Expired => FieldError::EXPIRED_TOKEN.into(),
        }
    }
}

/// Whoever asks.
struct Known {
    account: Account,
    /// None where the token is from before there were sessions, or from Django.
    session: Option<String>,
}

fn recognise(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Option<Known>> {
    let Some(token) = &viewer.token else { return Ok(None) };
    let Ok(claims) = access::read(&app.signing_key, token.expose_secret(), app.clock.now()) else {
        return Ok(None);
    };
    let session = claims.session().map(str::to_owned);
    Ok(find_opened(db, &claims)?.map(|account| Known { account, session }))
}

fn require_known(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Known> {
    let Known { account, session } = recognise(app, db, viewer)?.ok_or(FieldError::UNAUTHENTICATED)?;
    Ok(Known { account: verified(account)?, session })
}

/// The session that the access token of a request names, whether or not that is good still.
pub(super) fn named_by(app: &App, viewer: &Viewer) -> Option<String> {
    let token = viewer.token.as_ref()?.expose_secret();
    let claims = access::read(&app.signing_key, token, app.clock.now()).ok()?;
    claims.session().map(str::to_owned)
}

/// The account of whoever asks; none without a token that is good at this moment.
pub fn identify(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Option<Account>> {
    Ok(recognise(app, db, viewer)?.map(|known| known.account))
}

/// The account of whoever asks, which must be verified.
///
/// # Errors
/// A refusal if nobody asks, or somebody unverified.
pub fn require_verified(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Account> {
    Ok(require_known(app, db, viewer)?.account)
}

/// The account, which must be verified.
///
/// # Errors
/// A refusal if it is not.
pub fn verified(account: Account) -> Result<Account> {
    if account.verified_at.is_some() { Ok(account) } else { Err(FieldError::NOT_VERIFIED.into()) }
}

/// The account that a token opens now: that of its number, with the epoch and the session of the token. Whatever address
/// the token names, its owner may have another by now.
fn find_opened(db: &Reader<'_>, claims: &access::Claims) -> Result<Option<Account>> {
    let Some((id, epoch)) = claims.account_and_epoch() else { return find_opened_by_address(db, claims) };
    let account = match claims.session() {
        Some(session) => store::sessions::find_account(db, session, id)?,
        None => store::accounts::find_by_id(db, id)?,
    };
    Ok(account.filter(|account| account.epoch == epoch && account.deactivated_at.is_none()))
}

/// The account that a token opens which Django issued. It names an address and nothing else: that must be the primary
/// one, and the token younger than the present epoch, unless that is the first, and younger than the time at which
/// somebody else gave the address up.
fn find_opened_by_address(db: &Reader<'_>, claims: &access::Claims) -> Result<Option<Account>> {
    let Some(key) = claims.email().map(email::key) else { return Ok(None) };
    let account = store::accounts::find_by_email(db, &key)?;
    let account =
        account.filter(|account| account.deactivated_at.is_none() && email::key(&account.email) == key);
    let Some(account) = account else { return Ok(None) };
    let released_at = store::released_emails::find_released_at(db, &email::hash(&key))?;
    let ended_at = account.epoch_began_at.max(released_at);
    let opens =
        ended_at.is_none_or(|ended| claims.issued_at().is_some_and(|issued| issued > ended.seconds()));
    Ok(opens.then_some(account))
}

/// Remembers that the account gives an address up, for as long as Django's tokens for it may be good.
pub(super) fn free_address(app: &App, tx: &Writer<'_>, address: &str) -> Result<()> {
    Ok(store::released_emails::upsert(tx, &email::hash(&email::key(address)), app.clock.now())?)
}

/// Begins a session: an access token and the first refresh token of a family.
///
/// # Errors
/// Only internal ones.
pub fn begin(app: &App, tx: &Writer<'_>, account: &Account, client: &Client) -> Result<Tokens> {
    let now = app.clock.now();
    store::sessions::delete_beyond(tx, account.id, MOST_SESSIONS - 1, now)?;
    let id = app.random.hex::<16>();
    let (tokens, ends) = make_tokens(app, account, &id, now)?;
    let last_use = last_use(client, now, ends.session);
    store::sessions::insert(tx, &Session { id: id.clone(), account: account.id, began_at: now, last_use })?;
    keep(app, tx, &tokens, None, ends.refresh)?;
    Ok(tokens)
}

/// A refresh token that was turned in.
pub(super) struct Rotation<'a> {
    /// Its hash.
    pub(super) hash: &'a str,
    /// Its session.
    pub(super) session: &'a str,
    /// When that began.
    pub(super) began_at: Timestamp,
}

/// Hands out new tokens for a session, in place of a refresh token.
pub(super) fn reissue(
    app: &App,
    tx: &Writer<'_>,
    account: &Account,
    turned_in: &Rotation<'_>,
    client: &Client,
) -> Result<Tokens> {
    let &Rotation { hash, session, began_at } = turned_in;
    let (tokens, ends) = make_tokens(app, account, session, began_at)?;
    store::sessions::set_last_use(tx, session, &last_use(client, app.clock.now(), ends.session))?;
    keep(app, tx, &tokens, Some(hash), ends.refresh)?;
    store::refresh_tokens::delete_beyond(tx, session, MOST_TOKENS)?;
    Ok(tokens)
}

/// When what was handed out ends.
struct Ends {
    /// The refresh token.
    refresh: Timestamp,
    /// The session, unless it goes on: with whichever of its tokens lives longer.
    session: Timestamp,
}

/// Tokens of a session that began then. However often it is refreshed, its refresh tokens end when it has lasted long
/// enough (OWASP ASVS 7.3.2).
fn make_tokens(app: &App, account: &Account, session: &str, began_at: Timestamp) -> Result<(Tokens, Ends)> {
    let (now, lifetimes) = (app.clock.now(), &app.config.tokens);
    let subject =
        access::Subject { email: &account.email, account: account.id, epoch: account.epoch, session };
    let access = access::issue(&app.signing_key, &subject, now, lifetimes.access_lifetime)?;
    let refresh = now.plus(lifetimes.refresh_lifetime).min(began_at.plus(lifetimes.session_lifetime));
    let ends = Ends { refresh, session: access.expires_at.max(refresh) };
    let refresh_token = refresh::issue(&app.random);
    let session = session.to_owned();
    Ok((Tokens { token: access.token, payload: access.payload, refresh_token, session }, ends))
}

fn last_use(client: &Client, at: Timestamp, expires_at: Timestamp) -> Use {
    let address = client.address.map(|address| address.to_string());
    Use { at, expires_at, address, user_agent: client.user_agent.clone() }
}

/// Keeps the hash of the refresh token.
fn keep(
    app: &App,
    tx: &Writer<'_>,
    tokens: &Tokens,
    predecessor: Option<&str>,
    expires_at: Timestamp,
) -> Result<()> {
    let hash = refresh::hash(&tokens.refresh_token);
    let issued_at = app.clock.now();
    let new = NewToken { hash: &hash, session: &tokens.session, predecessor, issued_at, expires_at };
    Ok(store::refresh_tokens::insert(tx, &new)?)
}

/// Ends all sessions of an account and begins its next epoch, so that access tokens without a session end too. Answers that epoch.
///
/// # Errors
/// Only internal ones.
pub fn end_all(app: &App, tx: &Writer<'_>, account: &Account) -> Result<i64> {
    store::sessions::delete_of_account(tx, account.id)?;
    Ok(store::accounts::begin_epoch(tx, account.id, app.clock.now())?)
}

/// A session, for its owner.
pub struct OwnSession {
    /// The session.
    pub session: Session,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The sessions of whoever asks, the one used last first.
///
/// # Errors
/// A refusal if nobody asks, or somebody unverified.
pub fn list(app: &App, viewer: &Viewer) -> Result<Vec<OwnSession>> {
    app.store.read(|db| {
        let known = require_known(app, db, viewer)?;
        let sessions = store::sessions::list_live(db, known.account.id, app.clock.now())?;
        let own =
            |session: Session| OwnSession { current: known.session.as_ref() == Some(&session.id), session };
        Ok(sessions.into_iter().map(own).collect())
    })
}

/// Ends a session of whoever asks. That of somebody else is as one that does not exist.
///
/// # Errors
/// A refusal if there is none, nobody asks, or somebody unverified.
pub fn revoke(app: &App, viewer: &Viewer, id: &str) -> Result<()> {
    app.write(|tx| {
        let account = require_verified(app, tx, viewer)?;
        if !store::sessions::delete(tx, account.id, id)? {
            return Err(FieldErrors::of("id", FieldError::NO_SUCH_SESSION).into());
        }
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::SessionRevoked(id))
    })
}

/// Ends all sessions of whoever asks, this one as well.
///
/// # Errors
/// A refusal if nobody asks, or somebody unverified.
pub fn revoke_all(app: &App, viewer: &Viewer) -> Result<()> {
    app.write(|tx| {
        let account = require_verified(app, tx, viewer)?;
        end_all(app, tx, &account)?;
        audit::record(app, tx, Actor::Owner(viewer), account.id, Event::AllSessionsRevoked)
    })
}

/// Ends the refresh tokens of a session by one of them, and answers when, in seconds since 1970. It may have been turned
/// in, or have expired (RFC 7009 §2.1). The access token goes on to its end, as clients of the original expect, and with
/// it the session.
///
/// # Errors
/// A refusal if there is no such token.
pub fn revoke_by_token(app: &App, viewer: &Viewer, token: &str) -> Result<i64> {
    throttle::token(app, viewer, || revoke_family(app, viewer, token))
}

fn revoke_family(app: &App, viewer: &Viewer, token: &str) -> Result<i64> {
    let revoked = app.write(|tx| -> Result<bool> {
        let session = store::refresh_tokens::delete_family(tx, &refresh::hash(token))?;
        if let Some(session) = &session {
            store::sessions::set_ending(tx, session, app.config.tokens.access_lifetime)?;
            let owner = store::sessions::find_owner(tx, session)?.map(|(account, _)| account.id);
            audit::record(app, tx, Actor::Bearer(viewer), owner, Event::RefreshTokenRevoked(session))?;
        }
        Ok(session.is_some())
    })?;
    if revoked { Ok(app.clock.now().seconds()) } else { Err(FieldError::INVALID_TOKEN.into()) }
}

/// What an access token says. A token for an account that it no longer opens is refused; one for an address that
/// nobody has is judged by signature and end, as the original does.
///
/// # Errors
/// A refusal if the token is not good.
pub fn verify(app: &App, token: &str) -> Result<Value> {
    let claims = access::read(&app.signing_key, token, app.clock.now())?;
    let good = app.store.read(|db| -> Result<bool> {
        Ok(find_opened(db, &claims)?.is_some() || is_for_nobody(db, &claims)?)
    })?;
    if good { Ok(Value::Object(claims.payload)) } else { Err(FieldError::INVALID_TOKEN.into()) }
}

/// Whether Django issued the token for an address that nobody has.
fn is_for_nobody(db: &Reader<'_>, claims: &access::Claims) -> Result<bool> {
    match (claims.account_and_epoch(), claims.email()) {
        (Some(_), _) => Ok(false),
        (None, Some(address)) => Ok(store::emails::find_role(db, &email::key(address))?.is_none()),
        (None, None) => Ok(true),
    }
}
