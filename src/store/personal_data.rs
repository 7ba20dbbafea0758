//! Everything that is stored about an account, for its export and its erasure. Other files hold the statements that are
//! also used elsewhere.

use super::accounts::AccountId;
use super::outbox::{self, OutboxMessage};
use super::sessions::Authentication;
use super::statement::Row;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// The columns of an account that [`super::accounts::Account`] lacks.
pub struct Profile {
    pub has_password: bool,
    pub is_superuser: bool,
    pub added_at: Timestamp,
    pub terms_version: Option<String>,
    pub terms_accepted_at: Option<Timestamp>,
}

pub fn find_profile(db: &Reader<'_>, account: AccountId) -> Result<Option<Profile>> {
    let sql = "SELECT CAST(CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT), is_superuser, added_at, \
         terms_version, terms_accepted_at FROM accounts WHERE id = $1";
    db.find(sql, [account], |row| {
        Ok(Profile {
            has_password: row.get(0)?,
            is_superuser: row.get(1)?,
            added_at: row.get(2)?,
            terms_version: row.get(3)?,
            terms_accepted_at: row.get(4)?,
        })
    })
}

pub struct StoredSession {
    pub id: String,
    pub began_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    pub address: Option<String>,
    pub user_agent: String,
    /// Whether the session is a login on the pages.
    pub has_cookie: bool,
    pub authenticated_at: Option<Timestamp>,
    pub authentication: Authentication,
    pub admin_used_at: Option<Timestamp>,
}

/// Returns the sessions of an account, including those that have expired and wait for the cleanup.
pub fn list_sessions(db: &Reader<'_>, account: AccountId) -> Result<Vec<StoredSession>> {
    let sql = "SELECT id, began_at, last_used_at, expires_at, address, user_agent, \
         CAST(CASE WHEN cookie_hash IS NULL THEN 0 ELSE 1 END AS BIGINT), authenticated_at, authentication, admin_used_at \
         FROM sessions WHERE account_id = $1 ORDER BY began_at, id";
    db.list(sql, [account], |row| {
        Ok(StoredSession {
            id: row.get(0)?,
            began_at: row.get(1)?,
            last_used_at: row.get(2)?,
            expires_at: row.get(3)?,
            address: row.get(4)?,
            user_agent: row.get(5)?,
            has_cookie: row.get(6)?,
            authenticated_at: row.get(7)?,
            authentication: row.get(8)?,
            admin_used_at: row.get(9)?,
        })
    })
}

/// The times of a refresh token.
pub struct StoredToken {
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub spent_at: Option<Timestamp>,
    pub replaced_at: Option<Timestamp>,
}

/// Returns the newest refresh tokens of a session, newest first.
pub fn list_refresh_tokens(db: &Reader<'_>, session: &str, limit: i64) -> Result<Vec<StoredToken>> {
    let sql = "SELECT issued_at, expires_at, spent_at, replaced_at FROM refresh_tokens WHERE session_id = $1 \
         ORDER BY issued_at DESC, token_hash LIMIT $2";
    db.list(sql, (session, limit), |row| {
        Ok(StoredToken {
            issued_at: row.get(0)?,
            expires_at: row.get(1)?,
            spent_at: row.get(2)?,
            replaced_at: row.get(3)?,
        })
    })
}

/// Returns the networks from which the owner has logged in, and when they were last seen.
pub fn list_known_networks(db: &Reader<'_>, account: AccountId) -> Result<Vec<(String, Timestamp)>> {
    let sql =
        "SELECT network, seen_at FROM known_clients WHERE account_id = $1 ORDER BY seen_at DESC, network";
    db.list(sql, [account], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Returns the mails about an account, whoever receives them, oldest first.
pub fn list_mails_about(db: &Reader<'_>, account: AccountId) -> Result<Vec<OutboxMessage>> {
    let sql = format!("SELECT {} FROM outbox WHERE account_id = $1 ORDER BY id", outbox::COLUMNS);
    db.list(&sql, [account], outbox::read_message)
}

/// Returns the mails to addresses, which are given by their keys.
pub fn list_mails_to(db: &Reader<'_>, keys: &[String]) -> Result<Vec<OutboxMessage>> {
    let sql = format!("SELECT {} FROM outbox WHERE recipient_key IN ($keys) ORDER BY id", outbox::COLUMNS);
    db.list_by_keys(&sql, keys, outbox::read_message)
}

/// Deletes the mails about an account, waiting and finished ones.
pub fn delete_mails_about(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.execute("DELETE FROM outbox WHERE account_id = $1", [account])
}

/// Deletes the mails to an address, waiting and finished ones.
pub fn delete_mails_to(db: &Writer<'_>, key: &str) -> Result<()> {
    db.execute("DELETE FROM outbox WHERE recipient_key = $1", [key])
}

pub struct StoredInvitation {
    pub id: String,
    pub email: String,
    /// The name of the working group that the invitation leads into.
    pub group: Option<String>,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

const INVITATIONS: &str = "SELECT v.id, v.email, g.name, v.made_at, v.expires_at FROM invitations v \
     LEFT JOIN working_groups g ON g.id = v.working_group_id";

fn read_invitation(row: &Row<'_>) -> Result<StoredInvitation> {
    Ok(StoredInvitation {
        id: row.get(0)?,
        email: row.get(1)?,
        group: row.get(2)?,
        made_at: row.get(3)?,
        expires_at: row.get(4)?,
    })
}

/// Returns the invitations to addresses, which are given by their keys.
pub fn list_invitations_to(db: &Reader<'_>, keys: &[String]) -> Result<Vec<StoredInvitation>> {
    let sql = format!("{INVITATIONS} WHERE v.email_key IN ($keys) ORDER BY v.made_at, v.id");
    db.list_by_keys(&sql, keys, read_invitation)
}

pub fn list_invitations_by(db: &Reader<'_>, account: AccountId) -> Result<Vec<StoredInvitation>> {
    db.list(
        &format!("{INVITATIONS} WHERE v.invited_by = $1 ORDER BY v.made_at, v.id"),
        [account],
        read_invitation,
    )
}

/// Deletes the invitations to an address. Those by an account are deleted with it.
pub fn delete_invitations_to(db: &Writer<'_>, key: &str) -> Result<()> {
    db.execute("DELETE FROM invitations WHERE email_key = $1", [key])
}
