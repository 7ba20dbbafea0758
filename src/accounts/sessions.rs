//! Sessions and their tokens.

use secrecy::SecretString;
use serde_json::Value;

use super::Account;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{FieldError, FieldErrors, Result};
use crate::security::audit::Event;
use crate::security::{Tx, Viewer, authentication, throttle};
use crate::store;
use crate::store::refresh_tokens::NewToken;
use crate::store::sessions::{Authenticated, OwnedSession, Session, Use};
use crate::tokens::{access, opaque, refresh};

/// The most sessions per account. Another login ends the least recently used one.
const MAX_SESSIONS: i64 = 50;

/// The most refresh tokens stored per session, including exchanged ones. No honest client refreshes this often before the
/// oldest of them expires. Some more may be stored, because only one of [`REFRESHES_PER_CLEANUP`] refreshes deletes.
const MAX_TOKENS: i64 = 1000;
const REFRESHES_PER_CLEANUP: u8 = 16;

/// An access token and a refresh token of a session.
pub struct Tokens {
    pub token: String,
    /// The claims of the access token.
    pub payload: Value,
    pub refresh_token: String,
}

/// The tokens of a session before they are signed. They are signed after the transaction, which blocks other writes.
pub(super) struct UnsignedTokens {
    payload: Value,
    refresh_token: String,
    pub(super) session: String,
}

impl UnsignedTokens {
    pub(super) fn sign(self, app: &App) -> Result<Tokens> {
        let Self { payload, refresh_token, .. } = self;
        Ok(Tokens { token: access::sign(&app.signing_key, &payload)?, payload, refresh_token })
    }
}

/// Begins a session of the API. Returns its id and its tokens.
pub(super) fn begin_with_tokens(
    tx: &Tx<'_>,
    account: &Account,
    authenticated: Authenticated,
) -> Result<(String, UnsignedTokens)> {
    store::sessions::delete_beyond(tx, account.id, MAX_SESSIONS - 1, tx.now)?;
    let id = tx.app.random.hex::<16>();
    let issued = issue(tx, account, &id, tx.now, authenticated);
    let last_use = issued.session_use;
    let session = Session { id, account: account.id, began_at: tx.now, last_use, authenticated };
    store::sessions::insert(tx, &session)?;
    store_refresh_token(tx, &issued.tokens, None, issued.refresh_expires_at)?;
    Ok((session.id, issued.tokens))
}

/// Begins a session of the pages. Returns its id and its cookie.
pub(super) fn begin_with_cookie(
    tx: &Tx<'_>,
    account: &Account,
    authenticated: Authenticated,
) -> Result<(String, SecretString)> {
    store::sessions::delete_beyond(tx, account.id, MAX_SESSIONS - 1, tx.now)?;
    let id = tx.app.random.hex::<16>();
    let last_use = cookie_use(tx, tx.now);
    let session = Session { id: id.clone(), account: account.id, began_at: tx.now, last_use, authenticated };
    store::sessions::insert(tx, &session)?;
    Ok((id.clone(), set_new_cookie(tx, &id, authenticated)?))
}

/// Gives a session a new cookie, which replaces its earlier one, because its owner has just proved to be the owner.
pub(super) fn set_new_cookie(
    tx: &Tx<'_>,
    session: &str,
    authenticated: Authenticated,
) -> Result<SecretString> {
    let cookie = opaque::issue(&tx.app.random);
    store::sessions::set_cookie(tx, session, &opaque::hash(&cookie), authenticated)?;
    Ok(cookie.into())
}

/// Returns the use of a session of the pages. The session expires unless it is used again, as a session with tokens does
/// (OWASP ASVS 7.3.1, 7.3.2).
pub(super) fn cookie_use(tx: &Tx<'_>, began_at: Timestamp) -> Use {
    let lifetimes = &tx.app.config.tokens;
    let end_of_session = began_at.plus(lifetimes.session_lifetime);
    let client = &tx.caller.client;
    Use {
        at: tx.now,
        expires_at: tx.now.plus(lifetimes.refresh_lifetime).min(end_of_session),
        address: client.address.map(|address| address.to_string()),
        user_agent: client.user_agent.clone(),
    }
}

/// Issues new tokens for a session in exchange for the refresh token with the hash `exchanged`.
pub(super) fn reissue(
    tx: &Tx<'_>,
    owned: &OwnedSession,
    session: &str,
    exchanged: &str,
) -> Result<UnsignedTokens> {
    let issued = issue(tx, &owned.account, session, owned.began_at, owned.authenticated);
    store::sessions::set_last_use(tx, session, &issued.session_use)?;
    store_refresh_token(tx, &issued.tokens, Some(exchanged), issued.refresh_expires_at)?;
    // Few sessions ever have this many tokens, and the statement is the most expensive one of a refresh.
    let [random_byte] = tx.app.random.bytes::<1>();
    if random_byte % REFRESHES_PER_CLEANUP == 0 {
        store::refresh_tokens::delete_beyond(tx, session, MAX_TOKENS)?;
    }
    Ok(issued.tokens)
}

struct Issued {
    tokens: UnsignedTokens,
    refresh_expires_at: Timestamp,
    session_use: Use,
}

