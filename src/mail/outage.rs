//! Outages, during which no mail can be delivered.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;

/// The current outage, if any. A refused or deferred mail starts none, because its recipient may be the cause.
#[derive(Default)]
pub struct Outage(Mutex<State>);

#[derive(Default)]
struct State {
    /// The start of the first attempt that failed since the last success.
    failing_since: Option<Timestamp>,
    /// The number of attempts that are under way.
    under_way: usize,
    /// When the first of them started, or the last one that succeeded meanwhile.
    waiting_since: Option<Timestamp>,
}

/// A delivery attempt. If none succeeds meanwhile, it counts as an outage while it is under way, because a mail server may
/// never complete its reply. Dropping it without an outcome proves nothing.
pub struct Attempt<'a> {
    outage: &'a Outage,
    began_at: Timestamp,
}

impl Outage {
    pub fn start_attempt(&self, now: Timestamp) -> Attempt<'_> {
        let mut state = self.lock();
        if state.under_way == 0 {
            state.waiting_since = Some(now);
        }
        state.under_way += 1;
        Attempt { outage: self, began_at: now }
    }

    /// Whether the last attempt failed because of an outage, or an attempt is under way.
    pub fn is_on(&self) -> bool {
        let state = self.lock();
        state.failing_since.is_some() || state.under_way > 0
    }

    pub fn began_before(&self, time: Timestamp) -> bool {
        let state = self.lock();
        [state.failing_since, state.waiting_since].into_iter().flatten().any(|start| start < time)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// Ends an attempt that failed for a reason that affects all mails.
    pub fn failed(self) {
        self.outage.lock().failing_since.get_or_insert(self.began_at);
    }

    /// Ends an attempt that delivered its mail or failed for a reason that affects only this mail.
    pub fn succeeded(self) {
        let mut state = self.outage.lock();
        state.failing_since = None;
        // A later attempt may have succeeded before this one.
        state.waiting_since = state.waiting_since.max(Some(self.began_at));
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut state = self.outage.lock();
        state.under_way -= 1;
        if state.under_way == 0 {
            state.waiting_since = None;
        }
    }
}
