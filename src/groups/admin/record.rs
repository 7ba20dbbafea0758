//! What operators see of working groups on pages.

use super::Represented;
use crate::accounts::Account;
use crate::app::App;
use crate::error::Result;
use crate::groups::queries::{search_key_of, words};
use crate::paging;
use crate::store;
use crate::store::groups::Group;
use crate::store::join_requests::JoinRequest;

/// A group with its members and the requests to join it that wait for an answer.
pub struct GroupRecord {
    pub group: Group,
    pub members: Vec<Account>,
    pub requests: Vec<(JoinRequest, Account)>,
}

/// A page of groups, in the order in which they were created.
pub struct GroupPage {
    pub groups: Vec<Represented>,
    pub has_more: bool,
}

/// Returns the groups whose id, name, institution or place contains all words of a search, ignoring case and accents: at most
/// `limit`, after skipping `offset`.
pub fn search(app: &App, search: &str, offset: usize, limit: usize) -> Result<GroupPage> {
    let words = words(search);
    app.store.read(|db| {
        let mut groups = store::groups::list(db)?;
        groups.retain(|group| {
            let key = format!("{} {}", group.id, search_key_of(group));
            words.iter().all(|word| key.contains(word))
        });
        let mut page: Vec<_> = groups.into_iter().skip(offset).take(limit.saturating_add(1)).collect();
        let has_more = paging::cut(&mut page, limit);
        Ok(GroupPage { groups: super::represented(db, page)?, has_more })
    })
}

pub fn find(app: &App, id: &str) -> Result<Option<GroupRecord>> {
    app.store.read(|db| {
        let Some(group) = store::groups::find_by_id(db, id)? else { return Ok(None) };
        let ids = std::slice::from_ref(&group.id);
        let members = store::accounts::list_by_groups(db, ids)?;
        let mut waiting = store::join_requests::list_by_groups(db, ids)?;
        waiting.retain(JoinRequest::is_pending);
        let accounts: Vec<_> = waiting.iter().map(|request| request.account).collect();
        let accounts = store::accounts::list_by_ids(db, &accounts)?;
        let requests = waiting.into_iter().filter_map(|request| {
            let account = accounts.iter().find(|account| account.id == request.account)?.clone();
            Some((request, account))
        });
        Ok(Some(GroupRecord { requests: requests.collect(), members, group }))
    })
}
