//! Addresses and the keys that they are matched by.

use super::accounts::{AccountId, Role};
use super::{Reader, Result, Writer};

/// An address and the key that is stored for it.
pub struct StoredEmail {
    pub key: String,
    pub email: String,
    pub account: AccountId,
}

/// Returns the addresses whose keys an earlier version may have computed differently: those with a quotation mark, an
/// internationalized host or a character outside ASCII. Every other key is the address in lower case.
pub fn list_with_possibly_outdated_keys(db: &Reader<'_>) -> Result<Vec<StoredEmail>> {
    let sql = "SELECT email_key, email, account_id FROM email_addresses \
         WHERE octet_length(email) <> length(email) OR lower(email) LIKE '%xn--%' OR email LIKE '%\"%' \
         ORDER BY account_id, role";
    db.list(sql, (), |row| Ok(StoredEmail { key: row.get(0)?, email: row.get(1)?, account: row.get(2)? }))
}

/// Replaces the key of an address. Returns false if another address has the new key.
pub fn set_key(db: &Writer<'_>, key: &str, new_key: &str) -> Result<bool> {
    let sql = "UPDATE email_addresses SET email_key = $1 WHERE email_key = $2 \
         AND NOT EXISTS (SELECT 1 FROM email_addresses WHERE email_key = $1)";
    db.change(sql, (new_key, key))
}

/// Returns whether an address is the primary or the secondary one of its account, if an account has it.
pub fn find_role(db: &Reader<'_>, email_key: &str) -> Result<Option<Role>> {
    db.find("SELECT role FROM email_addresses WHERE email_key = $1", [email_key], |row| row.get(0))
}
