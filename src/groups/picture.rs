//! Accounts, groups and what is around them, as somebody sees them. A request says what it wants; that is read level
//! by level from one snapshot, with as many statements for a list as for one entry.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::sight::Sight;
use crate::accounts::{Account, Error, Result};
use crate::store::directory::{Institution, ResearchField};
use crate::store::groups::Group;
use crate::store::join_requests::JoinRequest;
use crate::store::{self, Reader};

/// How many entries below the uppermost list an answer may come to. Lists within lists multiply.
const MOST: usize = 50_000;

/// What is wanted around an account.
#[derive(Debug, Default)]
pub struct AroundAccount {
    /// Its working group.
    pub group: Option<Box<AroundGroup>>,
    /// The groups that it asked to join.
    pub join_requests: Option<Box<AroundJoinRequest>>,
}

/// What is wanted around a working group.
#[derive(Debug, Default)]
pub struct AroundGroup {
    /// Its institution is always there; this is what is around that.
    pub institution: AroundPlace,
    /// Likewise its research field.
    pub research_field: AroundPlace,
    /// Who speaks for it.
    pub representative: Option<Box<AroundAccount>>,
    /// Its members.
    pub members: Option<Box<AroundAccount>>,
    /// Who wishes to join.
    pub join_requests: Option<Box<AroundJoinRequest>>,
}

/// What is wanted around an institution or a research field.
#[derive(Debug, Default)]
pub struct AroundPlace {
    /// The working groups there.
    pub groups: Option<Box<AroundGroup>>,
}

/// What is wanted around a wish to join.
#[derive(Debug, Default)]
pub struct AroundJoinRequest {
    /// Who wishes.
    pub account: Option<Box<AroundAccount>>,
    /// Where to.
    pub group: Option<Box<AroundGroup>>,
}

/// Something as somebody sees it. What was not wanted around it is not there, nor is what must not be seen.
#[derive(Debug)]
pub struct Seen<T, A> {
    /// The thing itself.
    pub it: T,
    /// What is around it.
    pub around: A,
    /// How many entries of an answer it makes, itself included.
    weight: usize,
}

/// An account as somebody sees it.
pub type SeenAccount = Arc<Seen<Account, SeenAroundAccount>>;
/// A working group as somebody sees it.
pub type SeenGroup = Arc<Seen<Group, SeenAroundGroup>>;
/// An institution as somebody sees it.
pub type SeenInstitution = Arc<Seen<Institution, Vec<SeenGroup>>>;
/// A research field as somebody sees it.
pub type SeenResearchField = Arc<Seen<ResearchField, Vec<SeenGroup>>>;
/// A wish to join as somebody sees it.
pub type SeenJoinRequest = Arc<Seen<JoinRequest, SeenAroundJoinRequest>>;

/// What somebody sees around an account.
#[derive(Debug, Default)]
pub struct SeenAroundAccount {
    /// See [`AroundAccount`].
    pub group: Option<SeenGroup>,
    /// See [`AroundAccount`].
    pub join_requests: Vec<SeenJoinRequest>,
}

/// What somebody sees around a working group.
#[derive(Debug)]
pub struct SeenAroundGroup {
    /// See [`AroundGroup`].
    pub institution: Option<SeenInstitution>,
    /// See [`AroundGroup`].
    pub research_field: SeenResearchField,
    /// See [`AroundGroup`].
    pub representative: Option<SeenAccount>,
    /// See [`AroundGroup`].
    pub members: Vec<SeenAccount>,
    /// See [`AroundGroup`].
    pub join_requests: Vec<SeenJoinRequest>,
}

/// What somebody sees around a wish to join.
#[derive(Debug)]
pub struct SeenAroundJoinRequest {
    /// See [`AroundJoinRequest`].
    pub account: Option<SeenAccount>,
    /// See [`AroundJoinRequest`].
    pub group: Option<SeenGroup>,
}

/// Reads what somebody sees.
pub(super) struct Picture<'a> {
    db: &'a Reader<'a>,
    sight: &'a Sight,
    read: Cell<usize>,
}

impl<'a> Picture<'a> {
    pub(super) fn new(db: &'a Reader<'a>, sight: &'a Sight) -> Self {
        Self { db, sight, read: Cell::new(0) }
    }

