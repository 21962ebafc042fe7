//! Limits of what one account asks for.

use std::num::NonZeroU32;

use anteroom_protocol::Aci;
use anteroom_service::{Admission, BucketSize, BucketTake, LimitKey, RetryAfter, WorkError};

use crate::{auth::Caller, issuer::Core};

/// One device has this part of the tokens of its account.
const DEVICE_PARTS: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// A request that has taken its token from each of these buckets.
#[must_use]
pub(crate) struct AccountRequest {
    aci: Aci,
    takes: Vec<BucketTake>,
}

impl AccountRequest {
    /// Takes a token from the account's bucket of the limit `limit`.
    ///
    /// # Errors
    /// The time after which there is one, if the bucket is empty.
    pub(crate) async fn begin(
        issuer: &Core,
        limit: &'static str,
        size: BucketSize,
        aci: Aci,
    ) -> Result<Self, RetryAfter> {
        let bucket = issuer.pseudonymizer.limit_key(limit, &aci);
        Self::take(issuer, aci, vec![one_token(bucket, size)]).await
    }

    /// Takes a token from the account's bucket of the limit `limit`, and one from the bucket of the
    /// caller's device, which holds a third as many: one device leaves tokens to the others.
    ///
    /// # Errors
    /// The time after which there is one in both, if one of them is empty. Then both stay as they are.
    pub(crate) async fn begin_on_device(
        issuer: &Core,
        limit: &'static str,
        size: BucketSize,
        caller: &Caller,
    ) -> Result<Self, RetryAfter> {
        let (keys, aci) = (&issuer.pseudonymizer, caller.account.aci);
        let device = keys.device_limit_key(limit, &aci, caller.device.as_u32());
        let takes = vec![
            one_token(keys.limit_key(limit, &aci), size),
            one_token(device, size.share(DEVICE_PARTS)),
        ];
        Self::take(issuer, aci, takes).await
    }

    async fn take(issuer: &Core, aci: Aci, takes: Vec<BucketTake>) -> Result<Self, RetryAfter> {
        match issuer.limiter.take_from_all(&takes, issuer.now()).await {
            Admission::Granted => Ok(Self { aci, takes }),
            Admission::Limited(after) => Err(after),
        }
    }

    /// Computes when it is the account's turn. Without a result the tokens are given back.
    ///
    /// # Errors
    /// [`WorkError`].
    pub(crate) async fn compute<T: Send + 'static>(
        self,
        issuer: &Core,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let caller = issuer.pseudonymizer.limit_key("work", &self.aci);
        let result = issuer.workers.run(caller, work).await;
        if result.is_err() {
            let now = issuer.now();
            for take in &self.takes {
                issuer.limiter.give_back(&take.key, take.size, now).await;
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
