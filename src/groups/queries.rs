//! What is asked for: the rule behind each query. Each reads from one snapshot, by the policy in `visibility`.

use super::errors::{REPRESENTATIVES_ONLY, require_login};
use super::loader::{
    AccountSelection, GroupSelection, JoinRequestSelection, Loader, PlaceSelection, SeenAccount, SeenGroup,
    SeenInstitution, SeenJoinRequest, SeenResearchField, bounded,
};
use super::visibility::Visibility;
use crate::accounts::text::search_key;
use crate::accounts::user_list::{self, Page, PageArgs};
use crate::accounts::{Account, AccountId, Error, Filter, Result, Viewer, sessions};
use crate::app::App;
use crate::store::institutions::Search;
use crate::store::{self, Reader};

/// The most words of a search that are looked at.
const MOST_WORDS: usize = 8;
/// More bytes than name and place of an institution have, and fewer than a pattern may have.
const LONGEST_WORD: usize = 4096;

/// Which institutions are wanted.
#[derive(Debug, Default)]
pub struct InstitutionSearch {
    /// Words that name or place hold, in any order, without regard to case and accents.
    pub search: Option<String>,
    /// At most so many.
    pub first: Option<i32>,
    /// How many to leave out at the beginning.
    pub offset: Option<i32>,
}

/// The account of whoever asks; none without a good token.
///
/// # Errors
/// A sentence if too much around it is wanted.
pub fn me(app: &App, viewer: &Viewer, selection: &AccountSelection) -> Result<Option<SeenAccount>> {
    app.store.read(|db| match sessions::identify(app, db, viewer)? {
        Some(own) => one(app, db, &own, own.clone(), selection).map(Some),
        None => Ok(None),
    })
}

/// An account as its owner sees it.
///
/// # Errors
/// A sentence if too much around it is wanted.
pub fn own(app: &App, own: &Account, selection: &AccountSelection) -> Result<SeenAccount> {
    app.store.read(|db| one(app, db, own, own.clone(), selection))
}

/// An account by its number; one that must not be seen is as one that does not exist.
///
/// # Errors
/// A sentence if too much around it is wanted.
pub fn user(
    app: &App,
    viewer: &Viewer,
    id: AccountId,
    selection: &AccountSelection,
) -> Result<Option<SeenAccount>> {
    app.store.read(|db| {
        let own = sessions::identify(app, db, viewer)?;
        let found = user_list::user(app, db, own.as_ref(), id)?;
        let visibility = Visibility::of(app, own);
        let seen = Loader::new(db, &visibility).accounts(found.into_iter().collect(), selection)?;
        Ok(bounded(seen)?.pop())
    })
}

/// Part of the list of accounts that pass the filter and that the asker may see.
///
/// # Errors
/// A sentence if the arguments make no sense, or too much around the accounts is wanted.
pub fn users(
    app: &App,
    viewer: &Viewer,
    filter: Filter,
    args: PageArgs,
    selection: &AccountSelection,
) -> Result<Page<SeenAccount>> {
    app.store.read(|db| {
        let own = sessions::identify(app, db, viewer)?;
        let Page { accounts, start, has_next, has_previous } =
            user_list::users(app, db, own.as_ref(), filter, args)?;
        let visibility = Visibility::of(app, own);
        let accounts = bounded(Loader::new(db, &visibility).accounts(accounts, selection)?)?;
        Ok(Page { accounts, start, has_next, has_previous })
    })
}

/// The institutions that a search finds, in the order in which they were imported.
///
/// # Errors
/// A sentence if the search makes no sense, or too much around the institutions is wanted.
pub fn institutions(
    app: &App,
    viewer: &Viewer,
    search: &InstitutionSearch,
    selection: &PlaceSelection,
) -> Result<Vec<SeenInstitution>> {
    let search = Search {
        words: words(search.search.as_deref().unwrap_or_default()),
        first: search.first.map(|first| not_negative("first", first)).transpose()?,
        offset: not_negative("offset", search.offset.unwrap_or_default())?,
    };
    if search.words.iter().any(|word| word.len() > LONGEST_WORD) {
        return Ok(Vec::new());
    }
    app.store.read(|db| {
        let found = store::institutions::list_institutions(db, &search)?;
        let visibility = Visibility::of(app, sessions::identify(app, db, viewer)?);
        bounded(Loader::new(db, &visibility).institutions(found, selection)?)
    })
}

/// The words that a search looks for, without regard to case and accents.
pub(super) fn words(search: &str) -> Vec<String> {
    search_key(search)
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(str::to_owned)
        .collect()
}

/// All research fields, by their number.
///
/// # Errors
/// A sentence if too much around them is wanted.
pub fn research_fields(
    app: &App,
    viewer: &Viewer,
    selection: &PlaceSelection,
) -> Result<Vec<SeenResearchField>> {
    app.store.read(|db| {
        let found = store::institutions::list_research_fields(db)?;
        let visibility = Visibility::of(app, sessions::identify(app, db, viewer)?);
        bounded(Loader::new(db, &visibility).research_fields(found, selection)?)
    })
}

/// All public working groups, in the order in which they were founded.
///
/// # Errors
/// A refusal if nobody is logged in, and a sentence if too much around the groups is wanted.
pub fn working_groups(app: &App, viewer: &Viewer, selection: &GroupSelection) -> Result<Vec<SeenGroup>> {
    app.store.read(|db| {
        let visibility = Visibility::of(app, Some(require_login(app, db, viewer)?));
        let found = store::groups::list_public(db)?;
        bounded(Loader::new(db, &visibility).groups(found, selection)?)
    })
}

/// The members of the group that the asker speaks for.
///
/// # Errors
/// A refusal if the asker speaks for none, and a sentence if too much around the members is wanted.
pub fn members(app: &App, viewer: &Viewer, selection: &AccountSelection) -> Result<Vec<SeenAccount>> {
    app.store.read(|db| {
        let own = require_login(app, db, viewer)?;
        let group = own.represents().ok_or(REPRESENTATIVES_ONLY)?.to_owned();
        let found = store::memberships::list_members(db, &[group])?;
        bounded(Loader::new(db, &Visibility::of(app, Some(own))).accounts(found, selection)?)
    })
}

/// The wishes to join the group that the asker speaks for, answered ones included.
///
/// # Errors
/// As [`members`].
pub fn join_requests(
    app: &App,
    viewer: &Viewer,
    selection: &JoinRequestSelection,
) -> Result<Vec<SeenJoinRequest>> {
    app.store.read(|db| {
        let own = require_login(app, db, viewer)?;
        let group = own.represents().ok_or(REPRESENTATIVES_ONLY)?.to_owned();
        let found = store::join_requests::list_by_groups(db, &[group])?;
        bounded(Loader::new(db, &Visibility::of(app, Some(own))).join_requests(found, selection)?)
    })
}

/// One account, which `own` may see, as `own` sees it.
pub(super) fn one(
    app: &App,
    db: &Reader<'_>,
    own: &Account,
    account: Account,
    selection: &AccountSelection,
) -> Result<SeenAccount> {
    let visibility = Visibility::of(app, Some(own.clone()));
    let seen = bounded(Loader::new(db, &visibility).accounts(vec![account], selection)?)?.pop();
    seen.ok_or_else(|| anyhow::anyhow!("an account is not in its own picture").into())
}

fn not_negative(name: &str, number: i32) -> Result<i64> {
    if number < 0 {
        return Err(Error::BadRequest(format!("`{name}` cannot be negative.").into()));
    }
    Ok(number.into())
}
