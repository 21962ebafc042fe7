//! The rate limits of accounts.
//!
//! Each limit has a bucket for the account and one for each of its devices, which holds a third of
//! the tokens, so that one device leaves tokens to the others. The key of a bucket contains the
//! account's limit epoch, and that of a device's bucket also the time at which the device was
//! added. A new epoch in the database thus resets all limits, in every process, and a new device
//! never gets the empty bucket of a deleted one.

use std::num::{NonZeroU32, NonZeroU64};

use anteroom_protocol::Aci;
use anteroom_runtime::{Admission, BucketSize, BucketTake, LimitKey, RetryAfter, WorkError};

use crate::{auth::Caller, issuer::IssuerState};

/// The tokens of an account divided by those of one device.
const DEVICE_PARTS: NonZeroU32 = NonZeroU32::new(3).unwrap();

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
    pub(crate) async fn take(issuer: &IssuerState, cause: RenewalCause, aci: &Aci) -> Option<Self> {
        let limit = match cause {
            RenewalCause::Reset => "renewal by reset",
            RenewalCause::Removal => "renewal by removal",
        };
        let key = issuer.pseudonymizer.limit_key(limit, aci);
        let admission = issuer.limiter.take(&key, Self::SIZE, issuer.now()).await;
        (admission == Admission::Granted).then_some(Self(key))
    }

    /// Gives the permit back where nothing was renewed.
    pub(crate) async fn refund(self, issuer: &IssuerState) {
        let now = issuer.now();
        issuer.limiter.refund(&self.0, Self::SIZE, now).await;
    }
}

/// A request that has taken a token from each of these buckets.
#[must_use]
pub(crate) struct AccountRequest {
    aci: Aci,
    takes: Vec<BucketTake>,
}

impl AccountRequest {
    /// Takes a token from the account's bucket of the limit `limit`, and one from the bucket of the
    /// calling device.
    ///
    /// # Errors
    /// The time after which both have a token, if one of them is empty. Neither changes then.
    pub(crate) async fn begin(
        issuer: &IssuerState,
        limit: &'static str,
        size: BucketSize,
        caller: &Caller,
    ) -> Result<Self, RetryAfter> {
        let (keys, account) = (&issuer.pseudonymizer, &caller.account);
        let (aci, epoch) = (account.aci, account.limit_epoch);
        let device = (caller.device.as_u32(), caller.device_added);
        let device = keys.device_limit_key(limit, &aci, epoch, device);
        let takes = vec![
            one_token(keys.epoch_limit_key(limit, &aci, epoch), size),
            one_token(device, size.share(DEVICE_PARTS)),
        ];
        Self::take(issuer, aci, takes).await
    }

    async fn take(
        issuer: &IssuerState,
        aci: Aci,
        takes: Vec<BucketTake>,
    ) -> Result<Self, RetryAfter> {
        match issuer.limiter.take_from_all(&takes, issuer.now()).await {
            Admission::Granted => Ok(Self { aci, takes }),
            Admission::Limited(after) => Err(after),
        }
    }

    /// Computes once it is the account's turn. Returns the tokens to the buckets if there is no
    /// result.
    ///
    /// # Errors
    /// [`WorkError`].
    pub(crate) async fn compute<T: Send + 'static>(
        self,
        issuer: &IssuerState,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let caller = issuer.pseudonymizer.limit_key("work", &self.aci);
        let result = issuer.workers.run(caller, work).await;
        if result.is_err() {
            let now = issuer.now();
            for take in &self.takes {
                issuer.limiter.refund(&take.key, take.size, now).await;
            }
        }
        result
    }
}

fn one_token(key: LimitKey, size: BucketSize) -> BucketTake {
    BucketTake {
        key,
        size,
        tokens: NonZeroU32::MIN,
    }
}