    pub(super) fn accounts(
        &self,
        accounts: Vec<Account>,
        around: &AroundAccount,
    ) -> Result<Vec<SeenAccount>> {
        let groups = match &around.group {
            Some(around) => {
                let memberships = accounts.iter().filter_map(|account| account.membership.as_ref());
                let ids = distinct(memberships.map(|membership| membership.group.clone()));
                let groups = store::groups::list_by_ids(self.db, &ids)?;
                by_key(self.visible_groups(groups, around)?, |group| group.it.id.clone())
            }
            None => HashMap::new(),
        };
        let mut join_requests = match &around.join_requests {
            Some(around) => {
                let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
                let made = store::join_requests::list_by_accounts(self.db, &ids)?;
                lists_by_key(self.visible_join_requests(made, around)?, |request| request.it.account)
            }
            None => HashMap::new(),
        };
        Ok(accounts
            .into_iter()
            .map(|account| {
                let group = account.membership.as_ref().and_then(|own| groups.get(&own.group)).cloned();
                let join_requests = join_requests.remove(&account.id).unwrap_or_default();
                let weight = 1 + weight_of(&group) + weight_of(&join_requests);
                Arc::new(Seen { it: account, around: SeenAroundAccount { group, join_requests }, weight })
            })
            .collect())
    }

    pub(super) fn groups(&self, groups: Vec<Group>, around: &AroundGroup) -> Result<Vec<SeenGroup>> {
        let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
        let institutions = groups.iter().filter_map(|group| group.institution.clone());
        let institutions =
            self.institutions(distinct_by(institutions, |it| it.id.clone()), &around.institution)?;
        let institutions = by_key(institutions, |it| it.it.id.clone());
        let fields = groups.iter().map(|group| group.research_field.clone());
        let fields = self.research_fields(distinct_by(fields, |it| it.id), &around.research_field)?;
        let fields = by_key(fields, |it| it.it.id);
        let people = |people: Vec<Account>, around| -> Result<_> {
            let visible: Vec<_> = people.into_iter().filter(|it| self.sight.sees_account(it)).collect();
            self.count(visible.len())?;
            Ok(lists_by_key(self.accounts(visible, around)?, group_of))
        };
        let mut representatives = match &around.representative {
            Some(around) => people(store::memberships::list_representatives(self.db, &ids)?, around)?,
            None => HashMap::new(),
        };
        let mut members = match &around.members {
            Some(around) => people(store::memberships::list_members(self.db, &ids)?, around)?,
            None => HashMap::new(),
        };
        let mut join_requests = match &around.join_requests {
            Some(around) => {
                let made = store::join_requests::list_by_groups(self.db, &ids)?;
                lists_by_key(self.visible_join_requests(made, around)?, |request| request.it.group.clone())
            }
            None => HashMap::new(),
        };
        let seen = groups.into_iter().filter_map(|group| {
            let around = SeenAroundGroup {
                institution: group.institution.as_ref().and_then(|it| institutions.get(&it.id)).cloned(),
                research_field: Arc::clone(fields.get(&group.research_field.id)?),
                representative: representatives.remove(&group.id).and_then(|mut one| one.pop()),
                members: members.remove(&group.id).unwrap_or_default(),
                join_requests: join_requests.remove(&group.id).unwrap_or_default(),
            };
            let places = weight_of(&around.institution) + around.research_field.weight;
            let people = weight_of(&around.representative) + weight_of(&around.members);
            let weight = 1 + places + people + weight_of(&around.join_requests);
            Some(Arc::new(Seen { it: group, around, weight }))
        });
        Ok(seen.collect())
    }

    pub(super) fn institutions(
        &self,
        institutions: Vec<Institution>,
        around: &AroundPlace,
    ) -> Result<Vec<SeenInstitution>> {
        let mut groups = match &around.groups {
            Some(around) => {
                let ids: Vec<_> = institutions.iter().map(|institution| institution.id.clone()).collect();
                let there = store::groups::list_by_institutions(self.db, &ids)?;
                let at = |group: &SeenGroup| group.it.institution.as_ref().map(|it| it.id.clone());
                lists_by_key(self.visible_groups(there, around)?, at)
            }
            None => HashMap::new(),
        };
        let seen = institutions.into_iter().map(|institution| {
            let groups = groups.remove(&Some(institution.id.clone())).unwrap_or_default();
            Arc::new(Seen { it: institution, weight: 1 + weight_of(&groups), around: groups })
        });
        Ok(seen.collect())
    }

