use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;
use crate::store::accounts::Counts;
use crate::store::audit::DayCount;

/// Counts for operators that are kept in memory, because they take long.
#[derive(Default)]
pub struct CountCache(Mutex<Cached>);

#[derive(Default)]
struct Cached {
    accounts: Option<(Counts, Timestamp)>,
    /// The events of days that have ended, by days since 1970.
    days: BTreeMap<i64, Vec<DayCount>>,
}

impl CountCache {
    /// Returns the numbers of accounts, and when they were counted.
    pub fn accounts(&self) -> Option<(Counts, Timestamp)> {
        self.cached().accounts
    }

    pub fn set_accounts(&self, counts: Counts, at: Timestamp) {
        self.cached().accounts = Some((counts, at));
    }

    /// Returns the events of the days from `first` on, and forgets earlier ones.
    pub fn days(&self, first: i64) -> BTreeMap<i64, Vec<DayCount>> {
        let mut cached = self.cached();
        cached.days = cached.days.split_off(&first);
        cached.days.clone()
    }

    pub fn add_days<'a>(&self, days: impl Iterator<Item = (&'a i64, &'a Vec<DayCount>)>) {
        self.cached().days.extend(days.map(|(day, counts)| (*day, counts.clone())));
    }

    fn cached(&self) -> MutexGuard<'_, Cached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
