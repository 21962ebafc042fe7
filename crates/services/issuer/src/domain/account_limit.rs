//! The rate limits of accounts.
//!
//! Each limit has a bucket for the account and one for each of its devices, which holds a third of
//! the tokens, so that one device leaves tokens to the others. The key of a bucket contains the
//! account's limit epoch, and that of a device's bucket also the time at which the device was
//! added. A new epoch in the database thus resets all limits, in every process, and a new device
//! never gets the empty bucket of a deleted one.
//!
//! A guest has one device, and can have another account at no cost. Where a request of guests is
//! worth something, its limit has a bucket for the guest and one for each network of the client.

use std::{num::NonZeroU32, sync::Arc};

use anteroom_accounts::{Caller, Failure};
use anteroom_protocol::Aci;
use anteroom_runtime::{
    Admission, BucketSize, BucketTake, ClientAddress, Clock, LimitKey, Pseudonymizer, RateLimiter,
    RetryAfter, WorkError, Workers, network_buckets,
};

use crate::limits::IssuerLimits;

/// The tokens of an account divided by those of one device.
const DEVICE_PARTS: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// The tokens of a network's guests divided by those of one guest.
const GUESTS_OF_NETWORK: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// The buckets of accounts, and the workers whose turns they take.
pub(crate) struct AccountLimits {
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sizes: IssuerLimits,
    pub(crate) workers: Workers,
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
        limits: &AccountLimits,
        limit: &'static str,
        size: BucketSize,
        caller: &Caller,
    ) -> Result<Self, RetryAfter> {
        let (keys, account) = (&limits.pseudonymizer, &caller.account);
        let (aci, epoch) = (account.aci, account.limit_epoch);
        let device = (caller.device.as_u32(), caller.device_added);
        let device = keys.device_limit_key(limit, &aci, epoch, device);
        let takes = vec![
            one_token(keys.epoch_limit_key(limit, &aci, epoch), size),
            one_token(device, size.share(DEVICE_PARTS)),
        ];
        Self::take(limits, aci, takes).await
    }

    /// Takes a token from the guest's bucket of the limit `limit`, and one from the bucket of each
    /// network of the client, of which the narrowest holds the tokens of ten guests.
    ///
    /// # Errors
    /// The time after which all have a token, if one of them is empty. None changes then.
    pub(crate) async fn begin_as_guest(
        limits: &AccountLimits,
        limit: &'static str,
        size: BucketSize,
        caller: &Caller,
        client: ClientAddress,
    ) -> Result<Self, RetryAfter> {
        let (keys, account) = (&limits.pseudonymizer, &caller.account);
        let of_network = size.times(GUESTS_OF_NETWORK);
        let mut takes = network_buckets(keys, limit, client, of_network, NonZeroU32::MIN);
        let key = keys.epoch_limit_key(limit, &account.aci, account.limit_epoch);
        takes.push(one_token(key, size));
        Self::take(limits, account.aci, takes).await
    }

    async fn take(
        limits: &AccountLimits,
        aci: Aci,
        takes: Vec<BucketTake>,
    ) -> Result<Self, RetryAfter> {
        let admission = limits.limiter.take_from_all(&takes, limits.clock.now());
        match admission.await {
            Admission::Granted => Ok(Self { aci, takes }),
            Admission::Limited(after) => Err(after),
        }
    }

    /// Computes once it is the account's turn. Returns the tokens to the buckets if there is no
    /// result.
    ///
    /// # Errors
    /// Too much work is waiting, or the computation has panicked.
    pub(crate) async fn compute<T: Send + 'static>(
        self,
        limits: &AccountLimits,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Computation<T>, Failure> {
        const LATER: RetryAfter = RetryAfter::from_secs(1);
        let caller = limits.pseudonymizer.limit_key("work", &self.aci);
        let result = limits.workers.run(caller, work).await;
        if result.is_err() {
            let now = limits.clock.now();
            for take in &self.takes {
                limits.limiter.refund(&take.key, take.size, now).await;
            }
        }
        match result {
            Ok(result) => Ok(Computation::Done(result)),
            Err(WorkError::CallerLimited) => Ok(Computation::RateLimited(LATER)),
            Err(WorkError::Overloaded) => Err(Failure::Overloaded(LATER)),
            Err(WorkError::Panicked) => Err(Failure::Internal),
        }
    }
}

/// The result of a computation for an account.
pub(crate) enum Computation<T> {
    /// The account has too many waiting computations.
    RateLimited(RetryAfter),
    Done(T),
}

fn one_token(key: LimitKey, size: BucketSize) -> BucketTake {
    BucketTake {
        key,
        size,
        tokens: NonZeroU32::MIN,
    }
}
