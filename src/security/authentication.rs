//! Authentication with access tokens and, on the pages, with cookies.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{Client, Tx, second_factor};
use crate::app::App;
use crate::clock::Timestamp;
use crate::email;
use crate::error::{Error, FieldError, Result};
use crate::store::accounts::Account;
use crate::store::sessions::CookieSession;
use crate::store::{self, Reader};
use crate::tokens::{Unreadable, access, opaque};

/// The sender of a request: the client, and the access token or cookie, which has not been verified yet.
#[derive(Clone, Default)]
pub struct Viewer {
    secret: Option<Secret>,
    needs_recent_login: bool,
    pub client: Client,
}

#[derive(Clone)]
enum Secret {
    AccessToken(SecretString),
    /// Only for pages. The API ignores cookies, because browsers also send them with requests of other sites.
    Cookie(SecretString),
}

impl Viewer {
    pub fn anonymous(client: Client) -> Self {
        Self { client, ..Self::default() }
    }

    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self { secret: Some(Secret::AccessToken(token.to_owned().into())), ..self }
    }

    #[must_use]
    pub fn with_cookie(self, cookie: SecretString) -> Self {
        Self { secret: Some(Secret::Cookie(cookie)), ..self }
    }

    /// Returns the same viewer, for whom a rule only runs after a recent proof on the pages: see [`Tx::require_recent_login`].
    #[must_use]
    pub fn after_recent_login(&self) -> Self {
        Self { needs_recent_login: true, ..self.clone() }
    }

    /// Returns the hash of the cookie.
    pub fn cookie_hash(&self) -> Option<String> {
        match &self.secret {
            Some(Secret::Cookie(cookie)) => Some(opaque::hash(cookie.expose_secret())),
            _ => None,
        }
    }
}

/// The client of a request, with the claims of its access token or the hash of its cookie. The account has not been read yet,
/// so the session may have ended.
pub struct Credentials {
    session: Option<SessionProof>,
    pub(super) needs_recent_login: bool,
    client: Client,
    checked_at: Timestamp,
}

enum SessionProof {
    AccessToken(access::Claims),
    CookieHash(String),
}

impl Credentials {
    /// Verifies the signature and the age of the token. An invalid or expired token counts as none.
    pub fn from_viewer(app: &App, viewer: &Viewer) -> Self {
        let now = app.clock.now();
        let session = viewer.secret.as_ref().and_then(|secret| match secret {
            Secret::AccessToken(token) => {
                let claims = access::read(&app.signing_key, token.expose_secret(), now);
                claims.ok().map(SessionProof::AccessToken)
            }
            Secret::Cookie(cookie) => Some(SessionProof::CookieHash(opaque::hash(cookie.expose_secret()))),
        });
        Self {
            session,
            needs_recent_login: viewer.needs_recent_login,
            client: viewer.client.clone(),
            checked_at: now,
        }
    }

    pub fn anonymous(app: &App, viewer: &Viewer) -> Self {
        Self {
            session: None,
            needs_recent_login: false,
            client: viewer.client.clone(),
            checked_at: app.clock.now(),
        }
    }

    pub fn is_anonymous(&self) -> bool {
        self.session.is_none()
    }

    /// Reads the account and session of the token or cookie.
    pub fn caller(&self, app: &App, db: &Reader<'_>) -> Result<Caller> {
        let anonymous = Caller { client: self.client.clone(), ..Caller::default() };
        match &self.session {
            None => Ok(anonymous),
            Some(SessionProof::AccessToken(claims)) => {
                let account = find_account(db, claims)?;
                let session = claims.session().filter(|_| account.is_some()).map(str::to_owned);
                Ok(Caller { account, session, ..anonymous })
            }
            Some(SessionProof::CookieHash(hash)) => {
                let found = store::sessions::find_by_cookie(db, hash, self.checked_at)?;
                let Some(mut page) = found.filter(|page| page.account.deactivated_at.is_none()) else {
                    return Ok(anonymous);
                };
                page.factors = second_factor::usable(app, page.factors);
                let (account, session) = (Some(page.account.clone()), Some(page.id.clone()));
                Ok(Caller { account, session, cookie_session: Some(page), ..anonymous })
            }
        }
    }
}

/// The sender of a request after authentication.
#[derive(Default)]
pub struct Caller {
    /// `None` for an anonymous caller.
    pub account: Option<Account>,
    /// `None` also if the access token was issued by Django, or by a version of this server without sessions.
    pub session: Option<String>,
    /// The session, if the caller is logged in on the pages.
    pub cookie_session: Option<CookieSession>,
    pub client: Client,
}