    pub(super) fn research_fields(
        &self,
        fields: Vec<ResearchField>,
        around: &AroundPlace,
    ) -> Result<Vec<SeenResearchField>> {
        let mut groups = match &around.groups {
            Some(around) => {
                let ids: Vec<_> = fields.iter().map(|field| field.id).collect();
                let there = store::groups::list_by_research_fields(self.db, &ids)?;
                lists_by_key(self.visible_groups(there, around)?, |group| group.it.research_field.id)
            }
            None => HashMap::new(),
        };
        let seen = fields.into_iter().map(|field| {
            let groups = groups.remove(&field.id).unwrap_or_default();
            Arc::new(Seen { it: field, weight: 1 + weight_of(&groups), around: groups })
        });
        Ok(seen.collect())
    }

    /// Wishes that may be seen, and with them whoever made them and the groups that they are about.
    pub(super) fn join_requests(
        &self,
        requests: Vec<JoinRequest>,
        around: &AroundJoinRequest,
    ) -> Result<Vec<SeenJoinRequest>> {
        let accounts = match &around.account {
            Some(around) => {
                let ids = distinct(requests.iter().map(|request| request.account));
                self.count(ids.len())?;
                let accounts = store::accounts::list_by_ids(self.db, &ids)?;
                by_key(self.accounts(accounts, around)?, |account| account.it.id)
            }
            None => HashMap::new(),
        };
        let groups = match &around.group {
            Some(around) => {
                let ids = distinct(requests.iter().map(|request| request.group.clone()));
                self.count(ids.len())?;
                let groups = store::groups::list_by_ids(self.db, &ids)?;
                by_key(self.groups(groups, around)?, |group| group.it.id.clone())
            }
            None => HashMap::new(),
        };
        let seen = requests.into_iter().map(|request| {
            let account = accounts.get(&request.account).cloned();
            let group = groups.get(&request.group).cloned();
            let weight = 1 + weight_of(&account) + weight_of(&group);
            Arc::new(Seen { it: request, around: SeenAroundJoinRequest { account, group }, weight })
        });
        Ok(seen.collect())
    }

    fn visible_groups(&self, groups: Vec<Group>, around: &AroundGroup) -> Result<Vec<SeenGroup>> {
        let visible: Vec<_> = groups.into_iter().filter(|group| self.sight.sees_group(group)).collect();
        self.count(visible.len())?;
        self.groups(visible, around)
    }

    fn visible_join_requests(
        &self,
        requests: Vec<JoinRequest>,
        around: &AroundJoinRequest,
    ) -> Result<Vec<SeenJoinRequest>> {
        let visible = requests.into_iter().filter(|request| self.sight.sees_join_request(request));
        let visible: Vec<_> = visible.collect();
        self.count(visible.len())?;
        self.join_requests(visible, around)
    }

    /// Refuses to read on without end.
    fn count(&self, more: usize) -> Result<()> {
        self.read.set(self.read.get() + more);
        if self.read.get() > MOST { Err(too_much()) } else { Ok(()) }
    }
}

/// Refuses an answer that would be too long: entries are shared in memory, and written out as often as they occur.
pub(super) fn bounded<T, A>(seen: Vec<Arc<Seen<T, A>>>) -> Result<Vec<Arc<Seen<T, A>>>> {
    let below = weight_of(&seen) - seen.len();
    if below > MOST { Err(too_much()) } else { Ok(seen) }
}

fn too_much() -> Error {
    let sentence = format!(
        "The request asks for too much: its answer would hold more than {MOST} entries in lists within lists."
    );
    Error::Misused(sentence.into())
}

fn group_of(account: &SeenAccount) -> String {
    account.it.membership.as_ref().map(|membership| membership.group.clone()).unwrap_or_default()
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
