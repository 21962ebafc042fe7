//! Limits of what one user does in one room. A user is not an account here: in another room the
//! same account is another user.

use anteroom_protocol::UidCiphertext;
use anteroom_service::{Admission, BucketSize, LimitKey, RetryAfter};

use crate::rooms::Core;

impl Core {
    /// Counts what a user does towards a limit.
    pub(crate) async fn count(
        &self,
        limit: &'static str,
        user: &str,
        size: BucketSize,
    ) -> Admission {
        let key = self.limit_key(limit, user);
        self.limiter.take(&key, size, self.now()).await
    }

    fn limit_key(&self, limit: &'static str, user: &str) -> LimitKey {
        let user = UidCiphertext::user_digits(user);
        self.pseudonymizer.room_limit_key(limit, user)
    }
}

/// An attempt at a passkey. It counts from its beginning, so that attempts at the same moment all
/// count; one that is not wrong is given back.
#[must_use]
pub(crate) struct PasskeyAttempt {
    key: LimitKey,
}

impl PasskeyAttempt {
    /// Begins an attempt of a user in a room.
    ///
    /// # Errors
    /// When the next one may be made, if the user has shown too many wrong ones; the passkey is not
    /// to be looked at then.
    pub(crate) async fn begin(core: &Core, user: &str) -> Result<Self, RetryAfter> {
        let key = core.limit_key("passkey", user);
        let size = core.settings.wrong_passkeys;
        match core.limiter.take(&key, size, core.now()).await {
            Admission::Granted => Ok(Self { key }),
            Admission::Limited(after) => Err(after),
        }
    }

    /// Ends the attempt. It counts only at a wrong passkey, and not where the database failed before
    /// anybody looked.
    pub(crate) async fn end(self, core: &Core, was_wrong: bool) {
        if !was_wrong {
            let size = core.settings.wrong_passkeys;
            core.limiter.give_back(&self.key, size, core.now()).await;
        }
    }
}
