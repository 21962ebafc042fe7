//! The limits of a user in a room. A user is not an account here: one account is a different user
//! in each room.

use std::{num::NonZeroU32, sync::Arc};

use anteroom_protocol::UidCiphertext;
use anteroom_runtime::{
    Admission, BucketSize, ClientAddress, Clock, LimitKey, Pseudonymizer, RateLimiter, RetryAfter,
    network_buckets,
};

/// The limits of users. Clones count in the same buckets.
#[derive(Clone)]
pub(crate) struct UserLimits {
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wrong_passkeys: BucketSize,
    /// The joins of guest accounts from one network.
    pub(crate) guest_joins: BucketSize,
}

impl UserLimits {
    /// Counts an action of a user towards a limit.
    ///
    /// # Errors
    /// The time of the next possible action, if the user has reached the limit.
    pub(crate) async fn count(
        &self,
        limit: &'static str,
        user: &str,
        size: BucketSize,
    ) -> Result<(), RetryAfter> {
        let key = self.limit_key(limit, user);
        match self.limiter.take(&key, size, self.clock.now()).await {
            Admission::Granted => Ok(()),
            Admission::Limited(after) => Err(after),
        }
    }

    /// Counts a join of a guest account from the client's networks: guest accounts cost nothing, so
    /// that a limit of users alone does not limit their joins.
    ///
    /// # Errors
    /// The time of the next possible join, if a network has reached its limit.
    pub(crate) async fn count_guest_join(&self, client: ClientAddress) -> Result<(), RetryAfter> {
        let (keys, size) = (&self.pseudonymizer, self.guest_joins);
        let takes = network_buckets(keys, "guest joins", client, size, NonZeroU32::MIN);
        match self.limiter.take_from_all(&takes, self.clock.now()).await {
            Admission::Granted => Ok(()),
            Admission::Limited(after) => Err(after),
        }
    }

    fn limit_key(&self, limit: &'static str, user: &str) -> LimitKey {
        let user = UidCiphertext::user_digits(user);
        self.pseudonymizer.room_limit_key(limit, user)
    }
}

const PASSKEY: &str = "passkey";

/// An attempt at a passkey. It counts from its start, so that all attempts at the same moment
/// count. An attempt that is not wrong is given back.
#[must_use]
pub(crate) struct PasskeyAttempt {
    key: LimitKey,
}

impl PasskeyAttempt {
    /// Starts an attempt of a user in a room.
    ///
    /// # Errors
    /// The time of the next possible attempt, if the user has made too many wrong ones. The caller
    /// must not check the passkey then.
    pub(crate) async fn begin(limits: &UserLimits, user: &str) -> Result<Self, RetryAfter> {
        limits.count(PASSKEY, user, limits.wrong_passkeys).await?;
        let key = limits.limit_key(PASSKEY, user);
        Ok(Self { key })
    }

    /// Ends the attempt. It counts only if the passkey was wrong, and not if the database failed
    /// before the comparison.
    pub(crate) async fn end(self, limits: &UserLimits, was_wrong: bool) {
        if !was_wrong {
            let (size, now) = (limits.wrong_passkeys, limits.clock.now());
            limits.limiter.refund(&self.key, size, now).await;
        }
    }
}
