//! Sessions, which begin with a login.

use std::time::Duration;

use super::accounts::{Account, AccountId, COLUMN_COUNT, COLUMNS, TABLES, read_account, select_where};
use super::bulk::{self, Row};
use super::second_factors::{self, Factors};
use super::value::Value;
use super::{Reader, Result, Writer, statement};
use crate::clock::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Random, and contained in access tokens.
    pub id: String,
    pub account: AccountId,
    pub began_at: Timestamp,
    pub last_use: Use,
    pub authenticated: Authenticated,
}

/// How the owner last proved to be the owner in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authenticated {
    pub authentication: Authentication,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Authentication {
    Password,
    /// A password, and a code of an authenticator app or a recovery code.
    PasswordAndCode,
    PasswordAndPasskey,
    /// A passkey whose authenticator verified its user.
    Passkey,
}

impl Authentication {
    pub fn has_second_factor(self) -> bool {
        self != Self::Password
    }

    /// Returns the names of the methods (RFC 8176 §2).
    pub fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::PasswordAndCode => &["pwd", "otp", "mfa"],
            Self::PasswordAndPasskey => &["pwd", "pop", "mfa"],
            Self::Passkey => &["pop", "mfa"],
        }
    }
}

/// A use of a session: a login or a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub at: Timestamp,
    /// When both tokens that were issued at this use have expired.
    pub expires_at: Timestamp,
    /// The IP address, if known.
    pub address: Option<String>,
    pub user_agent: String,
}

pub fn insert(db: &Writer<'_>, session: &Session) -> Result<()> {
    let sql = "INSERT INTO sessions (id, account_id, began_at, last_used_at, expires_at, address, user_agent, \
         authenticated_at, authentication) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let Session { id, account, began_at, last_use, authenticated } = session;
    let Use { at, expires_at, address, user_agent } = last_use;
    let params = (
        id,
        account,
        began_at,
        at,
        expires_at,
        address,
        user_agent,
        authenticated.at,
        authenticated.authentication,
    );
    db.execute(sql, params)
}

/// Adds many sessions.
pub fn insert_many(db: &Writer<'_>, sessions: &[Session]) -> Result<()> {
    let row = |Session { id, account, began_at, last_use, authenticated }: &Session| -> Row {
        vec![
            Value::owned(id),
            Value::owned(account),
            Value::owned(began_at),
            Value::owned(last_use.at),
            Value::owned(last_use.expires_at),
            Value::owned(&last_use.address),
            Value::owned(&last_use.user_agent),
            Value::owned(None::<i64>),
            Value::owned(authenticated.at),
            Value::owned(None::<i64>),
            Value::owned(authenticated.authentication),
        ]
    };
    bulk::insert_into(db, "sessions", &sessions.iter().map(row).collect::<Vec<_>>())
}

pub fn set_last_use(db: &Writer<'_>, id: &str, last_use: &Use) -> Result<()> {
    let sql =
        "UPDATE sessions SET last_used_at = $1, expires_at = $2, address = $3, user_agent = $4 WHERE id = $5";
    let Use { at, expires_at, address, user_agent } = last_use;
    db.execute(sql, (at, expires_at, address, user_agent, id))
}

/// Makes a session without refresh token expire with its access token, whose lifetime is `lifetime`. Never prolongs it.
pub fn shorten(db: &Writer<'_>, id: &str, lifetime: Duration) -> Result<()> {
    // One second more, because an access token is valid until the end of the second in which it expires.
    let micros = Timestamp::from_micros(0).plus(lifetime).plus(Duration::from_secs(1)).micros();
    let sql =
        "UPDATE sessions SET expires_at = last_used_at + $1 WHERE id = $2 AND expires_at > last_used_at + $1";
    db.execute(sql, (micros, id))
}

/// Returns the account if the session belongs to it.
pub fn find_account(db: &Reader<'_>, session_id: &str, account_id: AccountId) -> Result<Option<Account>> {
    let sql = select_where("a.id = (SELECT account_id FROM sessions WHERE id = $1) AND a.id = $2");
    db.find(&sql, (session_id, account_id), read_account)
}

/// A login on the pages, with the account of its owner.
#[derive(Debug, Clone)]
pub struct CookieSession {
    pub account: Account,
    pub id: String,
    pub began_at: Timestamp,
    pub last_used_at: Timestamp,
    pub authenticated: Authenticated,
    /// The second factors of the account.
    pub factors: Factors,
    /// When the pages for operators were last used.
    pub admin_used_at: Option<Timestamp>,
}

/// Makes a session one of the pages, or replaces its cookie, after the owner has proved to be the owner.
pub fn set_cookie(db: &Writer<'_>, id: &str, cookie_hash: &str, authenticated: Authenticated) -> Result<()> {
    let sql =
        "UPDATE sessions SET cookie_hash = $1, authenticated_at = $2, authentication = $3 WHERE id = $4";
    db.execute(sql, (cookie_hash, authenticated.at, authenticated.authentication, id))
}

/// Records a stronger authentication in a session, without changing its time.
pub fn set_authentication(db: &Writer<'_>, id: &str, authentication: Authentication) -> Result<()> {
    db.execute("UPDATE sessions SET authentication = $1 WHERE id = $2", (authentication, id))
}

/// Returns how the owner last proved to be the owner in a session.
pub fn find_authenticated(db: &Reader<'_>, id: &str) -> Result<Option<Authenticated>> {
    let sql = format!("SELECT {AUTHENTICATED_COLUMNS} FROM sessions o WHERE o.id = $1");
    db.find(&sql, [id], |row| read_authenticated(row, 0))
}

