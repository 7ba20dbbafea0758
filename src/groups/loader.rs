//! Loads accounts, groups and related objects, as far as the viewer may see them. A request says what it selects. The
//! loader reads that level by level from one snapshot, with as many statements for a list as for one entry.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::visibility::Visibility;
use crate::accounts::{Account, Error, Result};
use crate::store::groups::Group;
use crate::store::institutions::{Institution, ResearchField};
use crate::store::join_requests::JoinRequest;
use crate::store::{self, Reader};

/// The most entries below the top-level list of a response. Lists within lists multiply.
const MOST: usize = 50_000;

/// What a request selects around an account.
#[derive(Debug, Default)]
pub struct AccountSelection {
    pub group: Option<Box<GroupSelection>>,
    pub join_requests: Option<Box<JoinRequestSelection>>,
}

/// What a request selects around a working group.
#[derive(Debug, Default)]
pub struct GroupSelection {
    /// The selection around the institution, which is always loaded itself.
    pub institution: PlaceSelection,
    /// The selection around the research field, which is always loaded itself.
    pub research_field: PlaceSelection,
    pub representative: Option<Box<AccountSelection>>,
    pub members: Option<Box<AccountSelection>>,
    pub join_requests: Option<Box<JoinRequestSelection>>,
}

/// What a request selects around an institution or a research field.
#[derive(Debug, Default)]
pub struct PlaceSelection {
    pub groups: Option<Box<GroupSelection>>,
}

/// What a request selects around a join request.
#[derive(Debug, Default)]
pub struct JoinRequestSelection {
    /// The account that made the request.
    pub account: Option<Box<AccountSelection>>,
    /// The group that the account asked to join.
    pub group: Option<Box<GroupSelection>>,
}

/// An object as the viewer sees it. Related objects that were not selected, or that the viewer may not see, are
/// absent.
#[derive(Debug)]
pub struct Seen<T, A> {
    /// The object itself.
    pub record: T,
    /// The related objects.
    pub related: A,
    /// The number of entries that the object adds to a response, itself included.
    weight: usize,
}

/// An account as the viewer sees it.
pub type SeenAccount = Arc<Seen<Account, AccountRelations>>;
/// A working group as the viewer sees it.
pub type SeenGroup = Arc<Seen<Group, GroupRelations>>;
/// An institution as the viewer sees it.
pub type SeenInstitution = Arc<Seen<Institution, Vec<SeenGroup>>>;
/// A research field as the viewer sees it.
pub type SeenResearchField = Arc<Seen<ResearchField, Vec<SeenGroup>>>;
/// A join request as the viewer sees it.
pub type SeenJoinRequest = Arc<Seen<JoinRequest, JoinRequestRelations>>;

/// What the viewer sees around an account.
#[derive(Debug, Default)]
pub struct AccountRelations {
    pub group: Option<SeenGroup>,
    pub join_requests: Vec<SeenJoinRequest>,
}

/// What the viewer sees around a working group.
#[derive(Debug)]
pub struct GroupRelations {
    pub institution: Option<SeenInstitution>,
    pub research_field: SeenResearchField,
    pub representative: Option<SeenAccount>,
    pub members: Vec<SeenAccount>,
    pub join_requests: Vec<SeenJoinRequest>,
}

/// What the viewer sees around a join request.
#[derive(Debug)]
pub struct JoinRequestRelations {
    pub account: Option<SeenAccount>,
    pub group: Option<SeenGroup>,
}

