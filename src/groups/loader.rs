//! Loads accounts, groups and related objects that the viewer may see and the request selects. The loader reads level by
//! level from one snapshot. The number of statements does not depend on the length of lists.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use anyhow::anyhow;

use super::selection::{AccountSelection, GroupSelection, JoinRequestSelection};
use super::visibility::Visibility;
use crate::accounts::Account;
use crate::app::App;
use crate::error::{Error, Result};
use crate::store::groups::Group;
use crate::store::institutions::{Institution, ResearchField};
use crate::store::join_requests::JoinRequest;
use crate::store::{self, Reader};

/// The most entries below the top level of a response, where nested lists multiply, and the most records that are loaded.
const MAX_ENTRIES: usize = 50_000;

/// An object with the related objects that are selected and that the viewer may see.
#[derive(Debug)]
pub struct Seen<T, R> {
    pub record: T,
    pub related: R,
    /// The number of entries that the object adds to a response, including itself. Objects are shared in memory, but a
    /// response repeats them wherever they occur.
    entries: usize,
}

pub type SeenAccount = Arc<Seen<Account, AccountRelations>>;
pub type SeenGroup = Arc<Seen<Group, GroupRelations>>;
pub type SeenInstitution = Arc<Seen<Institution, Vec<SeenGroup>>>;
pub type SeenResearchField = Arc<Seen<ResearchField, Vec<SeenGroup>>>;
pub type SeenJoinRequest = Arc<Seen<JoinRequest, JoinRequestRelations>>;

#[derive(Debug, Default)]
pub struct AccountRelations {
    pub group: Option<SeenGroup>,
    pub join_requests: Vec<SeenJoinRequest>,
}

#[derive(Debug)]
pub struct GroupRelations {
    pub institution: Option<SeenInstitution>,
    pub research_field: SeenResearchField,
    pub representative: Option<SeenAccount>,
    pub members: Vec<SeenAccount>,
    pub join_requests: Vec<SeenJoinRequest>,
}

#[derive(Debug)]
pub struct JoinRequestRelations {
    pub account: Option<SeenAccount>,
    pub group: Option<SeenGroup>,
}

/// Loads the related objects of objects that the viewer may see. Each function rejects a response that would be too large.
pub(super) struct Loader<'a> {
    db: &'a Reader<'a>,
    visibility: Visibility,
    /// The number of related records that were loaded, without those that the viewer may not see.
    loaded: Cell<usize>,
}

impl<'a> Loader<'a> {
    /// Creates a loader for a viewer with the account `own`.
    pub(super) fn new(app: &App, db: &'a Reader<'a>, own: Option<Account>) -> Self {
        Self { db, visibility: Visibility::of(app, own), loaded: Cell::new(0) }
    }

    pub(super) fn account(&self, account: Account, selection: &AccountSelection) -> Result<SeenAccount> {
        only(self.accounts(vec![account], selection)?)
    }

    pub(super) fn group(&self, group: Group, selection: &GroupSelection) -> Result<SeenGroup> {
        only(self.groups(vec![group], selection)?)
    }

    pub(super) fn join_request(
        &self,
        request: JoinRequest,
        selection: &JoinRequestSelection,
    ) -> Result<SeenJoinRequest> {
        only(self.join_requests(vec![request], selection)?)
    }

    pub(super) fn accounts(
        &self,
        accounts: Vec<Account>,
        selection: &AccountSelection,
    ) -> Result<Vec<SeenAccount>> {
        let groups = if_selected(selection.group.as_deref(), |selection| {
            let memberships = accounts.iter().filter_map(|account| account.membership.as_ref());
            let ids = distinct(memberships.map(|membership| membership.group.clone()), String::clone);
            let groups = self.visible_groups(store::groups::list_by_ids(self.db, &ids)?, selection)?;
            Ok(by_key(groups, |group| group.record.id.clone()))
        })?;
        let mut join_requests = if_selected(selection.join_requests.as_deref(), |selection| {
            let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
            let requests = store::join_requests::list_by_accounts(self.db, &ids)?;
            let requests = self.visible_join_requests(requests, selection)?;
            Ok(lists_by_key(requests, |request| request.record.account))
        })?;
        let seen = accounts.into_iter().map(|account| {
            let membership = account.membership.as_ref();
            let group = membership.and_then(|membership| groups.get(&membership.group)).cloned();
            let join_requests = join_requests.remove(&account.id).unwrap_or_default();
            let entries = 1 + count(&group) + count(&join_requests);
            Arc::new(Seen { record: account, related: AccountRelations { group, join_requests }, entries })
        });
        check_size(seen.collect())
    }

