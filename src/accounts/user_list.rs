//! `user`, `users`: who sees whom, and how lists are cut into pages.

use super::{Account, AccountId, Error, Filter, Result};
use crate::app::App;
use crate::config::Audience;
use crate::store::{self, Reader};

/// The most accounts that are listed at a time.
const MOST: i64 = 100;

/// A place in the whole list; none behind a text that is no cursor, which is overlooked.
pub type Cursor = Option<i64>;

/// Which part of a list is wanted, as in the original.
#[derive(Debug, Default, Clone, Copy)]
pub struct PageArgs {
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

/// Part of a list of accounts.
#[derive(Debug)]
pub struct Page<A> {
    /// The accounts on it.
    pub accounts: Vec<A>,
    /// The offset of the first of them in the whole list.
    pub start: i64,
    /// Whether `first` or the limit leaves entries out after this page.
    pub has_next: bool,
    /// Whether `last` leaves entries out before this page.
    pub has_previous: bool,
}

/// The one policy by which accounts reach those who ask: whether this one, who may be nobody, sees all of them.
/// Everybody else sees their own.
pub fn sees_everybody(app: &App, own: Option<&Account>) -> bool {
    match app.config.accounts.users_visible_to {
        Audience::Public => true,
        Audience::Verified => own.is_some_and(|own| own.verified_at.is_some()),
        Audience::Staff => own.is_some_and(|own| own.is_staff),
    }
}

/// An account by its number; one that must not be seen is as one that does not exist.
///
/// # Errors
/// Only internal ones.
pub fn user(app: &App, db: &Reader<'_>, own: Option<&Account>, id: AccountId) -> Result<Option<Account>> {
    if sees_everybody(app, own) {
        return Ok(store::accounts::find_by_id(db, id)?);
    }
    Ok(own.filter(|own| own.id == id).cloned())
}

/// Part of the list of accounts that pass the filter and that the asker may see.
///
/// # Errors
/// A sentence if the arguments make no sense.
pub fn users(
    app: &App,
    db: &Reader<'_>,
    own: Option<&Account>,
    mut filter: Filter,
    args: PageArgs,
) -> Result<Page<Account>> {
    check(&args)?;
    if !sees_everybody(app, own) {
        // No account has the number 0.
        filter.id = Some(own.map_or(0, |own| own.id));
    }
    let count = store::accounts::count(db, &filter)?;
    let slice = slice(args, count)?;
    let accounts = store::accounts::list(db, &filter, slice.start, slice.length)?;
    Ok(Page { accounts, start: slice.start, has_next: slice.has_next, has_previous: slice.has_previous })
}

fn check(args: &PageArgs) -> Result<()> {
    for (name, wanted) in [("first", args.first), ("last", args.last)] {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > MOST) {
            return Err(Error::BadRequest(
                format!(
                    "Requesting {wanted} records on the `users` connection exceeds the `{name}` limit of {MOST} records."
                )
                .into(),
            ));
        }
    }
    if args.offset.is_some() && args.before.is_some() {
        return Err(Error::BadRequest(
            "You can't provide a `before` value at the same time as an `offset` value to properly paginate the \
             `users` connection."
                .into(),
        ));
    }
    Ok(())
}

struct Slice {
    start: i64,
    length: i64,
    has_next: bool,
    has_previous: bool,
}

/// Returns the slice of a list of `count` that the arguments select, as graphene-django 2.15 and graphql-relay 2 work it out together.
fn slice(args: PageArgs, count: i64) -> Result<Slice> {
    let after = args.after.flatten();
    let after = match args.offset.unwrap_or_default() {
        0 => after,
        offset => {
            Some(offset.saturating_add(after.map_or(0, |after| after.saturating_add(1))).saturating_sub(1))
        }
    };
    let behind_after = after.map_or(0, |after| after.saturating_add(1));
    let base = behind_after.min(count);
    let (first, most) = match (args.first, args.last) {
        (Some(first), _) => (first, MOST.min(count)),
        (None, Some(_)) => (count, count),
        (None, None) => (MOST, MOST.min(count)),
    };
    let before = args.before.flatten().unwrap_or(count);
    let mut start = base.max(behind_after).max(0);
    let end = base.saturating_add(most).min(before).min(count).min(start.saturating_add(first));
    if let Some(last) = args.last {
        start = start.max(end.saturating_sub(last));
    }
    if base < 0 || end < base {
        return Err(Error::BadRequest("Negative indexing is not supported.".into()));
    }
    Ok(Slice {
        start,
        length: (end - start).max(0),
        has_next: end < before,
        has_previous: args.last.is_some() && start > behind_after,
    })
}
