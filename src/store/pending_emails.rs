//! Secondary addresses that were requested and are not confirmed yet.

use super::accounts::AccountId;
use super::{Reader, Result, Writer};

pub fn find_hash(db: &Reader<'_>, account: AccountId) -> Result<Option<String>> {
    db.find("SELECT address_hash FROM pending_emails WHERE account_id = $1", [account], |row| row.get(0))
}

pub fn upsert(db: &Writer<'_>, account: AccountId, hash: &str) -> Result<()> {
    let sql = "INSERT INTO pending_emails (account_id, address_hash) VALUES ($1, $2) \
         ON CONFLICT (account_id) DO UPDATE SET address_hash = excluded.address_hash";
    db.execute(sql, (account, hash))
}

pub fn delete(db: &Writer<'_>, account: AccountId) -> Result<()> {
    db.execute("DELETE FROM pending_emails WHERE account_id = $1", [account])
}