    pub(super) fn groups(&self, groups: Vec<Group>, selection: &GroupSelection) -> Result<Vec<SeenGroup>> {
        let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
        let institutions = groups.iter().filter_map(|group| group.institution.clone());
        let institutions = distinct(institutions, |institution| institution.id.clone());
        let institutions = self.institutions(institutions, selection.institution_groups.as_deref())?;
        let institutions = by_key(institutions, |institution| institution.record.id.clone());
        let fields = distinct(groups.iter().map(|group| group.research_field.clone()), |field| field.id);
        let fields = self.research_fields(fields, selection.research_field_groups.as_deref())?;
        let fields = by_key(fields, |field| field.record.id);
        let mut representatives = if_selected(selection.representative.as_deref(), |selection| {
            self.visible_members(store::accounts::list_representatives(self.db, &ids)?, selection)
        })?;
        let mut members = if_selected(selection.members.as_deref(), |selection| {
            self.visible_members(store::accounts::list_by_groups(self.db, &ids)?, selection)
        })?;
        let mut join_requests = if_selected(selection.join_requests.as_deref(), |selection| {
            let requests = store::join_requests::list_by_groups(self.db, &ids)?;
            let requests = self.visible_join_requests(requests, selection)?;
            Ok(lists_by_key(requests, |request| request.record.group.clone()))
        })?;
        let seen = groups.into_iter().filter_map(|group| {
            let institution = group.institution.as_ref();
            let related = GroupRelations {
                institution: institution.and_then(|institution| institutions.get(&institution.id)).cloned(),
                research_field: Arc::clone(fields.get(&group.research_field.id)?),
                representative: representatives.remove(&group.id).and_then(|mut accounts| accounts.pop()),
                members: members.remove(&group.id).unwrap_or_default(),
                join_requests: join_requests.remove(&group.id).unwrap_or_default(),
            };
            let accounts = count(&related.representative) + count(&related.members);
            let places = count(&related.institution) + related.research_field.entries;
            let entries = 1 + accounts + places + count(&related.join_requests);
            Some(Arc::new(Seen { record: group, related, entries }))
        });
        check_size(seen.collect())
    }

    pub(super) fn institutions(
        &self,
        institutions: Vec<Institution>,
        groups: Option<&GroupSelection>,
    ) -> Result<Vec<SeenInstitution>> {
        let mut groups = if_selected(groups, |selection| {
            let ids: Vec<_> = institutions.iter().map(|institution| institution.id.clone()).collect();
            let groups = store::groups::list_by_institutions(self.db, &ids)?;
            let groups = self.visible_groups(groups, selection)?;
            Ok(lists_by_key(groups, |group| group.record.institution.as_ref().map(|it| it.id.clone())))
        })?;
        let seen = institutions.into_iter().map(|institution| {
            let groups = groups.remove(&Some(institution.id.clone())).unwrap_or_default();
            Arc::new(Seen { record: institution, entries: 1 + count(&groups), related: groups })
        });
        check_size(seen.collect())
    }

    pub(super) fn research_fields(
        &self,
        fields: Vec<ResearchField>,
        groups: Option<&GroupSelection>,
    ) -> Result<Vec<SeenResearchField>> {
        let mut groups = if_selected(groups, |selection| {
            let ids: Vec<_> = fields.iter().map(|field| field.id).collect();
            let groups = store::groups::list_by_research_fields(self.db, &ids)?;
            Ok(lists_by_key(self.visible_groups(groups, selection)?, |group| group.record.research_field.id))
        })?;
        let seen = fields.into_iter().map(|field| {
            let groups = groups.remove(&field.id).unwrap_or_default();
            Arc::new(Seen { record: field, entries: 1 + count(&groups), related: groups })
        });
        check_size(seen.collect())
    }

