//! Limits of what one account asks for.

use anteroom_protocol::Aci;
use anteroom_service::{Admission, BucketSize, LimitKey, RetryAfter, WorkError};

use crate::issuer::Core;

/// A request that has taken its token from a bucket of its account.
#[must_use]
pub(crate) struct AccountRequest {
    aci: Aci,
    bucket: LimitKey,
    size: BucketSize,
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
        match issuer.limiter.take(&bucket, size, issuer.now()).await {
            Admission::Granted => Ok(Self { aci, bucket, size }),
            Admission::Limited(after) => Err(after),
        }
    }

    /// Computes when it is the account's turn. Without a result the token is given back.
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
            issuer.limiter.give_back(&self.bucket, self.size, now).await;
        }
        result
    }
}