/// Columns that [`read_authenticated`] reads. A server of an earlier version, which may still run beside this one, stores no time for a
/// session of the API.
const AUTHENTICATED_COLUMNS: &str = "o.authentication, COALESCE(o.authenticated_at, o.began_at)";

fn read_authenticated(row: &statement::Row<'_>, first: usize) -> Result<Authenticated> {
    Ok(Authenticated { authentication: row.get(first)?, at: row.get(first + 1)? })
}

pub fn set_admin_used(db: &Writer<'_>, id: &str, now: Timestamp) -> Result<()> {
    db.execute("UPDATE sessions SET admin_used_at = $1 WHERE id = $2", (now, id))
}

/// Returns the session of a cookie, unless it has expired.
pub fn find_by_cookie(db: &Reader<'_>, cookie_hash: &str, now: Timestamp) -> Result<Option<CookieSession>> {
    let sql = format!(
        "SELECT {COLUMNS}, o.id, o.began_at, o.last_used_at, o.admin_used_at, {AUTHENTICATED_COLUMNS}, {} FROM {TABLES} \
         JOIN sessions o ON o.account_id = a.id WHERE o.cookie_hash = $1 AND o.expires_at >= $2",
        second_factors::COLUMNS
    );
    db.find(&sql, (cookie_hash, now), |row| {
        Ok(CookieSession {
            account: read_account(row)?,
            id: row.get(COLUMN_COUNT)?,
            began_at: row.get(COLUMN_COUNT + 1)?,
            last_used_at: row.get(COLUMN_COUNT + 2)?,
            admin_used_at: row.get(COLUMN_COUNT + 3)?,
            authenticated: read_authenticated(row, COLUMN_COUNT + 4)?,
            factors: second_factors::read(row, COLUMN_COUNT + 6)?,
        })
    })
}

/// Ends the session of a cookie. Returns the session and its account.
pub fn delete_by_cookie(db: &Writer<'_>, cookie_hash: &str) -> Result<Option<(String, AccountId)>> {
    let sql = "DELETE FROM sessions WHERE cookie_hash = $1 RETURNING id, account_id";
    db.find(sql, [cookie_hash], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Ends all sessions of an account but one.
pub fn delete_others(db: &Writer<'_>, account: AccountId, kept: &str) -> Result<()> {
    db.execute("DELETE FROM sessions WHERE account_id = $1 AND id <> $2", (account, kept))
}

/// A session that is refreshed, with the account of its owner.
pub struct OwnedSession {
    pub account: Account,
    pub began_at: Timestamp,
    pub authenticated: Authenticated,
}

pub fn find_owned(db: &Reader<'_>, id: &str) -> Result<Option<OwnedSession>> {
    let sql = format!(
        "SELECT {COLUMNS}, o.began_at, {AUTHENTICATED_COLUMNS} \
         FROM {TABLES} JOIN sessions o ON o.account_id = a.id WHERE o.id = $1"
    );
    db.find(&sql, [id], |row| {
        Ok(OwnedSession {
            account: read_account(row)?,
            began_at: row.get(COLUMN_COUNT)?,
            authenticated: read_authenticated(row, COLUMN_COUNT + 1)?,
        })
    })
}

/// Returns the sessions of an account that have not expired, most recently used first.
pub fn list_live(db: &Reader<'_>, account: AccountId, now: Timestamp) -> Result<Vec<Session>> {
    let sql = format!(
        "SELECT o.id, o.account_id, o.began_at, o.last_used_at, o.expires_at, o.address, o.user_agent, {AUTHENTICATED_COLUMNS} \
         FROM sessions o WHERE o.account_id = $1 AND o.expires_at >= $2 ORDER BY o.last_used_at DESC, o.id DESC"
    );
    db.list(&sql, (account, now), |row| {
        let last_use =
            Use { at: row.get(3)?, expires_at: row.get(4)?, address: row.get(5)?, user_agent: row.get(6)? };
        let authenticated = read_authenticated(row, 7)?;
        Ok(Session { id: row.get(0)?, account: row.get(1)?, began_at: row.get(2)?, last_use, authenticated })
    })
}

/// Ends a session. Returns false if the account has no session with this id.
pub fn delete(db: &Writer<'_>, account: AccountId, id: &str) -> Result<bool> {
    db.change("DELETE FROM sessions WHERE id = $1 AND account_id = $2", (id, account))
}

/// Ends the session of a refresh token. Returns the session and its account.
pub fn delete_by_refresh_token(db: &Writer<'_>, token_hash: &str) -> Result<Option<(String, AccountId)>> {
    let sql = "DELETE FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1) \
         RETURNING id, account_id";
    db.find(sql, [token_hash], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn delete_of_account(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.execute("DELETE FROM sessions WHERE account_id = $1", [account])
}

/// Ends the least recently used sessions of an account, so that at most `max` unexpired ones remain.
pub fn delete_beyond(db: &Writer<'_>, account: AccountId, max: i64, now: Timestamp) -> Result<()> {
    // SQLite has no OFFSET without LIMIT.
    let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE account_id = $1 AND expires_at >= $2 \
         ORDER BY last_used_at DESC, id DESC LIMIT $3 OFFSET $4)";
    db.execute(sql, (account, now, i64::MAX, max))
}
