//! What clients share, such as connections and memory: how much of it is taken at a time, by all of them together and by
//! each, so that no client takes what the others need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that clients share.
#[derive(Clone)]
pub(super) struct Shares(Arc<Shared>);

struct Shared {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    by_all: usize,
    by_client: HashMap<String, usize>,
}

impl Shares {
    /// Lets all clients together take `most`, and each `most_of_one`.
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self(Arc::new(Shared { most, most_of_one, taken: Mutex::default() }))
    }

    /// Takes a share for a client, until it is dropped. Returns none if the client, or all clients together, would then have
    /// too much. The limit of one does not apply to a client that has taken nothing, and the limit of all does not apply
    /// while nobody has taken anything.
    pub(super) fn take(&self, client: String, amount: usize) -> Option<Share> {
        let mut taken = self.taken();
        let fits = |before: usize, most: usize| before == 0 || before.saturating_add(amount) <= most;
        let before = taken.by_client.get(&client).copied().unwrap_or_default();
        if !fits(taken.by_all, self.0.most) || !fits(before, self.0.most_of_one) {
            return None;
        }
        taken.by_all += amount;
        taken.by_client.insert(client.clone(), before + amount);
        Some(Share { client, amount, shares: self.clone() })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client has taken.
pub(super) struct Share {
    client: String,
    amount: usize,
    shares: Shares,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        taken.by_all -= self.amount;
        if let Some(by_client) = taken.by_client.get_mut(&self.client) {
            *by_client -= self.amount;
            if *by_client == 0 {
                taken.by_client.remove(&self.client);
            }
        }
    }
}
