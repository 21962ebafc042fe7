//! The current server params for verification, and their health.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use anteroom_protocol::VerifierKeys;
use anteroom_service::{Clock, Dependency, Health};
use async_trait::async_trait;

use crate::verifier::PresentationVerifier;

/// Whether the database has all server params that the service knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredParams {
    /// Every row exists and is readable.
    Complete,
    /// A row is damaged or missing, so that a restart would lack its params.
    Incomplete,
}

/// The current verifier. It can be replaced while the service runs.
pub(crate) struct ParamsState {
    verifier: RwLock<Arc<PresentationVerifier>>,
    incomplete: AtomicBool,
}

impl ParamsState {
    pub(crate) fn new(keys: VerifierKeys) -> Self {
        Self {
            verifier: RwLock::new(Arc::new(PresentationVerifier::new(keys))),
            incomplete: AtomicBool::new(false),
        }
    }

    pub(crate) fn replace(&self, keys: VerifierKeys) {
        let verifier = Arc::new(PresentationVerifier::new(keys));
        let current = self.verifier.write();
        *current.unwrap_or_else(PoisonError::into_inner) = verifier;
    }

    pub(crate) fn set_stored(&self, stored: StoredParams) {
        let incomplete = stored == StoredParams::Incomplete;
        self.incomplete.store(incomplete, Ordering::Relaxed);
    }

    pub(crate) fn verifier(&self) -> Arc<PresentationVerifier> {
        let verifier = self.verifier.read();
        Arc::clone(&verifier.unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) struct ParamsHealth {
    params: Arc<ParamsState>,
    clock: Arc<dyn Clock>,
}

impl ParamsHealth {
    pub(crate) fn new(params: Arc<ParamsState>, clock: Arc<dyn Clock>) -> Self {
        Self { params, clock }
    }
}

#[async_trait]
impl Dependency for ParamsHealth {
    fn name(&self) -> &'static str {
        "call-link-params"
    }

    /// Links cannot be read or changed without server params.
    fn required(&self) -> bool {
        true
    }

    async fn check(&self) -> Health {
        if !self.params.verifier().keys.any_valid(self.clock.now()) {
            Health::Failing
        } else if self.params.incomplete.load(Ordering::Relaxed) {
            Health::Degraded
        } else {
            Health::Ok
        }
    }
}