/// Loads objects as the viewer sees them.
pub(super) struct Loader<'a> {
    db: &'a Reader<'a>,
    visibility: &'a Visibility,
    read: Cell<usize>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(db: &'a Reader<'a>, visibility: &'a Visibility) -> Self {
        Self { db, visibility, read: Cell::new(0) }
    }

    pub(super) fn accounts(
        &self,
        accounts: Vec<Account>,
        selection: &AccountSelection,
    ) -> Result<Vec<SeenAccount>> {
        let groups = match &selection.group {
            Some(selection) => {
                let memberships = accounts.iter().filter_map(|account| account.membership.as_ref());
                let ids = distinct(memberships.map(|membership| membership.group.clone()));
                let groups = store::groups::list_by_ids(self.db, &ids)?;
                by_key(self.visible_groups(groups, selection)?, |group| group.record.id.clone())
            }
            None => HashMap::new(),
        };
        let mut join_requests = match &selection.join_requests {
            Some(selection) => {
                let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
                let made = store::join_requests::list_by_accounts(self.db, &ids)?;
                lists_by_key(self.visible_join_requests(made, selection)?, |request| request.record.account)
            }
            None => HashMap::new(),
        };
        Ok(accounts
            .into_iter()
            .map(|account| {
                let group = account.membership.as_ref().and_then(|own| groups.get(&own.group)).cloned();
                let join_requests = join_requests.remove(&account.id).unwrap_or_default();
                let weight = 1 + weight_of(&group) + weight_of(&join_requests);
                Arc::new(Seen { record: account, related: AccountRelations { group, join_requests }, weight })
            })
            .collect())
    }

    pub(super) fn groups(&self, groups: Vec<Group>, selection: &GroupSelection) -> Result<Vec<SeenGroup>> {
        let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
        let institutions = groups.iter().filter_map(|group| group.institution.clone());
        let institutions =
            self.institutions(distinct_by(institutions, |it| it.id.clone()), &selection.institution)?;
        let institutions = by_key(institutions, |seen| seen.record.id.clone());
        let fields = groups.iter().map(|group| group.research_field.clone());
        let fields = self.research_fields(distinct_by(fields, |it| it.id), &selection.research_field)?;
        let fields = by_key(fields, |seen| seen.record.id);
        let people = |people: Vec<Account>, selection| -> Result<_> {
            let visible: Vec<_> = people.into_iter().filter(|it| self.visibility.sees_account(it)).collect();
            self.count(visible.len())?;
            Ok(lists_by_key(self.accounts(visible, selection)?, group_of))
        };
        let mut representatives = match &selection.representative {
            Some(selection) => people(store::memberships::list_representatives(self.db, &ids)?, selection)?,
            None => HashMap::new(),
        };
        let mut members = match &selection.members {
            Some(selection) => people(store::memberships::list_members(self.db, &ids)?, selection)?,
            None => HashMap::new(),
        };
        let mut join_requests = match &selection.join_requests {
            Some(selection) => {
                let made = store::join_requests::list_by_groups(self.db, &ids)?;
                lists_by_key(self.visible_join_requests(made, selection)?, |request| {
                    request.record.group.clone()
                })
            }
            None => HashMap::new(),
        };
        let seen = groups.into_iter().filter_map(|group| {
            let related = GroupRelations {
                institution: group.institution.as_ref().and_then(|it| institutions.get(&it.id)).cloned(),
                research_field: Arc::clone(fields.get(&group.research_field.id)?),
                representative: representatives.remove(&group.id).and_then(|mut one| one.pop()),
                members: members.remove(&group.id).unwrap_or_default(),
                join_requests: join_requests.remove(&group.id).unwrap_or_default(),
            };
            let places = weight_of(&related.institution) + related.research_field.weight;
            let people = weight_of(&related.representative) + weight_of(&related.members);
            let weight = 1 + places + people + weight_of(&related.join_requests);
            Some(Arc::new(Seen { record: group, related, weight }))
        });
        Ok(seen.collect())
    }

    pub(super) fn institutions(
        &self,
        institutions: Vec<Institution>,
        selection: &PlaceSelection,
    ) -> Result<Vec<SeenInstitution>> {
        let mut groups = match &selection.groups {
            Some(selection) => {
                let ids: Vec<_> = institutions.iter().map(|institution| institution.id.clone()).collect();
                let there = store::groups::list_by_institutions(self.db, &ids)?;
                let at = |group: &SeenGroup| group.record.institution.as_ref().map(|it| it.id.clone());
                lists_by_key(self.visible_groups(there, selection)?, at)
            }
            None => HashMap::new(),
        };
        let seen = institutions.into_iter().map(|institution| {
            let groups = groups.remove(&Some(institution.id.clone())).unwrap_or_default();
            Arc::new(Seen { record: institution, weight: 1 + weight_of(&groups), related: groups })
        });
        Ok(seen.collect())
    }

    pub(super) fn research_fields(
        &self,
        fields: Vec<ResearchField>,
        selection: &PlaceSelection,
    ) -> Result<Vec<SeenResearchField>> {
        let mut groups = match &selection.groups {
            Some(selection) => {
                let ids: Vec<_> = fields.iter().map(|field| field.id).collect();
                let there = store::groups::list_by_research_fields(self.db, &ids)?;
                lists_by_key(self.visible_groups(there, selection)?, |group| group.record.research_field.id)
            }
            None => HashMap::new(),
        };
        let seen = fields.into_iter().map(|field| {
            let groups = groups.remove(&field.id).unwrap_or_default();
            Arc::new(Seen { record: field, weight: 1 + weight_of(&groups), related: groups })
        });
        Ok(seen.collect())
    }

    /// Loads visible join requests, with their accounts and groups.
    pub(super) fn join_requests(
        &self,
        requests: Vec<JoinRequest>,
        selection: &JoinRequestSelection,
    ) -> Result<Vec<SeenJoinRequest>> {
        let accounts = match &selection.account {
            Some(selection) => {
                let ids = distinct(requests.iter().map(|request| request.account));
                self.count(ids.len())?;
                let accounts = store::accounts::list_by_ids(self.db, &ids)?;
                by_key(self.accounts(accounts, selection)?, |account| account.record.id)
            }
            None => HashMap::new(),
        };
        let groups = match &selection.group {
            Some(selection) => {
                let ids = distinct(requests.iter().map(|request| request.group.clone()));
                self.count(ids.len())?;
                let groups = store::groups::list_by_ids(self.db, &ids)?;
                by_key(self.groups(groups, selection)?, |group| group.record.id.clone())
            }
            None => HashMap::new(),
        };
        let seen = requests.into_iter().map(|request| {
            let account = accounts.get(&request.account).cloned();
            let group = groups.get(&request.group).cloned();
            let weight = 1 + weight_of(&account) + weight_of(&group);
            Arc::new(Seen { record: request, related: JoinRequestRelations { account, group }, weight })
        });
        Ok(seen.collect())
    }

    fn visible_groups(&self, groups: Vec<Group>, selection: &GroupSelection) -> Result<Vec<SeenGroup>> {
        let visible: Vec<_> = groups.into_iter().filter(|group| self.visibility.sees_group(group)).collect();
        self.count(visible.len())?;
        self.groups(visible, selection)
    }

    fn visible_join_requests(
        &self,
        requests: Vec<JoinRequest>,
        selection: &JoinRequestSelection,
    ) -> Result<Vec<SeenJoinRequest>> {
        let visible = requests.into_iter().filter(|request| self.visibility.sees_join_request(request));
        let visible: Vec<_> = visible.collect();
        self.count(visible.len())?;
        self.join_requests(visible, selection)
    }

    /// Counts entries that are about to be read, and rejects a request that reads too many.
    fn count(&self, more: usize) -> Result<()> {
        self.read.set(self.read.get() + more);
        if self.read.get() > MOST { Err(too_much()) } else { Ok(()) }
    }
}

