//! The audit log: events, and who caused them from which address. Entries never change, and are deleted when old.

mod count;
mod search;

use super::accounts::AccountId;
use super::statement::Row;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

pub use count::{DayCount, count_by_day};
pub use search::{Criteria, find_position_before, search};

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum StoredActor {
    /// The owner of the account, authenticated by password, token or mailed link.
    Owner,
    /// The owner of another account.
    Account(AccountId),
    /// The command line.
    Operator,
    /// An unauthenticated client.
    Somebody,
}

impl StoredActor {
    /// Returns the account, if the actor is another account.
    pub fn account(self) -> Option<AccountId> {
        if let Self::Account(id) = self { Some(id) } else { None }
    }
}

#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    pub at: Timestamp,
    pub event: &'a str,
    /// The affected account. `None` if the client named none that exists, or if the event is about something else, such as an
    /// institution.
    pub account: Option<AccountId>,
    pub actor: StoredActor,
    /// The IP address of the client, if known.
    pub address: Option<&'a str>,
    /// The session that began or ended, or in which the event happened.
    pub session: Option<&'a str>,
    /// Depending on the event: why a login was rejected, which limit was exceeded, or the id of a working group,
    /// an institution, a research field or a mail.
    pub detail: Option<&'a str>,
}

/// An entry of the audit log; see [`NewEntry`].
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: i64,
    pub at: Timestamp,
    pub event: String,
    pub account: Option<AccountId>,
    /// The current primary e-mail address of the account; `None` if the account has been erased.
    pub email: Option<String>,
    pub actor: StoredActor,
    pub address: Option<String>,
    pub session: Option<String>,
    pub detail: Option<String>,
}

/// The time and id of an entry, after which a page begins.
pub type Position = (Timestamp, i64);

const COLUMNS: &str =
    "e.id, e.at, e.event, e.account_id, p.email, e.actor, e.actor_id, e.address, e.session_id, e.detail";
const JOIN_PRIMARY_EMAIL: &str =
    "LEFT JOIN email_addresses p ON p.account_id = e.account_id AND p.role = 'primary'";

fn read_entry(row: &Row<'_>) -> Result<Entry> {
    // Column 5 contains the name of the variant, and column 6 the id of another account that is the actor.
    let mut actor = row.get(5)?;
    if let StoredActor::Account(id) = &mut actor {
        *id = row.get(6)?;
    }
    Ok(Entry {
        id: row.get(0)?,
        at: row.get(1)?,
        event: row.get(2)?,
        account: row.get(3)?,
        email: row.get(4)?,
        actor,
        address: row.get(7)?,
        session: row.get(8)?,
        detail: row.get(9)?,
    })
}

pub fn insert(db: &Writer<'_>, new: &NewEntry<'_>) -> Result<()> {
    let sql = "INSERT INTO audit (at, event, account_id, actor, actor_id, address, session_id, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let NewEntry { at, event, account, actor, address, session, detail } = new;
    db.execute(sql, (at, event, account, actor, actor.account(), address, session, detail))
}

/// The position after all entries.
pub const END: Position = (Timestamp::from_micros(i64::MAX), i64::MAX);

/// Returns the first `limit` entries after a position, oldest first.
pub fn list(db: &Reader<'_>, (at, id): Position, limit: i64) -> Result<Vec<Entry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit e {JOIN_PRIMARY_EMAIL} WHERE (e.at, e.id) > ($1, $2) ORDER BY e.at, e.id LIMIT $3"
    );
    db.list(&sql, (at, id, limit), read_entry)
}

/// Like [`list`], for the entries that affect an account or that it caused.
pub fn list_of_account(
    db: &Reader<'_>,
    account: AccountId,
    (at, id): Position,
    limit: i64,
) -> Result<Vec<Entry>> {
    // Both parts have the order of an index, so SQLite merges them and reads only up to the limit.
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT * FROM audit WHERE account_id = $1 AND (at, id) > ($2, $3) \
         UNION ALL SELECT * FROM audit WHERE actor_id = $1 AND (at, id) > ($2, $3) \
         ORDER BY at, id LIMIT $4) e {JOIN_PRIMARY_EMAIL} ORDER BY e.at, e.id"
    );
    db.list(&sql, (account, at, id, limit), read_entry)
}

/// Returns the last `limit` entries that affect an account before a position, newest first.
pub fn list_about_account_before(
    db: &Reader<'_>,
    account: AccountId,
    (at, id): Position,
    limit: i64,
) -> Result<Vec<Entry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit e {JOIN_PRIMARY_EMAIL} WHERE e.account_id = $1 AND (e.at, e.id) < ($2, $3) \
         ORDER BY e.at DESC, e.id DESC LIMIT $4"
    );
    db.list(&sql, (account, at, id, limit), read_entry)
}
