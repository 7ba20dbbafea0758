//! Addresses and the keys that they are matched by.

use rusqlite::{OptionalExtension, params};

use super::accounts::{AccountId, Role};
use super::{Reader, Result, Writer};

/// An address and the key that is stored for it.
pub struct StoredEmail {
    pub key: String,
    pub email: String,
    pub account: AccountId,
}

/// Returns the addresses whose keys may differ from them in more than case: those with a quotation mark, an
/// internationalized host or a character beside ASCII.
pub fn list_unusual(db: &Reader<'_>) -> Result<Vec<StoredEmail>> {
    let sql = "SELECT email_key, email, account_id FROM email_addresses \
         WHERE email GLOB '*[^ -~]*' OR email LIKE '%xn--%' OR email LIKE '%\"%' ORDER BY account_id, role";
    let mut statement = db.0.prepare_cached(sql)?;
    let emails = statement.query_map([], |row| {
        Ok(StoredEmail { key: row.get(0)?, email: row.get(1)?, account: row.get(2)? })
    })?;
    Ok(emails.collect::<rusqlite::Result<_>>()?)
}

/// Replaces the key of an address. Returns false if another address has the new key.
pub fn set_key(db: &Writer<'_>, key: &str, new_key: &str) -> Result<bool> {
    let sql = "UPDATE OR IGNORE email_addresses SET email_key = $1 WHERE email_key = $2";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![new_key, key])? == 1)
}

/// Returns whether an address is the primary or the secondary one of its account, if an account has it.
pub fn find_role(db: &Reader<'_>, email_key: &str) -> Result<Option<Role>> {
    let sql = "SELECT role FROM email_addresses WHERE email_key = $1";
    let role: Option<String> =
        db.0.prepare_cached(sql)?.query_row(params![email_key], |row| row.get(0)).optional()?;
    Ok(role.map(|role| if role == Role::Primary.as_str() { Role::Primary } else { Role::Secondary }))
}
