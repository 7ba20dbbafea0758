//! Accounts whose address nobody has confirmed.

use super::super::{Reader, Result};
use super::{Account, read_account, select_where};
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

/// Returns accounts that joined and were added before `moment`, whose address was never confirmed, and with which nothing has
/// happened since `moment`. Each attempt to log in and each request for a link is in the audit log.
pub fn list_unverified(
    db: &Reader<'_>,
    moment: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Account>> {
    let sql = select_where(
        "a.id > 0 AND a.verified_at IS NULL AND a.added_at < $1 AND a.joined_at < $1 AND a.epoch = 0 AND a.is_staff = 0 \
         AND a.deactivated_at IS NULL AND a.last_login_at IS NULL AND m.account_id IS NULL \
         AND NOT EXISTS (SELECT 1 FROM sessions l WHERE l.account_id = a.id AND l.expires_at >= $2) \
         AND NOT EXISTS (SELECT 1 FROM audit e WHERE e.account_id = a.id AND e.at >= $1) \
         ORDER BY a.id LIMIT $3",
    );
    db.list(&sql, (moment, now, limit), read_account)
}
