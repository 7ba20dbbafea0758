//! Limits on what clients use at the same time, such as connections and memory: per client and in total.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// POST requests of one client in progress, on all of its connections.
const MAX_REQUESTS_PER_CLIENT: usize = 256;
/// Bytes of replies that are not sent yet, except for small ones. A small request can cause a reply of a megabyte, and the
/// client may read it slowly.
const MAX_UNSENT_BYTES: usize = 64 << 20;
const MAX_UNSENT_BYTES_PER_CLIENT: usize = 16 << 20;

/// The two quotas of clients. A reload of the settings keeps them, because requests in progress have reservations.
#[derive(Clone)]
pub(super) struct Quotas {
    pub(super) requests: ClientQuota,
    pub(super) unsent_bytes: ClientQuota,
}

impl Quotas {
    pub(super) fn new() -> Self {
        Self {
            requests: ClientQuota::new(usize::MAX, MAX_REQUESTS_PER_CLIENT),
            unsent_bytes: ClientQuota::new(MAX_UNSENT_BYTES, MAX_UNSENT_BYTES_PER_CLIENT),
        }
    }
}

#[derive(Clone)]
pub(super) struct ClientQuota {
    max: usize,
    max_per_client: usize,
    usage: Arc<Mutex<Usage>>,
}

#[derive(Default)]
struct Usage {
    total: usize,
    by_client: HashMap<String, usize>,
}

impl ClientQuota {
    pub(super) fn new(max: usize, max_per_client: usize) -> Self {
        Self { max, max_per_client, usage: Arc::default() }
    }

    /// Reserves an amount for a client until the reservation is dropped. Returns `None` if that would exceed a limit. A
    /// limit does not apply while nothing is reserved, because an amount above the limit could otherwise never be reserved.
    pub(super) fn reserve(&self, client: String, amount: usize) -> Option<Reservation> {
        let mut usage = self.usage();
        let fits = |used: usize, max: usize| used == 0 || used.saturating_add(amount) <= max;
        let used = usage.by_client.get(&client).copied().unwrap_or_default();
        if !fits(usage.total, self.max) || !fits(used, self.max_per_client) {
            return None;
        }
        usage.total += amount;
        usage.by_client.insert(client.clone(), used + amount);
        Some(Reservation { client, amount, quota: self.clone() })
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Reservation {
    client: String,
    amount: usize,
    quota: ClientQuota,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut usage = self.quota.usage();
        usage.total -= self.amount;
        if let Some(used) = usage.by_client.get_mut(&self.client) {
            *used -= self.amount;
            if *used == 0 {
                usage.by_client.remove(&self.client);
            }
        }
    }
}
