//! The current server params for verification.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use anteroom_protocol::VerifyingParams;

use super::presentation_cache::PresentationCache;

/// Whether the database has all server params that the service knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredParams {
    /// Every row exists and is readable.
    Complete,
    /// A row is damaged or missing, so that a restart would lack its params.
    Incomplete,
}

/// The current params with their cache. They can be replaced while the service runs.
pub(crate) struct ParamsState {
    cache: RwLock<Arc<PresentationCache>>,
    incomplete: AtomicBool,
}

impl ParamsState {
    pub(super) fn new(keys: VerifyingParams) -> Self {
        Self {
            cache: RwLock::new(Arc::new(PresentationCache::new(keys))),
            incomplete: AtomicBool::new(false),
        }
    }

    /// Replaces the server params from the next verification on.
    pub(crate) fn replace(&self, keys: VerifyingParams) {
        let cache = Arc::new(PresentationCache::new(keys));
        let current = self.cache.write();
        *current.unwrap_or_else(PoisonError::into_inner) = cache;
    }

    pub(super) fn cache(&self) -> Arc<PresentationCache> {
        let cache = self.cache.read();
        Arc::clone(&cache.unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets whether all stored rows of server params are readable.
    pub(crate) fn set_stored(&self, stored: StoredParams) {
        let incomplete = stored == StoredParams::Incomplete;
        self.incomplete.store(incomplete, Ordering::Relaxed);
    }

    pub(super) fn stored(&self) -> StoredParams {
        match self.incomplete.load(Ordering::Relaxed) {
            true => StoredParams::Incomplete,
            false => StoredParams::Complete,
        }
    }
}
