use super::{AccountId, COLUMNS, Entry, JOIN_PRIMARY_EMAIL, Position, read_entry};
use crate::clock::Timestamp;
use crate::store::value::{ToValue as _, Value};
use crate::store::{Reader, Result};

/// What entries to list. All conditions must hold.
#[derive(Debug, Default, Clone)]
pub struct Criteria {
    /// Only entries that affect the account or that it caused.
    pub account: Option<AccountId>,
    pub event: Option<String>,
    /// `owner`, `account`, `operator` or `somebody`.
    pub actor: Option<String>,
    /// The IP address of the client.
    pub address: Option<String>,
    /// Only entries from this time on.
    pub from: Option<Timestamp>,
}

/// Returns the newest `limit` entries before a position that match, newest first. Looks at no more than `scanned` entries, so that
/// a rare event does not make it read the whole log.
pub fn search(
    db: &Reader<'_>,
    criteria: &Criteria,
    (at, id): Position,
    scanned: i64,
    limit: i64,
) -> Result<Vec<Entry>> {
    let from = from(criteria);
    let mut values: Vec<Value<'_>> = vec![from.to_value(), at.to_value(), id.to_value()];
    let mut number = |value| {
        values.push(value);
        values.len()
    };
    let in_time = "at >= $1 AND (at, id) < ($2, $3)";
    let candidates = match &criteria.account {
        // Both parts have the order of an index, so SQLite merges them and reads only up to the limit.
        Some(account) => {
            let account = number(account.to_value());
            format!(
                "SELECT * FROM audit WHERE {in_time} AND account_id = ${account} \
                 UNION ALL SELECT * FROM audit WHERE {in_time} AND actor_id = ${account}"
            )
        }
        None => format!("SELECT * FROM audit WHERE {in_time}"),
    };
    let scanned = number(scanned.to_value());
    let compared = [("event", &criteria.event), ("actor", &criteria.actor), ("address", &criteria.address)];
    let mut conditions = String::new();
    for (column, value) in compared {
        if let Some(value) = value {
            conditions.push_str(&format!(" AND e.{column} = ${}", number(value.to_value())));
        }
    }
    let limit = number(limit.to_value());
    let sql = format!(
        "SELECT {COLUMNS} FROM ({candidates} ORDER BY at DESC, id DESC LIMIT ${scanned}) e {JOIN_PRIMARY_EMAIL} \
         WHERE 1 = 1{conditions} ORDER BY e.at DESC, e.id DESC LIMIT ${limit}"
    );
    db.list(&sql, values, read_entry)
}

/// Returns the position of the entry that is `count` entries before a position, if there are as many.
pub fn find_position_before(
    db: &Reader<'_>,
    criteria: &Criteria,
    (at, id): Position,
    count: i64,
) -> Result<Option<Position>> {
    let sql = "SELECT at, id FROM audit WHERE at >= $1 AND (at, id) < ($2, $3) \
         ORDER BY at DESC, id DESC LIMIT 1 OFFSET $4";
    db.find(sql, (from(criteria), at, id, count - 1), |row| Ok((row.get(0)?, row.get(1)?)))
}

fn from(criteria: &Criteria) -> Timestamp {
    criteria.from.unwrap_or(Timestamp::from_micros(0))
}
