//! The verification of presentations, within the budgets of the client's networks.
//!
//! A verification is by far the most expensive answer to a stranger. Cheap checks come first: the
//! day of the presentation, and the cache of presentations that held. Then the verification waits
//! for a permit, and takes from the budget once it has one, so that at most one verification for
//! each core runs beyond the budget of a network. A failed verification costs more, because honest
//! clients cause none.

pub(crate) mod cpu_permits;
pub(crate) mod keys;
pub(crate) mod params;
pub(crate) mod presentation_cache;

use std::{num::NonZeroU32, sync::Arc};

use anteroom_protocol::{
    AuthPresentation, CallLinkPublicParams, CreatePresentation, RoomId, Timestamp,
};
use anteroom_service::{
    Admission, ClientAddress, Problem, QueueFull, RetryAfter, network_buckets, problems,
};
use anteroom_store::CallLinkRecord;

use crate::{problems::VERIFICATIONS_LIMITED, rooms::RoomsState, verifier::PresentationVerifier};

/// The reason why a presentation is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerificationRefusal {
    /// The client's network has sent too many presentations.
    Limited(RetryAfter),
    /// Too many presentations arrive in total.
    Overloaded,
    /// No server params are live.
    NoParams,
}

impl From<VerificationRefusal> for Problem {
    fn from(reason: VerificationRefusal) -> Self {
        match reason {
            VerificationRefusal::Limited(after) => {
                Self::new(&VERIFICATIONS_LIMITED).retry_after(after)
            }
            VerificationRefusal::Overloaded => Self::new(&problems::OVERLOADED),
            VerificationRefusal::NoParams => Self::new(&problems::UNAVAILABLE),
        }
    }
}

impl RoomsState {
    /// Returns whether the presentation holds for the link.
    ///
    /// # Errors
    /// [`VerificationRefusal`].
    pub(crate) async fn holds(
        &self,
        presentation: &AuthPresentation,
        link: &CallLinkRecord,
        client: ClientAddress,
    ) -> Result<bool, VerificationRefusal> {
        let (now, zkparams) = (self.now(), &link.zkparams);
        // Uses one verifier throughout, because it can be replaced meanwhile.
        let verifier = self.live_verifier(now)?;
        if !presentation.is_redeemable(now) {
            return Ok(false);
        }
        let Some(miss) = verifier.lookup(presentation, zkparams, now) else {
            return Ok(true);
        };
        let verify = || verifier.keys.verify_auth(presentation, now, zkparams);
        let holds = self.in_budget(client, || verify().is_ok()).await?;
        if holds {
            verifier.insert(&miss);
        }
        Ok(holds)
    }

    /// Returns whether the presentation allows its holder to create the room with these params.
    ///
    /// # Errors
    /// [`VerificationRefusal`].
    pub(crate) async fn allows_create(
        &self,
        presentation: &CreatePresentation,
        room: &RoomId,
        zkparams: &CallLinkPublicParams,
        client: ClientAddress,
    ) -> Result<bool, VerificationRefusal> {
        let now = self.now();
        let verifier = self.live_verifier(now)?;
        if !presentation.is_redeemable(now) {
            return Ok(false);
        }
        let verify = || {
            verifier
                .keys
                .verify_create(presentation, room, now, zkparams)
        };
        self.in_budget(client, || verify().is_ok()).await
    }

    /// Returns the verifier if its params are live. Without live params no presentation holds, and
    /// the client is not charged for that.
    fn live_verifier(
        &self,
        now: Timestamp,
    ) -> Result<Arc<PresentationVerifier>, VerificationRefusal> {
        let verifier = self.params.verifier();
        if verifier.keys.any_valid(now) {
            Ok(verifier)
        } else {
            Err(VerificationRefusal::NoParams)
        }
    }

    /// Verifies once a permit is free, if the budgets of the client's networks allow it.
    async fn in_budget(
        &self,
        client: ClientAddress,
        verify: impl FnOnce() -> bool,
    ) -> Result<bool, VerificationRefusal> {
        let permit = self.cpu_permits.acquire(client).await;
        let permit = permit.map_err(|full| match full {
            QueueFull::Share => VerificationRefusal::Limited(RetryAfter::from_secs(1)),
            QueueFull::Queue => VerificationRefusal::Overloaded,
        })?;
        let limits = self.settings.verifications;
        let cost = |tokens| {
            let keys = &self.pseudonymizer;
            network_buckets(keys, "verifications", client, limits.budget, tokens)
        };
        let first = cost(NonZeroU32::MIN);
        let taken = self.limiter.take_from_all(&first, self.now()).await;
        if let Admission::Limited(after) = taken {
            return Err(VerificationRefusal::Limited(after));
        }
        let holds = verify();
        if let (false, Some(more)) = (
            holds,
            NonZeroU32::new(limits.failure_cost.get().saturating_sub(1)),
        ) {
            self.limiter.charge(&cost(more), self.now()).await;
        }
        permit.pass_on().await;
        Ok(holds)
    }
}
