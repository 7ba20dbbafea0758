//! The ids of erased accounts, and the accounts that expire.

use super::accounts::AccountId;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedAccount {
    pub id: AccountId,
    pub erased_at: Timestamp,
}

pub fn insert(db: &Writer<'_>, erased: ErasedAccount) -> Result<()> {
    let sql = "INSERT INTO erased_accounts (account_id, erased_at) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING";
    db.execute(sql, (erased.id, erased.erased_at))
}

pub fn list(db: &Reader<'_>) -> Result<Vec<ErasedAccount>> {
    let sql = "SELECT account_id, erased_at FROM erased_accounts ORDER BY account_id";
    db.list(sql, (), |row| Ok(ErasedAccount { id: row.get(0)?, erased_at: row.get(1)? }))
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

/// Returns accounts that joined and were added before `moment` and were never used: the address is not confirmed, and nobody
/// gave the account a role or a session. The calling code has to check them again in the transaction that erases them.
pub fn list_unused(db: &Reader<'_>, moment: Timestamp, now: Timestamp, limit: i64) -> Result<Vec<AccountId>> {
    let sql = "SELECT a.id FROM accounts a WHERE a.verified_at IS NULL AND a.added_at < $1 AND a.joined_at < $1 \
         AND a.epoch = 0 AND a.is_staff = 0 AND a.deactivated_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = a.id) \
         AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.account_id = a.id AND s.expires_at >= $2) \
         ORDER BY a.id LIMIT $3";
    db.list(sql, (moment, now, limit), |row| row.get(0))
}
