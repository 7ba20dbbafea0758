use crate::clock::Timestamp;
use crate::store::{Reader, Result};

/// How often an event happened on a day in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    /// The days since 1970.
    pub day: i64,
    pub event: String,
    pub count: i64,
}

/// Counts registrations and accepted and refused logins by day, from `from` until before `end`. Reads only entries of that time,
/// in the order of an index.
pub fn count_by_day(db: &Reader<'_>, from: Timestamp, end: Timestamp) -> Result<Vec<DayCount>> {
    let sql = "SELECT at / 86400000000, event, COUNT(*) FROM audit WHERE at >= $1 AND at < $2 \
         AND event IN ('registered', 'logged_in', 'login_refused') GROUP BY 1, 2";
    db.list(sql, (from, end), |row| Ok(DayCount { day: row.get(0)?, event: row.get(1)?, count: row.get(2)? }))
}
