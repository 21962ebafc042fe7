//! Failed attempts to log in.

use std::num::NonZeroU32;

use anteroom_protocol::Timestamp;

/// When an email is locked, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockPolicy {
    /// So many failures in a row lock it.
    pub threshold: NonZeroU32,
    /// For so many seconds. A failure that is as old does not count any more.
    pub seconds: u64,
}

/// The failures of an email in a row, whether it has an account or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginFailures {
    /// How many there were.
    pub count: u32,
    /// The first moment at which it is not locked any more, if it is.
    pub locked_until: Option<Timestamp>,
}

impl LoginFailures {
    /// Whether nobody can log in with the email at `now`.
    #[must_use]
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|end| now < end)
    }
}
