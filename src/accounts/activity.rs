//! The security log of an account, for its owner.

use crate::app::App;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::security::{Viewer, authentication};
use crate::store::audit::{END, Entry, Position, StoredActor};
use crate::{paging, store};

/// A page of entries, newest first.
pub struct Activity {
    pub entries: Vec<Entry>,
    /// Where the next page begins, if there are older entries.
    pub older: Option<Position>,
}

/// Returns at most `limit` entries about the viewer's account: the newest ones, or those before a position. The address of a
/// client is left out if it belongs to somebody else, such as the representative of the working group.
pub fn list(app: &App, viewer: &Viewer, before: Option<Position>, limit: usize) -> Result<Activity> {
    let before = before.unwrap_or(END);
    let mut entries = app.store.read(|db| -> Result<_> {
        let caller = authentication::caller(app, db, viewer)?;
        let account = caller.require_verified()?;
        Ok(store::audit::list_about_account_before(db, account.id, before, paging::to_read(limit))?)
    })?;
    let has_older = paging::cut(&mut entries, limit);
    let older = entries.last().filter(|_| has_older).map(|entry| (entry.at, entry.id));
    for entry in &mut entries {
        if !matches!(entry.actor, StoredActor::Owner | StoredActor::Somebody) {
            entry.address = None;
        }
    }
    Ok(Activity { entries, older })
}

/// Formats a position for a URL.
pub fn format_position((at, id): Position) -> String {
    format!("{}-{id}", at.micros())
}

/// Parses the result of [`format_position`].
pub fn parse_position(text: &str) -> Option<Position> {
    let (at, id) = text.split_once('-')?;
    Some((Timestamp::from_micros(at.parse().ok()?), id.parse().ok()?))
}
