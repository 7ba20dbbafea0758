//! The rules of queries. Each reads from one snapshot, and returns only what `visibility` allows.

use super::errors;
use super::loader::{Loader, SeenAccount, SeenGroup, SeenInstitution, SeenJoinRequest, SeenResearchField};
use super::selection::{AccountSelection, GroupSelection, JoinRequestSelection};
use crate::accounts::user_list::{self, Page, PageArgs};
use crate::accounts::{Account, AccountId, Filter};
use crate::app::App;
use crate::error::{Error, Result};
use crate::security::Viewer;
use crate::security::authentication::caller;
use crate::store::groups::Group;
use crate::store::{self, Reader};
use crate::text::search_key;

const MAX_WORDS: usize = 8;
/// A longer word finds nothing, because no name and place are this long. A word of this length fits into a `LIKE` pattern.
const MAX_WORD_BYTES: usize = 4096;

#[derive(Debug, Default)]
pub struct InstitutionSearch {
    /// Words that the name or place contains, in any order, ignoring case and accents.
    pub search: Option<String>,
    /// The most entries to return.
    pub first: Option<i32>,
    /// The number of entries to skip.
    pub offset: Option<i32>,
}

/// Returns the viewer's account, or `None` without a valid token.
pub fn me(app: &App, viewer: &Viewer, selection: &AccountSelection) -> Result<Option<SeenAccount>> {
    read_account(app, selection, |db| match caller(app, db, viewer)?.account {
        Some(own) => Loader::new(app, db, Some(own.clone())).account(own, selection).map(Some),
        None => Ok(None),
    })
}

/// Returns an account as its owner sees it.
pub fn own(app: &App, own: &Account, selection: &AccountSelection) -> Result<SeenAccount> {
    read_account(app, selection, |db| Loader::new(app, db, Some(own.clone())).account(own.clone(), selection))
}

/// Reads from one snapshot if related objects are selected. An account without them is one statement, and needs none.
fn read_account<T>(
    app: &App,
    selection: &AccountSelection,
    load: impl Fn(&Reader<'_>) -> Result<T>,
) -> Result<T> {
    if selection.is_empty() { app.store.read_latest(load) } else { app.store.read(load) }
}

/// Returns an account by its id. An account that the viewer may not see is treated as missing.
pub fn user(
    app: &App,
    viewer: &Viewer,
    id: AccountId,
    selection: &AccountSelection,
) -> Result<Option<SeenAccount>> {
    app.store.read(|db| {
        let own = caller(app, db, viewer)?.account;
        let found = user_list::user(app, db, own.as_ref(), id)?;
        found.map(|account| Loader::new(app, db, own).account(account, selection)).transpose()
    })
}

/// Returns a page of the accounts that match the filter and that the viewer may see.
pub fn users(
    app: &App,
    viewer: &Viewer,
    filter: Filter,
    args: PageArgs,
    selection: &AccountSelection,
) -> Result<Page<SeenAccount>> {
    app.store.read(|db| {
        let own = caller(app, db, viewer)?.account;
        let Page { accounts, slice } = user_list::users(app, db, own.as_ref(), filter, args)?;
        Ok(Page { accounts: Loader::new(app, db, own).accounts(accounts, selection)?, slice })
    })
}

/// Returns the institutions that match a search, in the order in which they were imported.
pub fn institutions(
    app: &App,
    viewer: &Viewer,
    search: &InstitutionSearch,
    groups: Option<&GroupSelection>,
) -> Result<Vec<SeenInstitution>> {
    let words = words(search.search.as_deref().unwrap_or_default());
    let limit = search.first.map_or(Ok(i64::MAX), |first| require_not_negative("first", first))?;
    let offset = require_not_negative("offset", search.offset.unwrap_or_default())?;
    if words.iter().any(|word| word.len() > MAX_WORD_BYTES) {
        return Ok(Vec::new());
    }
    app.store.read(|db| {
        let found = store::institutions::list_institutions(db, &words, limit, offset)?;
        Loader::new(app, db, caller(app, db, viewer)?.account).institutions(found, groups)
    })
}

/// Splits a search into words, ignoring case and accents.
pub(super) fn words(search: &str) -> Vec<String> {
    search_key(search)
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect()
}

/// Returns all research fields, ordered by id.
pub fn research_fields(
    app: &App,
    viewer: &Viewer,
    groups: Option<&GroupSelection>,
) -> Result<Vec<SeenResearchField>> {
    app.store.read(|db| {
        let found = store::institutions::list_research_fields(db)?;
        Loader::new(app, db, caller(app, db, viewer)?.account).research_fields(found, groups)
    })
}

/// Returns all public working groups, in the order in which they were created.
pub fn working_groups(app: &App, viewer: &Viewer, selection: &GroupSelection) -> Result<Vec<SeenGroup>> {
    app.store.read(|db| {
        let own = errors::require_login(caller(app, db, viewer)?)?;
        Loader::new(app, db, Some(own)).groups(store::groups::list_public(db)?, selection)
    })
}

/// Returns what a search for a group looks at: its name, institution and place, without case and accents.
pub(super) fn search_key_of(group: &Group) -> String {
    let place = group.institution.as_ref().map_or_else(String::new, |institution| {
        format!("{} {} {}", institution.name, institution.city, institution.country)
    });
    search_key(&format!("{} {place}", group.name))
}

/// Returns at most `limit` public working groups whose name, institution or place contains all words of a search, ignoring case
/// and accents, in the order in which they were created.
pub fn search_working_groups(
    app: &App,
    viewer: &Viewer,
    search: &str,
    limit: usize,
    selection: &GroupSelection,
) -> Result<Vec<SeenGroup>> {
    let words = words(search);
    app.store.read(|db| {
        let own = errors::require_login(caller(app, db, viewer)?)?;
        let mut groups = store::groups::list_public(db)?;
        groups.retain(|group| {
            let key = search_key_of(group);
            words.iter().all(|word| key.contains(word))
        });
        groups.truncate(limit);
        Loader::new(app, db, Some(own)).groups(groups, selection)
    })
}

/// Returns the members of the group that the viewer represents.
pub fn members(app: &App, viewer: &Viewer, selection: &AccountSelection) -> Result<Vec<SeenAccount>> {
    app.store.read(|db| {
        let own = errors::require_login(caller(app, db, viewer)?)?;
        let group = own.represents().ok_or(errors::REPRESENTATIVES_ONLY)?.to_owned();
        let found = store::accounts::list_by_groups(db, &[group])?;
        Loader::new(app, db, Some(own)).accounts(found, selection)
    })
}

/// Returns the requests to join the group that the viewer represents, including answered ones.
pub fn join_requests(
    app: &App,
    viewer: &Viewer,
    selection: &JoinRequestSelection,
) -> Result<Vec<SeenJoinRequest>> {
    app.store.read(|db| {
        let own = errors::require_login(caller(app, db, viewer)?)?;
        let group = own.represents().ok_or(errors::REPRESENTATIVES_ONLY)?.to_owned();
        let found = store::join_requests::list_by_groups(db, &[group])?;
        Loader::new(app, db, Some(own)).join_requests(found, selection)
    })
}

fn require_not_negative(name: &str, number: i32) -> Result<i64> {
    if number < 0 {
        return Err(Error::bad_request(format!("`{name}` cannot be negative.")));
    }
    Ok(number.into())
}
