//! Keeps valid documents, because clients send the same ones again and again.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::ExecutableDocument;
use lru::LruCache;

/// The bytes of all texts together. A parsed document takes up to a hundred times the memory of its text.
const MAX_BYTES: usize = 64 * 1024;
const MAX_BYTES_PER_DOCUMENT: usize = 4 * 1024;

/// Documents by their text.
pub(super) struct Documents(Mutex<Cache>);

struct Cache {
    documents: LruCache<Box<str>, Arc<ExecutableDocument>>,
    bytes: usize,
}

impl Documents {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Cache { documents: LruCache::unbounded(), bytes: 0 }))
    }

    pub(super) fn get(&self, text: &str) -> Option<Arc<ExecutableDocument>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).documents.get(text).cloned()
    }

    /// Keeps a valid document. Drops the least recently used ones if there are too many.
    pub(super) fn insert(&self, text: &str, document: Arc<ExecutableDocument>) {
        // A string may be a password, and a document with strings is rarely sent again.
        if text.len() > MAX_BYTES_PER_DOCUMENT || text.contains('"') {
            return;
        }
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.documents.put(text.into(), document).is_none() {
            cache.bytes += text.len();
        }
        while cache.bytes > MAX_BYTES {
            let Some((oldest, _)) = cache.documents.pop_lru() else { break };
            cache.bytes -= oldest.len();
        }
    }
}
