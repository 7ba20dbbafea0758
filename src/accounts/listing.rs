//! `me`, `user`, `users`: who sees whom, and how lists are cut into pages.

use super::{Account, AccountId, Error, Filter, Result, Viewer, sessions};
use crate::app::App;
use crate::config::Audience;
use crate::store::{self, Reader};

/// The most accounts that are listed at a time.
const MOST: i64 = 100;

/// A place in the whole list; none behind a text that is no cursor, which is overlooked.
pub type Cursor = Option<i64>;

/// Which part of a list is wanted, as in the original.
#[derive(Debug, Default, Clone, Copy)]
pub struct Cut {
    /// How many to leave out at the beginning, or behind `after`.
    pub offset: Option<i64>,
    /// Begin behind this one.
    pub after: Option<Cursor>,
    /// End ahead of this one.
    pub before: Option<Cursor>,
    /// At most so many from the beginning.
    pub first: Option<i64>,
    /// At most so many from the end.
    pub last: Option<i64>,
}

/// Part of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// The accounts on it.
    pub accounts: Vec<Account>,
    /// The offset of the first of them in the whole list.
    pub start: i64,
    /// Whether `first` or the limit cut something off.
    pub has_next: bool,
    /// Whether `last` cut something off.
    pub has_previous: bool,
}

/// The account of whoever asks.
///
/// # Errors
/// Only internal ones.
pub fn me(app: &App, viewer: &Viewer) -> Result<Option<Account>> {
    app.store.read(|db| sessions::identify(app, db, viewer))
}

/// An account by its number; one that must not be seen is as one that does not exist.
///
/// # Errors
/// Only internal ones.
pub fn user(app: &App, viewer: &Viewer, id: AccountId) -> Result<Option<Account>> {
    app.store.read(|db| match visible(app, db, viewer)? {
        Visible::Only(own) if own != Some(id) => Ok(None),
        Visible::Only(_) | Visible::Everybody => Ok(store::accounts::find_by_id(db, id)?),
    })
}

/// Part of the list of accounts that pass the filter and that the viewer may see.
///
/// # Errors
/// A sentence if the cut makes no sense.
pub fn users(app: &App, viewer: &Viewer, mut filter: Filter, cut: Cut) -> Result<Page> {
    check(&cut)?;
    app.store.read(|db| {
        match visible(app, db, viewer)? {
            Visible::Everybody => {}
            Visible::Only(Some(own)) => filter.id = Some(own),
            Visible::Only(None) => return Ok(Page::default()),
        }
        let count = store::accounts::count(db, &filter)?;
        let window = window(cut, count)?;
        let accounts = store::accounts::list(db, &filter, window.start, window.length)?;
        Ok(Page {
            accounts,
            start: window.start,
            has_next: window.has_next,
            has_previous: window.has_previous,
        })
    })
}

enum Visible {
    Everybody,
    Only(Option<AccountId>),
}

/// The one policy by which one account's data reaches another viewer.
fn visible(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Visible> {
    let audience = app.config.accounts.users_visible_to;
    if audience == Audience::Public {
        return Ok(Visible::Everybody);
    }
    let own = sessions::identify(app, db, viewer)?;
    let sees_all = own.as_ref().is_some_and(|own| match audience {
        Audience::Public => true,
        Audience::Verified => own.verified_at.is_some(),
        Audience::Staff => own.is_staff,
    });
    Ok(if sees_all { Visible::Everybody } else { Visible::Only(own.map(|own| own.id)) })
}

fn check(cut: &Cut) -> Result<()> {
    for (name, wanted) in [("first", cut.first), ("last", cut.last)] {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > MOST) {
            return Err(Error::Misused(
                format!(
                    "Requesting {wanted} records on the `users` connection exceeds the `{name}` limit of {MOST} records."
                )
                .into(),
            ));
        }
    }
    if cut.offset.is_some() && cut.before.is_some() {
        return Err(Error::Misused(
            "You can't provide a `before` value at the same time as an `offset` value to properly paginate the \
             `users` connection."
                .into(),
        ));
    }
    Ok(())
}

struct Window {
    start: i64,
    length: i64,
    has_next: bool,
    has_previous: bool,
}

/// Where a cut lies in a list of `count`, as graphene-django 2.15 and graphql-relay 2 work it out together.
fn window(cut: Cut, count: i64) -> Result<Window> {
    let after = cut.after.flatten();
    let after = match cut.offset.unwrap_or_default() {
        0 => after,
        offset => {
            Some(offset.saturating_add(after.map_or(0, |after| after.saturating_add(1))).saturating_sub(1))
        }
    };
    let behind_after = after.map_or(0, |after| after.saturating_add(1));
    let base = behind_after.min(count);
    let (first, most) = match (cut.first, cut.last) {
        (Some(first), _) => (first, MOST.min(count)),
        (None, Some(_)) => (count, count),
        (None, None) => (MOST, MOST.min(count)),
    };
    let before = cut.before.flatten().unwrap_or(count);
    let mut start = base.max(behind_after).max(0);
    let end = base.saturating_add(most).min(before).min(count).min(start.saturating_add(first));
    if let Some(last) = cut.last {
        start = start.max(end.saturating_sub(last));
    }
    if base < 0 || end < base {
        return Err(Error::Misused("Negative indexing is not supported.".into()));
    }
    Ok(Window {
        start,
        length: (end - start).max(0),
        has_next: end < before,
        has_previous: cut.last.is_some() && start > behind_after,
    })
}
