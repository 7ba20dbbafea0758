//! The rule behind each query. Each rule reads from one snapshot and follows the policy in `visibility`.

use super::errors::{REPRESENTATIVES_ONLY, require_login};
use super::loader::{Loader, SeenAccount, SeenGroup, SeenInstitution, SeenJoinRequest, SeenResearchField};
use super::selection::{AccountSelection, GroupSelection, JoinRequestSelection};
use super::visibility::Visibility;
use crate::accounts::user_list::{self, Page, PageArgs};
use crate::accounts::{Account, AccountId, Filter};
use crate::app::App;
use crate::error::{Error, Result};
use crate::security::Viewer;
use crate::security::authentication::caller;
use crate::store::{self, Reader};
use crate::text::search_key;

const MOST_WORDS: usize = 8;
/// Longer than the name and place of any institution in bytes, and shorter than the limit of a `LIKE` pattern.
const LONGEST_WORD: usize = 4096;

/// Which institutions to return.
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
    app.store.read(|db| match caller(app, db, viewer)?.account {
        Some(own) => one(app, db, &own, own.clone(), selection).map(Some),
        None => Ok(None),
    })
}

/// Returns an account as its owner sees it.
pub fn own(app: &App, own: &Account, selection: &AccountSelection) -> Result<SeenAccount> {
    app.store.read(|db| one(app, db, own, own.clone(), selection))
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
        let visibility = Visibility::of(app, own);
        Ok(Loader::new(db, &visibility).accounts(found.into_iter().collect(), selection)?.pop())
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
        let Page { accounts, start, has_next, has_previous } =
            user_list::users(app, db, own.as_ref(), filter, args)?;
        let visibility = Visibility::of(app, own);
        let accounts = Loader::new(db, &visibility).accounts(accounts, selection)?;
        Ok(Page { accounts, start, has_next, has_previous })
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
    let limit = search.first.map_or(Ok(i64::MAX), |first| not_negative("first", first))?;
    let offset = not_negative("offset", search.offset.unwrap_or_default())?;
    if words.iter().any(|word| word.len() > LONGEST_WORD) {
        return Ok(Vec::new());
    }
    app.store.read(|db| {
        let found = store::institutions::list_institutions(db, &words, limit, offset)?;
        let visibility = Visibility::of(app, caller(app, db, viewer)?.account);
        Loader::new(db, &visibility).institutions(found, groups)
    })
}

/// Splits a search into words, ignoring case and accents.
pub(super) fn words(search: &str) -> Vec<String> {
    search_key(search)
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
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
        let visibility = Visibility::of(app, caller(app, db, viewer)?.account);
        Loader::new(db, &visibility).research_fields(found, groups)
    })
}

/// Returns all public working groups, in the order in which they were created.
pub fn working_groups(app: &App, viewer: &Viewer, selection: &GroupSelection) -> Result<Vec<SeenGroup>> {
    app.store.read(|db| {
        let visibility = Visibility::of(app, Some(require_login(caller(app, db, viewer)?)?));
        let found = store::groups::list_public(db)?;
        Loader::new(db, &visibility).groups(found, selection)
    })
}

/// Returns the members of the group that the viewer represents.
pub fn members(app: &App, viewer: &Viewer, selection: &AccountSelection) -> Result<Vec<SeenAccount>> {
    app.store.read(|db| {
        let own = require_login(caller(app, db, viewer)?)?;
        let group = own.represents().ok_or(REPRESENTATIVES_ONLY)?.to_owned();
        let found = store::memberships::list_members(db, &[group])?;
        Loader::new(db, &Visibility::of(app, Some(own))).accounts(found, selection)
    })
}

/// Returns the requests to join the group that the viewer represents, including answered ones.
pub fn join_requests(
    app: &App,
    viewer: &Viewer,
    selection: &JoinRequestSelection,
) -> Result<Vec<SeenJoinRequest>> {
    app.store.read(|db| {
        let own = require_login(caller(app, db, viewer)?)?;
        let group = own.represents().ok_or(REPRESENTATIVES_ONLY)?.to_owned();
        let found = store::join_requests::list_by_groups(db, &[group])?;
        Loader::new(db, &Visibility::of(app, Some(own))).join_requests(found, selection)
    })
}

/// Returns an account as `own` sees it. `own` must be allowed to see the account.
pub(super) fn one(
    app: &App,
    db: &Reader<'_>,
    own: &Account,
    account: Account,
    selection: &AccountSelection,
) -> Result<SeenAccount> {
    let visibility = Visibility::of(app, Some(own.clone()));
    let seen = Loader::new(db, &visibility).accounts(vec![account], selection)?.pop();
    seen.ok_or_else(|| anyhow::anyhow!("the account was not loaded").into())
}

fn not_negative(name: &str, number: i32) -> Result<i64> {
    if number < 0 {
        return Err(Error::bad_request(format!("`{name}` cannot be negative.")));
    }
    Ok(number.into())
}