impl Caller {
    /// Returns the account, or an error if there is none or it is not verified.
    pub fn require_verified(&self) -> Result<&Account> {
        require_verified(self.account.as_ref().ok_or(FieldError::UNAUTHENTICATED)?)
    }
}

pub fn require_verified(account: &Account) -> Result<&Account> {
    if account.verified_at.is_some() { Ok(account) } else { Err(FieldError::NOT_VERIFIED.into()) }
}

/// Authenticates the sender of a request that only reads.
pub fn caller(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Caller> {
    Credentials::from_viewer(app, viewer).caller(app, db)
}

/// Returns the claims of an access token. Rejects a revoked token. A token from Django without an account is accepted until
/// it expires, as Django's `verifyToken` does.
pub fn verify(app: &App, token: &str) -> Result<Value> {
    let claims = access::read(&app.signing_key, token, app.clock.now())?;
    let is_valid = app.store.read_latest(|db| -> Result<bool> {
        Ok(find_account(db, &claims)?.is_some() || is_django_token_without_account(db, &claims)?)
    })?;
    if is_valid {
        Ok(Value::Object(Map::clone(&claims.payload)))
    } else {
        Err(FieldError::INVALID_TOKEN.into())
    }
}

fn is_django_token_without_account(db: &Reader<'_>, claims: &access::Claims) -> Result<bool> {
    Ok(match (claims.account_and_epoch(), claims.email(), claims.username()) {
        (Some(_), _, _) => false,
        (None, Some(address), _) => store::emails::find_role(db, &email::key(address))?.is_none(),
        (None, None, Some(username)) => store::accounts::find_by_username(db, username)?.is_none(),
        (None, None, None) => true,
    })
}

/// Returns the account that a token authenticates: the active account that matches the token's id, epoch and session. The
/// address in the token is ignored, because the account may have another one now.
fn find_account(db: &Reader<'_>, claims: &access::Claims) -> Result<Option<Account>> {
    let Some((id, epoch)) = claims.account_and_epoch() else { return find_account_of_django(db, claims) };
    let account = match claims.session() {
        Some(session) => store::sessions::find_account(db, session, id)?,
        None => store::accounts::find_by_id(db, id)?,
    };
    Ok(account.filter(|account| account.epoch == epoch && account.deactivated_at.is_none()))
}

/// Returns the account that a token from Django authenticates. Such a token contains only the primary address, or only the
/// username. It must have been issued after the epoch of the account began.
fn find_account_of_django(db: &Reader<'_>, claims: &access::Claims) -> Result<Option<Account>> {
    let account = match (claims.email(), claims.username()) {
        (Some(address), _) => find_account_by_email(db, claims, address)?,
        (None, Some(username)) => find_account_by_username(db, claims, username)?,
        (None, None) => None,
    };
    let is_valid = |account: &Account| {
        account.deactivated_at.is_none() && account.epoch_began_at.is_none_or(|time| is_after(claims, time))
    };
    Ok(account.filter(is_valid))
}

/// Returns the account with a primary address, unless another account gave up the address after the token was issued.
fn find_account_by_email(db: &Reader<'_>, claims: &access::Claims, address: &str) -> Result<Option<Account>> {
    let account = store::accounts::find_by_email(db, &email::key(address))?;
    // The address may be a secondary one.
    let Some(account) = account.filter(|account| email::is_same(&account.email, address)) else {
        return Ok(None);
    };
    let released_at = store::released_emails::find_released_at(db, &email::hash(address))?;
    Ok(released_at.is_none_or(|time| is_after(claims, time)).then_some(account))
}

/// Returns the account with a username, unless it was registered after the token was issued. A username never changes.
fn find_account_by_username(
    db: &Reader<'_>,
    claims: &access::Claims,
    username: &str,
) -> Result<Option<Account>> {
    let account = store::accounts::find_by_username(db, username)?;
    let is_older =
        |account: &Account| claims.issued_at().is_some_and(|issued| issued >= account.joined_at.seconds());
    Ok(account.filter(is_older))
}

fn is_after(claims: &access::Claims, time: Timestamp) -> bool {
    claims.issued_at().is_some_and(|issued| issued > time.seconds())
}

/// Records that an account has given up an address. Tokens that Django issued to it then do not authenticate the next account
/// that has the address.
pub fn release_email(tx: &Tx<'_>, address: &str) -> Result<()> {
    Ok(store::released_emails::upsert(tx, &email::hash(address), tx.now)?)
}

impl From<Unreadable> for Error {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Invalid => FieldError::INVALID_TOKEN.into(),
            Unreadable::Expired => FieldError::EXPIRED_TOKEN.into(),
        }
    }
}
