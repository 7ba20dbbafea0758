//! Outages: times at which no mail can be delivered.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;

/// When the current outage began. A single mail that is refused or deferred does not start one: that may depend on its
/// recipient.
pub struct Outage(AtomicI64);

/// A delivery attempt. An outage counts as begun during the attempt, because a mail server may never complete its reply.
/// An attempt that is dropped without an outcome restores the state before it.
pub struct Attempt<'a> {
    outage: &'a Outage,
    began_at: i64,
    /// The start of the outage once the attempt is over.
    outage_afterwards: i64,
}

/// The start of the outage if there is none: later than any time.
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

    /// Returns whether the last attempt met an outage, or an attempt is under way.
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
