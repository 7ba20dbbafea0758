//! Counts what is staged.

use super::{Result, Staging};

/// The numbers of users with a property.
#[derive(Debug, Default)]
pub struct UserCounts {
    pub all: u64,
    pub staff: u64,
    pub superusers: u64,
    pub inactive: u64,
    pub without_status: u64,
    pub unverified: u64,
    pub archived: u64,
    pub without_password: u64,
    /// Imported before.
    pub known: u64,
    /// Imported before, and deleted here since.
    pub deleted: u64,
    /// Imported before, and changed since, here or in Django.
    pub changed: u64,
    pub new: u64,
}

impl Staging {
    /// Returns the numbers of institutions, research fields, groups and join requests.
    pub fn count_others(&self) -> Result<[u64; 4]> {
        let count = |table| -> Result<u64> {
            let rows: i64 = self.db().value(&format!("SELECT COUNT(*) FROM {table}"), ())?;
            Ok(rows.unsigned_abs())
        };
        Ok([count("institutions")?, count("research_fields")?, count("groups")?, count("requests")?])
    }

    /// Returns the numbers of passwords by the name of their algorithm.
    pub fn count_algorithms(&self) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT substr(password_hash, 1, instr(password_hash, '$') - 1) AS algorithm, COUNT(*) \
             FROM users WHERE password_hash IS NOT NULL GROUP BY algorithm ORDER BY algorithm";
        self.db().list(sql, (), |row| Ok((row.get(0)?, row.get::<i64>(1)?.unsigned_abs())))
    }

    /// Returns the number of refresh tokens that can still be used.
    pub fn count_tokens(&self) -> Result<u64> {
        Ok(self.db().value::<i64>("SELECT COUNT(*) FROM tokens", ())?.unsigned_abs())
    }

    pub fn count_users(&self) -> Result<UserCounts> {
        let sql = "SELECT COUNT(*), SUM(is_staff), SUM(is_superuser), SUM(NOT is_active), SUM(s.user_key IS NULL), \
             SUM(NOT COALESCE(s.verified, 0)), SUM(COALESCE(s.archived, 0)), SUM(password_hash IS NULL), \
             SUM(is_known), SUM(is_known AND is_left_out), SUM(NOT is_known AND NOT is_left_out), SUM(differs) \
             FROM users LEFT JOIN statuses s ON s.user_key = key";
        let counts = self.db().find(sql, (), |row| {
            let count =
                |column| Ok::<_, anyhow::Error>(row.get::<Option<i64>>(column)?.unwrap_or(0).unsigned_abs());
            Ok(UserCounts {
                all: count(0)?,
                staff: count(1)?,
                superusers: count(2)?,
                inactive: count(3)?,
                without_status: count(4)?,
                unverified: count(5)?,
                archived: count(6)?,
                without_password: count(7)?,
                known: count(8)?,
                deleted: count(9)?,
                new: count(10)?,
                changed: count(11)?,
            })
        })?;
        Ok(counts.unwrap_or_default())
    }
}
