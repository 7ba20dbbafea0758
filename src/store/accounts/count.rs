use crate::store::{Reader, Result};

/// The numbers of accounts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub all: i64,
    /// With a confirmed primary address.
    pub verified: i64,
    pub deactivated: i64,
    pub staff: i64,
}

/// Counts all accounts. Reads the whole table.
pub fn count_all(db: &Reader<'_>) -> Result<Counts> {
    let sql = "SELECT COUNT(*), COUNT(verified_at), COUNT(deactivated_at), \
         COUNT(CASE WHEN is_staff = 1 THEN 1 END) FROM accounts";
    let counts = db.find(sql, (), |row| {
        Ok(Counts { all: row.get(0)?, verified: row.get(1)?, deactivated: row.get(2)?, staff: row.get(3)? })
    })?;
    Ok(counts.unwrap_or_default())
}
