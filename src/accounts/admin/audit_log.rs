//! The audit log for operators, on the command line and on pages.

use crate::accounts::AccountId;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::paging;
use crate::store::audit::{Criteria, END, Entry, Position};
use crate::store::{self, Reader};

/// The most entries that one page looks at, so that a rare event does not make it read the whole log.
const MAX_SCANNED: i64 = 100_000;

/// A page of entries, newest first.
pub struct AuditPage {
    pub entries: Vec<Entry>,
    /// Where the next page begins, if older entries may match.
    pub older: Option<Position>,
}

/// Returns at most `limit` entries before a position that match. There may be fewer, and `older` all the same, if many entries do
/// not match.
pub fn search(app: &App, criteria: &Criteria, before: Option<Position>, limit: usize) -> Result<AuditPage> {
    let before = before.unwrap_or(END);
    app.store.read(|db| {
        let mut entries = store::audit::search(db, criteria, before, MAX_SCANNED, paging::to_read(limit))?;
        let has_older = paging::cut(&mut entries, limit);
        let older = if has_older {
            entries.last().map(|entry| (entry.at, entry.id))
        } else if criteria.account.is_some() {
            None
        } else {
            store::audit::find_position_before(db, criteria, before, MAX_SCANNED)?
        };
        Ok(AuditPage { entries, older })
    })
}

/// Returns the id of an account. A number that names no account is taken as the id of an erased one, but not if it is
/// rejected because it is the id of one account and the username of another.
pub fn find_account(db: &Reader<'_>, name: &str) -> Result<AccountId> {
    let found = super::find(db, name);
    match (found, name.parse()) {
        (Err(Error::BadRequest(_)), Ok(id)) if store::accounts::find_by_id(db, id)?.is_none() => Ok(id),
        (found, _) => found.map(|account| account.id),
    }
}

/// Returns the beginning of a day in UTC, such as 2026-11-01.
pub fn parse_day(text: &str) -> Option<Timestamp> {
    let day = humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).ok()?;
    let since_epoch = day.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Some(Timestamp::from_micros(0).plus(since_epoch))
}
