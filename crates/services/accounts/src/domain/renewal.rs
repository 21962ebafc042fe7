//! The resets of an account's rate limits.

use std::num::{NonZeroU32, NonZeroU64};

use anteroom_protocol::Aci;
use anteroom_runtime::{Admission, BucketSize, LimitKey};

use crate::domain::limits::Limits;

/// The number of resets of an account's limits for each cause: three at once, and one more every
/// eight hours.
const MOST_RENEWALS: NonZeroU32 = NonZeroU32::new(3).unwrap();
const RENEWAL_SECONDS: NonZeroU64 = NonZeroU64::new(8 * 60 * 60).unwrap();

/// The cause of a reset of an account's limits. Each cause has a bucket of its own, so that a thief
/// who deletes devices does not use up the owner's reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RenewalCause {
    /// The owner of the mailbox has set another password.
    Reset,
    /// Another device of the account was deleted.
    Removal,
}

/// The right to reset the limits of an account once. It is taken before the transaction that uses it:
/// a transaction that fails must not cost a renewal, and none waits for the limiter.
#[must_use]
pub(crate) struct RenewalPermit(LimitKey);

impl RenewalPermit {
    const SIZE: BucketSize = BucketSize::new(MOST_RENEWALS, RENEWAL_SECONDS);

    /// Takes a permit; `None` where the limits of the account were reset too often lately: a client
    /// that keeps deleting devices would have no limit.
    pub(crate) async fn take(limits: &Limits, cause: RenewalCause, aci: &Aci) -> Option<Self> {
        let limit = match cause {
            RenewalCause::Reset => "renewal by reset",
            RenewalCause::Removal => "renewal by removal",
        };
        let key = limits.pseudonymizer.limit_key(limit, aci);
        let admission = limits.limiter.take(&key, Self::SIZE, limits.now()).await;
        (admission == Admission::Granted).then_some(Self(key))
    }

    /// Gives a permit back where nothing was renewed.
    pub(crate) async fn settle(permit: Option<Self>, limits: &Limits, is_used: bool) {
        if let Some(Self(key)) = permit.filter(|_| !is_used) {
            limits.limiter.refund(&key, Self::SIZE, limits.now()).await;
        }
    }
}
