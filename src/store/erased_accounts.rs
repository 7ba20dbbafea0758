//! The ids of erased accounts.

use super::accounts::AccountId;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedAccount {
    pub id: AccountId,
    /// With the id, this tells whether an account in a restored backup is the erased one.
    pub joined_at: Timestamp,
    pub erased_at: Timestamp,
}

pub fn insert(db: &Writer<'_>, erased: ErasedAccount) -> Result<()> {
    let sql = "INSERT INTO erased_accounts (account_id, joined_at, erased_at) VALUES ($1, $2, $3) \
         ON CONFLICT (account_id) DO NOTHING";
    db.execute(sql, (erased.id, erased.joined_at, erased.erased_at))
}

/// Returns whether the audit log has entries of an account that was erased between two times.
pub fn have_audit(db: &Reader<'_>, after: Timestamp, before: Timestamp) -> Result<bool> {
    let sql = format!("SELECT 1 FROM ({AUDIT_OF_ERASED}) AS entries");
    db.exists(&sql, (after, before, 1))
}

/// Deletes at most `limit` audit entries that affect an account that was erased between two times, or that it caused.
pub fn delete_audit(db: &Writer<'_>, after: Timestamp, before: Timestamp, limit: i64) -> Result<usize> {
    db.change_many(&format!("DELETE FROM audit WHERE id IN ({AUDIT_OF_ERASED})"), (after, before, limit))
}

/// SQLite joins in the order of a CROSS JOIN: it reads the few erased accounts, and looks up the entries of each.
const AUDIT_OF_ERASED: &str = "SELECT e.id FROM erased_accounts x CROSS JOIN audit e \
     WHERE x.erased_at > $1 AND x.erased_at < $2 AND e.account_id = x.account_id \
     UNION ALL SELECT e.id FROM erased_accounts x CROSS JOIN audit e \
     WHERE x.erased_at > $1 AND x.erased_at < $2 AND e.actor_id = x.account_id AND e.actor_id IS NOT NULL LIMIT $3";
