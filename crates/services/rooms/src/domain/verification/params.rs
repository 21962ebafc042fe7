//! The current server params for verification.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anteroom_protocol::VerifyingParams;
use arc_swap::ArcSwap;

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
    cache: ArcSwap<PresentationCache>,
    incomplete: AtomicBool,
}

impl ParamsState {
    pub(super) fn new(keys: VerifyingParams) -> Self {
        Self {
            cache: ArcSwap::from_pointee(PresentationCache::new(keys)),
            incomplete: AtomicBool::new(false),
        }
    }

    /// Replaces the server params from the next verification on.
    pub(crate) fn replace(&self, keys: VerifyingParams) {
        self.cache.store(Arc::new(PresentationCache::new(keys)));
    }

    pub(super) fn cache(&self) -> Arc<PresentationCache> {
        self.cache.load_full()
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
