//! Networks from which the owners of accounts have logged in.

use super::accounts::AccountId;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

pub fn insert(db: &Writer<'_>, account: AccountId, network: &str, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO known_clients (account_id, network, seen_at) VALUES ($1, $2, $3)";
    db.execute(sql, (account, network, now))
}

/// Sets when a client was seen. Returns false if it is not known.
pub fn set_seen(db: &Writer<'_>, account: AccountId, network: &str, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE known_clients SET seen_at = $1 WHERE account_id = $2 AND network = $3";
    db.change(sql, (now, account, network))
}

pub fn exists(db: &Reader<'_>, account: AccountId, network: &str) -> Result<bool> {
    db.exists("SELECT 1 FROM known_clients WHERE account_id = $1 AND network = $2", (account, network))
}

/// Deletes all but the `max` clients of an account that were seen most recently.
pub fn delete_beyond(db: &Writer<'_>, account: AccountId, max: i64) -> Result<()> {
    let sql = "DELETE FROM known_clients WHERE account_id = $1 AND network NOT IN (SELECT network FROM known_clients \
         WHERE account_id = $1 ORDER BY seen_at DESC, network DESC LIMIT $2)";
    db.execute(sql, (account, max))
}
