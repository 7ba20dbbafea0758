//! What happened to whom, by whom and from where. Rows are added and, when they are old, deleted; never changed.

use rusqlite::types::Type;
use rusqlite::{Row, params};

use super::accounts::AccountId;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredActor {
    /// Whoever the account is of, by password, token or mailed link.
    Owner,
    /// Another account.
    Account(AccountId),
    /// Whoever has the command line.
    Operator,
    /// Somebody who has shown nothing.
    Somebody,
}

impl StoredActor {
    /// Its name in the database and for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Account(_) => "account",
            Self::Operator => "operator",
            Self::Somebody => "somebody",
        }
    }

    /// The account, if it is another one.
    pub fn account(self) -> Option<AccountId> {
        if let Self::Account(id) = self { Some(id) } else { None }
    }
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: &'a str,
    /// To whom; none where nobody has the name that was given.
    pub account: Option<AccountId>,
    /// By whom.
    pub actor: StoredActor,
    /// The address that it was done from, if that is known.
    pub address: Option<&'a str>,
    /// The session that began or ended, or in which it was done.
    pub session: Option<&'a str>,
    /// A code, or the id of a working group.
    pub detail: Option<&'a str>,
}

/// Something that happened, as it is listed; see [`NewEntry`].
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: String,
    /// To whom.
    pub account: Option<AccountId>,
    /// The primary address that the account has now; none where it has been erased.
    pub email: Option<String>,
    /// By whom.
    pub actor: StoredActor,
    /// From where.
    pub address: Option<String>,
    /// In which session.
    pub session: Option<String>,
    /// More of it.
    pub detail: Option<String>,
}

/// A place in the list: behind the entry with this time and number.
pub type Place = (Timestamp, i64);

const COLUMNS: &str =
    "e.id, e.at, e.event, e.account_id, p.email, e.actor, e.actor_id, e.address, e.session_id, e.detail";
const ADDRESS: &str = "LEFT JOIN email_addresses p ON p.account_id = e.account_id AND p.role = 'primary'";

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let actor: String = row.get(5)?;
    let others = row.get::<_, Option<AccountId>>(6)?.map(StoredActor::Account);
    let known = others.into_iter().chain([StoredActor::Owner, StoredActor::Operator, StoredActor::Somebody]);
    let actor = known.into_iter().find(|known| known.as_str() == actor);
    Ok(Entry {
        id: row.get(0)?,
        at: Timestamp::from_micros(row.get(1)?),
        event: row.get(2)?,
        account: row.get(3)?,
        email: row.get(4)?,
        actor: actor.ok_or(rusqlite::Error::InvalidColumnType(5, "actor".to_owned(), Type::Text))?,
        address: row.get(7)?,
        session: row.get(8)?,
        detail: row.get(9)?,
    })
}

/// Adds an entry.
pub fn insert(db: &Writer<'_>, new: &NewEntry<'_>) -> Result<()> {
    let sql = "INSERT INTO audit (at, event, account_id, actor, actor_id, address, session_id, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let NewEntry { at, event, account, actor, address, session, detail } = new;
    let (actor, other) = (actor.as_str(), actor.account());
    let values = params![at.micros(), event, account, actor, other, address, session, detail];
    db.0.0.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// The first `limit` entries behind a place, oldest first.
pub fn list(db: &Reader<'_>, (at, id): Place, limit: i64) -> Result<Vec<Entry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit e {ADDRESS} WHERE (e.at, e.id) > ($1, $2) ORDER BY e.at, e.id LIMIT $3"
    );
    let mut statement = db.0.prepare_cached(&sql)?;
    let entries = statement.query_map(params![at.micros(), id, limit], entry)?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

/// The same of what happened to an account, or was done by it to others.
pub fn list_of_account(
    db: &Reader<'_>,
    account: AccountId,
    (at, id): Place,
    limit: i64,
) -> Result<Vec<Entry>> {
    // Two parts, each in the order of an index, that the database merges: neither is read further than the limit.
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT * FROM audit WHERE account_id = $1 AND (at, id) > ($2, $3) \
         UNION ALL SELECT * FROM audit WHERE actor_id = $1 AND (at, id) > ($2, $3) \
         ORDER BY at, id LIMIT $4) e {ADDRESS} ORDER BY e.at, e.id"
    );
    let mut statement = db.0.prepare_cached(&sql)?;
    let entries = statement.query_map(params![account, at.micros(), id, limit], entry)?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

/// Forgets at most `limit` entries from before `moment`, and answers how many.
pub fn delete_before(db: &Writer<'_>, moment: Timestamp, limit: i64) -> Result<usize> {
    let sql = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 LIMIT $2)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![moment.micros(), limit])?)
}
