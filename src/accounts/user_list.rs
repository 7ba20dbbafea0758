//! The queries `user` and `users`: which accounts a viewer may list, and pages of lists.

use super::{Account, AccountId, Filter};
use crate::app::App;
use crate::config::Audience;
use crate::error::{Error, Result};
use crate::store::{self, Reader};

const MAX_ACCOUNTS_PER_PAGE: i64 = 100;

/// An offset in the whole list. `None` for a string that is not a cursor, which is ignored.
pub type Cursor = Option<i64>;

/// The arguments that select a page of a list, as in graphene-django.
#[derive(Debug, Default, Clone, Copy)]
pub struct PageArgs {
    /// The number of entries to skip, in addition to those up to `after`.
    pub offset: Option<i64>,
    pub after: Option<Cursor>,
    pub before: Option<Cursor>,
    pub first: Option<i64>,
    pub last: Option<i64>,
}

impl PageArgs {
    /// The number of entries up to the one after the page, which tells whether there is a next page.
    fn last_relevant_entry(&self) -> i64 {
        match (self.first, self.last) {
            // Such a page ends with the last entry of the list.
            (None, Some(_)) => i64::MAX,
            (first, _) => {
                let first = first.unwrap_or(MAX_ACCOUNTS_PER_PAGE);
                self.skipped().saturating_add(first).saturating_add(1).max(0)
            }
        }
    }

    fn skipped(&self) -> i64 {
        let after = self.after.flatten().map_or(0, |after| after.saturating_add(1));
        self.offset.unwrap_or_default().saturating_add(after)
    }
}

#[derive(Debug)]
pub struct Page<A> {
    pub accounts: Vec<A>,
    pub slice: Slice,
}

/// The position of a page in the whole list.
#[derive(Debug)]
pub struct Slice {
    /// The offset of the first account.
    pub start: i64,
    length: i64,
    /// Whether entries follow this page, as far as `before` allows.
    pub has_next: bool,
    /// Whether `last` leaves out entries before this page.
    pub has_previous: bool,
}

/// Whether a viewer may see all accounts. Other viewers see only their own.
pub fn sees_everybody(app: &App, own: Option<&Account>) -> bool {
    match app.config.accounts.users_visible_to {
        Audience::Public => true,
        Audience::Verified => own.is_some_and(|own| own.verified_at.is_some()),
        Audience::Staff => own.is_some_and(|own| own.is_staff),
    }
}

/// Returns an account by its id. An account that the viewer may not see is treated as missing.
pub fn user(app: &App, db: &Reader<'_>, own: Option<&Account>, id: AccountId) -> Result<Option<Account>> {
    if sees_everybody(app, own) {
        return Ok(store::accounts::find_by_id(db, id)?);
    }
    Ok(own.filter(|own| own.id == id).cloned())
}

/// Returns a page of the accounts that match the filter and that the viewer may see.
pub fn users(
    app: &App,
    db: &Reader<'_>,
    own: Option<&Account>,
    mut filter: Filter,
    args: PageArgs,
) -> Result<Page<Account>> {
    check(&args)?;
    if !sees_everybody(app, own) {
        // No account has the id 0.
        filter.id = Some(own.map_or(0, |own| own.id));
    }
    let count = store::accounts::count_up_to(db, &filter, args.last_relevant_entry())?;
    let slice = slice(args, count)?;
    let accounts = store::accounts::list(db, &filter, slice.start, slice.length)?;
    Ok(Page { accounts, slice })
}

fn check(args: &PageArgs) -> Result<()> {
    for (name, wanted) in [("first", args.first), ("last", args.last)] {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > MAX_ACCOUNTS_PER_PAGE) {
            return Err(Error::bad_request(format!(
                "Requesting {wanted} records on the `users` connection exceeds the `{name}` limit of {MAX_ACCOUNTS_PER_PAGE} records."
            )));
        }
    }
    if args.offset.is_some() && args.before.is_some() {
        return Err(Error::bad_request(
            "You can't provide a `before` value at the same time as an `offset` value to properly paginate the \
             `users` connection.",
        ));
    }
    Ok(())
}

/// Returns the slice that graphene-django 2.15 with graphql-relay 2 takes from a list of `count` entries, oddities included.
/// Entries after [`PageArgs::last_relevant_entry`] need not be counted.
fn slice(args: PageArgs, count: i64) -> Result<Slice> {
    let skipped = args.skipped();
    let has_only_last = args.first.is_none() && args.last.is_some();
    let limit = if has_only_last { i64::MAX } else { MAX_ACCOUNTS_PER_PAGE };
    let first = args.first.unwrap_or(limit);
    let before = args.before.flatten().unwrap_or(count);
    // The original removes the entries before `base`, and takes the slice from the rest. An index below 0 is an error.
    let base = skipped.min(count);
    let mut start = skipped.max(0);
    let end = base.saturating_add(limit).min(start.saturating_add(first)).min(before).min(count);
    if let Some(last) = args.last {
        start = start.max(end.saturating_sub(last));
    }
    if base < 0 || end < base {
        return Err(Error::bad_request("Negative indexing is not supported."));
    }
    Ok(Slice {
        start,
        length: (end - start).max(0),
        has_next: end < before,
        has_previous: args.last.is_some() && start > skipped,
    })
}
