//! Whether mail as a whole stands still.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;

/// Since when no mail leaves. The outcome of a single mail may depend on its recipient and says nothing about the others.
pub struct Outage(AtomicI64);

/// An attempt to deliver a mail. A mail server may never complete its reply, so the outage counts as begun during the
/// attempt. If the attempt is dropped without an outcome, the outage is as it was before.
pub struct Attempt<'a> {
    outage: &'a Outage,
    began_at: i64,
    /// Since when no mail leaves once the attempt is over.
    afterwards: i64,
}

/// Later than any moment.
const NEVER: i64 = i64::MAX;

impl Default for Outage {
    fn default() -> Self {
        Self(AtomicI64::new(NEVER))
    }
}

impl Outage {
    pub fn begin_attempt(&self, now: Timestamp) -> Attempt<'_> {
        let began_at = now.micros();
        Attempt { outage: self, began_at, afterwards: self.0.fetch_min(began_at, Ordering::Relaxed) }
    }

    /// Whether the last attempt failed because no mail leaves, or an attempt is under way.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) != NEVER
    }

    /// Whether no mail has left since before `moment`.
    pub fn began_before(&self, moment: Timestamp) -> bool {
        self.0.load(Ordering::Relaxed) < moment.micros()
    }
}

impl Attempt<'_> {
    /// No mail can leave.
    pub fn fails(mut self) {
        self.afterwards = self.afterwards.min(self.began_at);
    }

    /// The mail left, or was put off for reasons of its own.
    pub fn succeeds(mut self) {
        self.afterwards = NEVER;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.outage.0.store(self.afterwards, Ordering::Relaxed);
    }
}
