//! Remembers which access tokens have a valid signature, together with their claims. Times are checked in each request.

use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Each takes about a kilobyte.
const MAX_TOKENS: NonZero<usize> = NonZero::new(1024).expect("not zero");

type Payload = Arc<Map<String, Value>>;

/// Claims by the hash of their token. The hash is not a secret, so it need not be compared in constant time.
pub(super) struct VerifiedTokens(Mutex<LruCache<[u8; 32], Payload>>);

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(MAX_TOKENS)))
    }

    /// Returns the claims of a token, and calls `verify` if it is not known.
    pub(super) fn get_or_verify<E>(
        &self,
        token: &str,
        verify: impl FnOnce() -> Result<Map<String, Value>, E>,
    ) -> Result<Payload, E> {
        let hash = Sha256::digest(token).into();
        let tokens = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(payload) = tokens().get(&hash) {
            return Ok(Arc::clone(payload));
        }
        let payload = Arc::new(verify()?);
        tokens().put(hash, Arc::clone(&payload));
        Ok(payload)
    }
}
