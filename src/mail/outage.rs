//! Outages, during which no mail can be delivered.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;

/// The start of the current outage. A refused or deferred mail starts none, because its recipient may be the cause.
pub struct Outage(AtomicI64);

/// A delivery attempt, which counts as an outage while it is under way, because a mail server may never complete its reply.
/// Dropping it without an outcome restores the state before it.
pub struct Attempt<'a> {
    outage: &'a Outage,
    began_at: i64,
    /// What `outage` becomes when the attempt ends.
    outage_afterwards: i64,
}

/// Stands for no outage. It is later than any time.
const NONE: i64 = i64::MAX;

impl Default for Outage {
    fn default() -> Self {
        Self(AtomicI64::new(NONE))
    }
}

impl Outage {
    pub fn start_attempt(&self, now: Timestamp) -> Attempt<'_> {
        let began_at = now.micros();
        Attempt { outage: self, began_at, outage_afterwards: self.0.fetch_min(began_at, Ordering::Relaxed) }
    }

    /// Whether the last attempt failed because of an outage, or an attempt is under way.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) != NONE
    }

    pub fn began_before(&self, time: Timestamp) -> bool {
        self.0.load(Ordering::Relaxed) < time.micros()
    }
}

impl Attempt<'_> {
    /// Ends an attempt that failed for a reason that affects all mails.
    pub fn failed(mut self) {
        self.outage_afterwards = self.outage_afterwards.min(self.began_at);
    }

    /// Ends an attempt that delivered its mail or failed for a reason that affects only this mail.
    pub fn succeeded(mut self) {
        self.outage_afterwards = NONE;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.outage.0.store(self.outage_afterwards, Ordering::Relaxed);
    }
}