/// Issues the tokens of a session without storing them. However often a session is refreshed, its refresh tokens expire at
/// the latest when `tokens.session_lifetime` ends (OWASP ASVS 7.3.2).
fn issue(
    tx: &Tx<'_>,
    account: &Account,
    session: &str,
    began_at: Timestamp,
    authenticated: Authenticated,
) -> Issued {
    let lifetimes = &tx.app.config.tokens;
    let subject = access::Subject {
        email: &account.email,
        account: account.id,
        epoch: account.epoch,
        session,
        authenticated_at: authenticated.at,
        methods: authenticated.authentication.methods(),
    };
    let access = access::issue(&subject, tx.now, lifetimes.access_lifetime);
    let end_of_session = began_at.plus(lifetimes.session_lifetime);
    let refresh_expires_at = tx.now.plus(lifetimes.refresh_lifetime).min(end_of_session);
    let client = &tx.caller.client;
    let session_use = Use {
        at: tx.now,
        expires_at: access.expires_at.max(refresh_expires_at),
        address: client.address.map(|address| address.to_string()),
        user_agent: client.user_agent.clone(),
    };
    let refresh_token = refresh::issue(&tx.app.random);
    let session = session.to_owned();
    let tokens = UnsignedTokens { payload: access.payload, refresh_token, session };
    Issued { tokens, refresh_expires_at, session_use }
}

fn store_refresh_token(
    tx: &Tx<'_>,
    tokens: &UnsignedTokens,
    predecessor: Option<&str>,
    expires_at: Timestamp,
) -> Result<()> {
    let hash = refresh::hash(&tokens.refresh_token);
    let new = NewToken { hash: &hash, session: &tokens.session, predecessor, issued_at: tx.now, expires_at };
    Ok(store::refresh_tokens::insert(tx, &new)?)
}

/// Ends all sessions of an account. Begins a new epoch, which also revokes access tokens without a session, and returns it.
pub(super) fn end_all(tx: &Tx<'_>, account: &Account) -> Result<i64> {
    store::sessions::delete_of_account(tx, account.id)?;
    Ok(store::accounts::begin_epoch(tx, account.id, tx.now)?)
}

pub struct OwnSession {
    pub session: Session,
    /// Whether the request belongs to the session.
    pub is_current: bool,
}

/// Returns the sessions of the viewer, most recently used first.
pub fn list(app: &App, viewer: &Viewer) -> Result<Vec<OwnSession>> {
    app.store.read(|db| {
        let caller = authentication::caller(app, db, viewer)?;
        let account = caller.require_verified()?;
        let sessions = store::sessions::list_live(db, account.id, app.clock.now())?;
        let to_own = |session: Session| {
            let is_current = caller.session.as_ref() == Some(&session.id);
            OwnSession { session, is_current }
        };
        Ok(sessions.into_iter().map(to_own).collect())
    })
}

/// Ends a session of the viewer. A session of another account is treated as missing.
pub fn revoke(app: &App, viewer: &Viewer, id: &str) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let account = tx.caller.require_verified()?;
        if !store::sessions::delete(tx, account.id, id)? {
            return Err(FieldErrors::of("id", FieldError::NO_SUCH_SESSION).into());
        }
        tx.record(account.id, Event::SessionRevoked(id))
    })
}

/// Ends all sessions of the viewer but the current one. Also revokes access tokens without a session.
pub fn revoke_others(app: &App, viewer: &Viewer) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let account = tx.caller.require_verified()?;
        let own = tx.caller.cookie_session.as_ref().ok_or(FieldError::UNAUTHENTICATED)?;
        throttle::account_change(tx, account.id)?;
        store::sessions::delete_others(tx, account.id, &own.id)?;
        store::accounts::begin_epoch(tx, account.id, tx.now)?;
        tx.record(account.id, Event::OtherSessionsRevoked)
    })
}

/// Ends all sessions of the viewer, including the current one.
pub fn revoke_all(app: &App, viewer: &Viewer) -> Result<()> {
    Tx::run(app, viewer, |tx| {
        let account = tx.caller.require_verified()?;
        end_all(tx, account)?;
        tx.record(account.id, Event::AllSessionsRevoked)
    })
}

/// Revokes all refresh tokens of the session that `token` belongs to (RFC 7009 §2.1), even if `token` was exchanged or has
/// expired. The session lasts until its access token expires, as clients of the original expect. Returns the time of the
/// revocation in seconds since 1970.
pub fn revoke_by_token(app: &App, viewer: &Viewer, token: &str) -> Result<i64> {
    let token_hash = refresh::hash(token);
    let revoked_at = Tx::run_anonymous(app, viewer, |tx| {
        let Some(session) = store::refresh_tokens::delete_family(tx, &token_hash)? else { return Ok(None) };
        store::sessions::shorten(tx, &session, app.config.tokens.access_lifetime)?;
        let owner = store::sessions::find_owned(tx, &session)?.map(|owned| owned.account.id);
        tx.record_by_owner(owner, Event::RefreshTokenRevoked(&session))?;
        Ok(Some(tx.now.seconds()))
    })?;
    if revoked_at.is_none() {
        throttle::invalid_token(app, viewer)?;
    }
    Ok(revoked_at.ok_or(FieldError::INVALID_TOKEN)?)
}
