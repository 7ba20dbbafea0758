//! Which second factors an account has.

use super::accounts::AccountId;
use super::statement::Row;
use super::{Reader, Result};

/// The second factors of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Factors {
    /// Whether the owner has confirmed an authenticator app.
    pub authenticator: bool,
    pub passkeys: bool,
}

impl Factors {
    pub fn exist(self) -> bool {
        self.authenticator || self.passkeys
    }
}

/// Columns that [`read`] reads, for a statement in which `a` is the account.
pub(super) const COLUMNS: &str = "(SELECT COUNT(*) FROM authenticators f WHERE f.account_id = a.id \
     AND f.confirmed_at IS NOT NULL), (SELECT COUNT(*) FROM passkeys k WHERE k.account_id = a.id)";

/// Reads [`COLUMNS`], which begin with column `first`.
pub(super) fn read(row: &Row<'_>, first: usize) -> Result<Factors> {
    Ok(Factors { authenticator: row.get(first)?, passkeys: row.get(first + 1)? })
}

/// Returns the second factors of an account, or none if the account does not exist.
pub fn find(db: &Reader<'_>, account: AccountId) -> Result<Factors> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1");
    Ok(db.find(&sql, [account], |row| read(row, 0))?.unwrap_or_default())
}
