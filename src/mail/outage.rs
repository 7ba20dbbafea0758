//! Whether mail as a whole stands still.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;

/// Since when no mail leaves, as far as was tried: what becomes of a single mail may be in the hands of whoever gave its
/// address, and says nothing about the others.
pub struct Outage(AtomicI64);

/// Later than any moment.
const NEVER: i64 = i64::MAX;

impl Default for Outage {
    fn default() -> Self {
        Self(AtomicI64::new(NEVER))
    }
}

impl Outage {
    /// No mail could leave at this moment, or one is about to be tried.
    pub fn goes_on(&self, now: Timestamp) {
        self.0.fetch_min(now.micros(), Ordering::Relaxed);
    }

    /// A mail left, or was put off for reasons of its own.
    pub fn ends(&self) {
        self.0.store(NEVER, Ordering::Relaxed);
    }

    /// Whether the last try found it so.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) != NEVER
    }

    /// Whether it has been so since before `moment`.
    pub fn began_before(&self, moment: Timestamp) -> bool {
        self.0.load(Ordering::Relaxed) < moment.micros()
    }
}
