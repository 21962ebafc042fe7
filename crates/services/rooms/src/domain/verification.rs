//! The verification of presentations, within the budgets of the client's networks.
//!
//! A verification is by far the most expensive answer to a stranger. Cheap checks come first: the
//! day of the presentation, and the cache of presentations that held. Then the verification waits
//! for a permit, and takes from the budget once it has one, so that at most one verification for
//! each core runs beyond the budget of a network. A failed verification costs more, because honest
//! clients cause none.

mod cpu_permits;
mod keys;
mod presentation_cache;

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
};

use anteroom_protocol::{
    AuthPresentation, CallLinkPublicParams, CreatePresentation, MemberKey, RoomId, Timestamp,
};
use anteroom_runtime::{
    Admission, ClientAddress, Clock, Dependency, Health, Pseudonymizer, QueueFull, RateLimiter,
    RetryAfter, network_buckets,
};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use parking_lot::Mutex;

pub(crate) use self::keys::HolderKind;
pub use self::keys::{KeysError, VerifierKeys, verifier_keys};
use self::{cpu_permits::CpuPermits, presentation_cache::PresentationCache};
use super::failure::DecisionFailure;
use crate::VerificationLimits;

/// Whether the database has all server params that the service knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredParams {
    /// Every row exists and is readable.
    Complete,
    /// A row is damaged or missing, so that a restart would lack its params.
    Incomplete,
}

/// The one verifier of presentations. It has the server params, the cache, the permits and the
/// budgets.
pub(crate) struct PresentationVerifier {
    /// The current params with their cache. They can be replaced while the service runs.
    params: ArcSwap<PresentationCache>,
    stored_params: Mutex<StoredParams>,
    permits: CpuPermits,
    limits: VerificationLimits,
    limiter: Arc<dyn RateLimiter>,
    pseudonymizer: Pseudonymizer,
    clock: Arc<dyn Clock>,
}

/// A presentation, and the statement that it is to prove.
#[derive(Clone, Copy)]
pub(crate) enum Presentation<'a> {
    /// The holder has the call link with these params, and the presentation is made for this member
    /// key, or for none.
    Auth(
        &'a AuthPresentation,
        &'a CallLinkPublicParams,
        Option<&'a MemberKey>,
    ),
    /// The holder may create the room with these params.
    Create(&'a CreatePresentation, &'a RoomId, &'a CallLinkPublicParams),
}

impl Presentation<'_> {
    fn is_redeemable(self, now: Timestamp) -> bool {
        match self {
            Self::Auth(presentation, ..) => presentation.is_redeemable(now),
            Self::Create(presentation, ..) => presentation.is_redeemable(now),
        }
    }

    fn holder(self, keys: &VerifierKeys, now: Timestamp) -> Option<HolderKind> {
        match self {
            Self::Auth(presentation, zkparams, member) => {
                keys.holder(presentation, now, zkparams, member)
            }
            Self::Create(presentation, room, zkparams) => {
                keys.creator(presentation, room, now, zkparams)
            }
        }
    }
}

impl PresentationVerifier {
    /// Creates a verifier that verifies at most `cores` presentations at the same time.
    pub(crate) fn new(
        keys: VerifierKeys,
        cores: NonZeroUsize,
        limits: VerificationLimits,
        limiter: Arc<dyn RateLimiter>,
        pseudonymizer: Pseudonymizer,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            params: ArcSwap::from_pointee(PresentationCache::new(keys)),
            stored_params: Mutex::new(StoredParams::Complete),
            permits: CpuPermits::new(cores, limits.waiting.get(), limits.waiting_per_client()),
            limits,
            limiter,
            pseudonymizer,
            clock,
        }
    }

    /// Replaces the server params from the next verification on.
    pub(crate) fn replace_params(&self, keys: VerifierKeys) {
        self.params.store(Arc::new(PresentationCache::new(keys)));
    }

    /// Sets whether all stored rows of server params are readable.
    pub(crate) fn set_stored_params(&self, stored: StoredParams) {
        *self.stored_params.lock() = stored;
    }

    /// Returns the kind of account that shows the presentation; `None` if it does not prove its
    /// statement.
    pub(crate) async fn holder(
        &self,
        presentation: Presentation<'_>,
        client: ClientAddress,
    ) -> Result<Option<HolderKind>, DecisionFailure> {
        let now = self.clock.now();
        // Uses these params throughout, because they can be replaced meanwhile.
        let cache = self.live_params(now)?;
        if !presentation.is_redeemable(now) {
            return Ok(None);
        }
        // Clients repeat auth presentations, but no create presentations.
        let miss = match presentation {
            Presentation::Auth(presentation, zkparams, member) => {
                match cache.lookup(presentation, zkparams, member, now) {
                    Err(miss) => Some(miss),
                    Ok(holder) => return Ok(Some(holder)),
                }
            }
            Presentation::Create(..) => None,
        };
        let verify = || presentation.holder(&cache.keys, now);
        let holder = self.in_budget(client, verify).await?;
        if let (Some(holder), Some(miss)) = (holder, miss) {
            cache.insert(&miss, holder);
        }
        Ok(holder)
    }

    /// Returns the params if they are live. Without live params no presentation holds, and the
    /// client is not charged for that.
    fn live_params(&self, now: Timestamp) -> Result<Arc<PresentationCache>, DecisionFailure> {
        let cache = self.params.load_full();
        if cache.keys.any_valid(now) {
            Ok(cache)
        } else {
            Err(DecisionFailure::Unavailable)
        }
    }

    /// Verifies once a permit is free, if the budgets of the client's networks allow it.
    async fn in_budget(
        &self,
        client: ClientAddress,
        verify: impl FnOnce() -> Option<HolderKind>,
    ) -> Result<Option<HolderKind>, DecisionFailure> {
        let permit = self.permits.acquire(client).await;
        let permit = permit.map_err(|full| match full {
            QueueFull::Share => DecisionFailure::Limited(RetryAfter::from_secs(1)),
            QueueFull::Queue => DecisionFailure::Overloaded,
        })?;
        let limits = self.limits;
        let cost = |tokens| {
            let keys = &self.pseudonymizer;
            network_buckets(keys, "verifications", client, limits.budget, tokens)
        };
        let first = cost(NonZeroU32::MIN);
        let taken = self.limiter.take_from_all(&first, self.clock.now()).await;
        if let Admission::Limited(after) = taken {
            return Err(DecisionFailure::Limited(after));
        }
        let holder = verify();
        let more = match holder {
            Some(HolderKind::Regular) => 0,
            // The params of regular accounts were tried before.
            Some(HolderKind::Guest) => 1,
            None => limits.failure_cost.get().saturating_sub(1),
        };
        if let Some(more) = NonZeroU32::new(more) {
            self.limiter.charge(&cost(more), self.clock.now()).await;
        }
        permit.pass_on().await;
        Ok(holder)
    }
}

/// The server params, as a dependency in the readiness report.
#[async_trait]
impl Dependency for PresentationVerifier {
    fn name(&self) -> &'static str {
        "call-link-params"
    }

    /// Links cannot be read or changed without server params.
    fn required(&self) -> bool {
        true
    }

    async fn check(&self) -> Health {
        if self.live_params(self.clock.now()).is_err() {
            Health::Failing
        } else if *self.stored_params.lock() == StoredParams::Incomplete {
            Health::Degraded
        } else {
            Health::Ok
        }
    }
}
