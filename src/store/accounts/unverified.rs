//! Accounts whose address nobody has confirmed.

use std::ops::RangeInclusive;

use super::super::{Reader, Result};
use super::{Account, AccountId, read_account, select_where};
use crate::clock::Timestamp;

impl Account {
    /// Whether nothing shows that the owner of the address made the account: the address is not confirmed, the account was never
    /// used for anything that requires that, and no operator gave it a state.
    pub fn is_unproven(&self) -> bool {
        self.verified_at.is_none()
            && self.secondary_email.is_none()
            && self.membership.is_none()
            && self.epoch == 0
            && !self.is_staff
            && self.deactivated_at.is_none()
            && self.last_login_at.is_none()
    }
}

/// Returns unproven accounts with ids in a range, without a session, that joined and were added before `moment`, and with which
/// nothing has happened since `moment`. Attempts to log in and requests for a link are in the audit log, except those that a
/// limit rejected.
pub fn list_expired(
    db: &Reader<'_>,
    ids: RangeInclusive<AccountId>,
    moment: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Account>> {
    let sql = select_where(
        "a.id BETWEEN $1 AND $2 AND a.verified_at IS NULL AND a.added_at < $3 AND a.joined_at < $3 AND a.epoch = 0 AND a.is_staff = 0 \
         AND a.deactivated_at IS NULL AND a.last_login_at IS NULL AND m.account_id IS NULL AND s.account_id IS NULL \
         AND NOT EXISTS (SELECT 1 FROM sessions l WHERE l.account_id = a.id AND l.expires_at >= $4) \
         AND NOT EXISTS (SELECT 1 FROM audit e WHERE e.account_id = a.id AND e.at >= $3) \
         ORDER BY a.id LIMIT $5",
    );
    db.list(&sql, (*ids.start(), *ids.end(), moment, now, limit), read_account)
}
