//! What operators see of accounts on pages.

use crate::accounts::second_factor::{self, Overview};
use crate::accounts::{Account, AccountId, Filter};
use crate::app::App;
use crate::error::Result;
use crate::store::audit::{Criteria, END, Entry};
use crate::store::groups::Group;
use crate::store::outbox::OutboxMessage;
use crate::store::sessions::Session;
use crate::{paging, store};

const MAX_ENTRIES: i64 = 20;
const MAX_MAILS: i64 = 20;

/// An account with everything around it.
pub struct AccountRecord {
    pub account: Account,
    pub has_password: bool,
    pub second_factors: Overview,
    pub group: Option<Group>,
    /// Most recently used first.
    pub sessions: Vec<Session>,
    /// The newest entries of the audit log, newest first.
    pub entries: Vec<Entry>,
    /// The newest mails about the account, newest first.
    pub mails: Vec<OutboxMessage>,
}

pub fn find(app: &App, id: AccountId) -> Result<Option<AccountRecord>> {
    let now = app.clock.now();
    app.store.read(|db| {
        let Some(account) = store::accounts::find_by_id(db, id)? else { return Ok(None) };
        let group = match &account.membership {
            Some(membership) => store::groups::find_by_id(db, &membership.group)?,
            None => None,
        };
        let criteria = Criteria { account: Some(id), ..Criteria::default() };
        Ok(Some(AccountRecord {
            second_factors: second_factor::overview_of(app, db, &account)?,
            has_password: store::accounts::find_password_hash(db, id)?.is_some(),
            group,
            sessions: store::sessions::list_live(db, id, now)?,
            entries: store::audit::search(db, &criteria, END, MAX_ENTRIES, MAX_ENTRIES)?,
            mails: store::outbox::list_about_account(db, id, MAX_MAILS)?,
            account,
        }))
    })
}

/// A page of accounts, ordered by id.
pub struct AccountPage {
    pub accounts: Vec<Account>,
    /// The id after which the next page begins, if there are more accounts.
    pub next: Option<AccountId>,
}

/// Returns at most `limit` accounts that match a filter.
pub fn list(app: &App, filter: &Filter, limit: usize) -> Result<AccountPage> {
    let mut accounts = app.store.read(|db| store::accounts::list(db, filter, 0, paging::to_read(limit)))?;
    let has_more = paging::cut(&mut accounts, limit);
    let next = accounts.last().filter(|_| has_more).map(|account| account.id);
    Ok(AccountPage { accounts, next })
}

/// Finds the only account that a search can mean: by its address, username or id.
pub fn find_exactly(app: &App, name: &str) -> Result<Option<Account>> {
    match app.store.read(|db| super::find(db, name)) {
        Ok(account) => Ok(Some(account)),
        Err(error) if error.is_rejection() => Ok(None),
        Err(error) => Err(error),
    }
}
