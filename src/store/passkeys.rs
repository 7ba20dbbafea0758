//! Passkeys of accounts (WebAuthn).

use super::accounts::AccountId;
use super::statement::Row;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone)]
pub struct Passkey {
    /// The id of the credential in base64url, which the authenticator chose.
    pub id: String,
    pub account: AccountId,
    /// The name that the owner gave it.
    pub name: String,
    /// The public key, the signature counter and the backup flags in JSON.
    pub credential: String,
    /// Whether other devices of the owner have a copy of the passkey.
    pub is_backed_up: bool,
    pub added_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

const SELECT: &str =
    "SELECT id, account_id, name, credential, is_backed_up, added_at, last_used_at FROM passkeys";

fn read_passkey(row: &Row<'_>) -> Result<Passkey> {
    Ok(Passkey {
        id: row.get(0)?,
        account: row.get(1)?,
        name: row.get(2)?,
        credential: row.get(3)?,
        is_backed_up: row.get(4)?,
        added_at: row.get(5)?,
        last_used_at: row.get(6)?,
    })
}

/// Adds a passkey. Returns false if there is one with its id.
pub fn insert(db: &Writer<'_>, passkey: &Passkey) -> Result<bool> {
    let sql = "INSERT INTO passkeys (id, account_id, name, credential, is_backed_up, added_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
    let Passkey { id, account, name, credential, is_backed_up, added_at, .. } = passkey;
    db.change(sql, (id, account, name, credential, is_backed_up, added_at))
}

pub fn find(db: &Reader<'_>, id: &str) -> Result<Option<Passkey>> {
    db.find(&format!("{SELECT} WHERE id = $1"), [id], read_passkey)
}

/// Returns the passkeys of an account in the order in which they were added.
pub fn list(db: &Reader<'_>, account: AccountId) -> Result<Vec<Passkey>> {
    db.list(&format!("{SELECT} WHERE account_id = $1 ORDER BY added_at, id"), [account], read_passkey)
}

/// Records the use of a passkey, which changes its counter. Returns false if the credential is no longer `before`.
pub fn record_use(
    db: &Writer<'_>,
    id: &str,
    before: &str,
    credential: &str,
    is_backed_up: bool,
    now: Timestamp,
) -> Result<bool> {
    let sql = "UPDATE passkeys SET credential = $1, is_backed_up = $2, last_used_at = $3 \
         WHERE id = $4 AND credential = $5";
    db.change(sql, (credential, is_backed_up, now, id, before))
}

/// Returns false if the account has no passkey with this id.
pub fn rename(db: &Writer<'_>, account: AccountId, id: &str, name: &str) -> Result<bool> {
    db.change("UPDATE passkeys SET name = $1 WHERE id = $2 AND account_id = $3", (name, id, account))
}

/// Returns false if the account has no passkey with this id.
pub fn delete(db: &Writer<'_>, account: AccountId, id: &str) -> Result<bool> {
    db.change("DELETE FROM passkeys WHERE id = $1 AND account_id = $2", (id, account))
}

pub fn delete_of_account(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.execute("DELETE FROM passkeys WHERE account_id = $1", [account])
}