/// Rejects a response that is too large. Entries are shared in memory, but a response repeats them wherever they
/// occur.
pub(super) fn bounded<T, A>(seen: Vec<Arc<Seen<T, A>>>) -> Result<Vec<Arc<Seen<T, A>>>> {
    let below = weight_of(&seen) - seen.len();
    if below > MOST { Err(too_much()) } else { Ok(seen) }
}

fn too_much() -> Error {
    let sentence = format!(
        "The request asks for too much: its answer would hold more than {MOST} entries in lists within lists."
    );
    Error::BadRequest(sentence.into())
}

fn group_of(account: &SeenAccount) -> String {
    account.record.membership.as_ref().map(|membership| membership.group.clone()).unwrap_or_default()
}

fn weight_of<'s, T: 's, A: 's>(seen: impl IntoIterator<Item = &'s Arc<Seen<T, A>>>) -> usize {
    seen.into_iter().fold(0, |sum, one| sum.saturating_add(one.weight))
}

fn distinct<K: Eq + Hash + Clone>(keys: impl Iterator<Item = K>) -> Vec<K> {
    distinct_by(keys, K::clone)
}

fn distinct_by<T, K: Eq + Hash>(things: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = std::collections::HashSet::new();
    things.filter(|thing| seen.insert(key(thing))).collect()
}

fn by_key<T, K: Eq + Hash>(things: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, T> {
    things.into_iter().map(|thing| (key(&thing), thing)).collect()
}

fn lists_by_key<T, K: Eq + Hash>(things: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, Vec<T>> {
    let mut lists: HashMap<K, Vec<T>> = HashMap::new();
    for thing in things {
        lists.entry(key(&thing)).or_default().push(thing);
    }
    lists
}