    /// Loads the account and the group of each request without another check: who may see the request may see both.
    pub(super) fn join_requests(
        &self,
        requests: Vec<JoinRequest>,
        selection: &JoinRequestSelection,
    ) -> Result<Vec<SeenJoinRequest>> {
        let accounts = if_selected(selection.account.as_deref(), |selection| {
            let ids = distinct(requests.iter().map(|request| request.account), |id| *id);
            self.count_loaded(ids.len())?;
            let accounts = self.accounts(store::accounts::list_by_ids(self.db, &ids)?, selection)?;
            Ok(by_key(accounts, |account| account.record.id))
        })?;
        let groups = if_selected(selection.group.as_deref(), |selection| {
            let ids = distinct(requests.iter().map(|request| request.group.clone()), String::clone);
            self.count_loaded(ids.len())?;
            let groups = self.groups(store::groups::list_by_ids(self.db, &ids)?, selection)?;
            Ok(by_key(groups, |group| group.record.id.clone()))
        })?;
        let seen = requests.into_iter().map(|request| {
            let account = accounts.get(&request.account).cloned();
            let group = groups.get(&request.group).cloned();
            let entries = 1 + count(&account) + count(&group);
            Arc::new(Seen { record: request, related: JoinRequestRelations { account, group }, entries })
        });
        check_size(seen.collect())
    }

    fn visible_groups(&self, groups: Vec<Group>, selection: &GroupSelection) -> Result<Vec<SeenGroup>> {
        self.groups(self.visible(groups, Visibility::sees_group)?, selection)
    }

    /// Returns the visible members of groups by the id of the group.
    fn visible_members(
        &self,
        members: Vec<Account>,
        selection: &AccountSelection,
    ) -> Result<HashMap<String, Vec<SeenAccount>>> {
        let members = self.accounts(self.visible(members, Visibility::sees_account)?, selection)?;
        Ok(lists_by_key(members, |member| {
            member.record.membership.as_ref().map(|membership| membership.group.clone()).unwrap_or_default()
        }))
    }

    fn visible_join_requests(
        &self,
        requests: Vec<JoinRequest>,
        selection: &JoinRequestSelection,
    ) -> Result<Vec<SeenJoinRequest>> {
        self.join_requests(self.visible(requests, Visibility::sees_join_request)?, selection)
    }

    fn visible<T>(&self, mut records: Vec<T>, sees: impl Fn(&Visibility, &T) -> bool) -> Result<Vec<T>> {
        records.retain(|record| sees(&self.visibility, record));
        self.count_loaded(records.len())?;
        Ok(records)
    }

    /// Adds to the number of loaded records, and rejects the request if there are too many.
    fn count_loaded(&self, more: usize) -> Result<()> {
        self.loaded.set(self.loaded.get() + more);
        if self.loaded.get() > MAX_ENTRIES { Err(too_large()) } else { Ok(()) }
    }
}

fn only<T>(mut loaded: Vec<T>) -> Result<T> {
    loaded.pop().ok_or_else(|| anyhow!("an object was not loaded").into())
}

/// Rejects a list if its entries have too many entries below them.
fn check_size<T, R>(seen: Vec<Arc<Seen<T, R>>>) -> Result<Vec<Arc<Seen<T, R>>>> {
    if count(&seen) - seen.len() > MAX_ENTRIES { Err(too_large()) } else { Ok(seen) }
}

fn too_large() -> Error {
    Error::bad_request(format!(
        "The request selects too much: lists within lists may return at most {MAX_ENTRIES} entries."
    ))
}

fn count<'s, T: 's, R: 's>(seen: impl IntoIterator<Item = &'s Arc<Seen<T, R>>>) -> usize {
    seen.into_iter().fold(0, |sum, seen| sum.saturating_add(seen.entries))
}

fn if_selected<S, T: Default>(selection: Option<&S>, load: impl FnOnce(&S) -> Result<T>) -> Result<T> {
    selection.map_or_else(|| Ok(T::default()), load)
}

fn distinct<T, K: Eq + Hash>(values: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut keys = HashSet::new();
    values.filter(|value| keys.insert(key(value))).collect()
}

fn by_key<T, K: Eq + Hash>(values: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, T> {
    values.into_iter().map(|value| (key(&value), value)).collect()
}

fn lists_by_key<T, K: Eq + Hash>(values: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, Vec<T>> {
    let mut lists: HashMap<K, Vec<T>> = HashMap::new();
    for value in values {
        lists.entry(key(&value)).or_default().push(value);
    }
    lists
}
