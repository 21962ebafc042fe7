//! Failed logins, and the locks that follow from them.

use std::num::NonZeroU32;

use anteroom_protocol::{Aci, DeviceId, Timestamp};

use crate::opaque_debug::opaque_debug;

/// The rule for locking an email for an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockPolicy {
    /// The number of consecutive failures that lock it.
    pub threshold: NonZeroU32,
    /// The length of a lock, in seconds. A failure of this age no longer counts.
    pub seconds: u64,
}

/// The origin of an attempt. Failures are counted, and locks apply, for each origin of an email.
///
/// `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LoginOrigin {
    /// A network: an IPv4 address or an IPv6 /64, as 16 bytes.
    Network([u8; 16]),
    /// A device of the account that has proved its identity.
    KnownDevice(Aci, DeviceId),
}

opaque_debug!(LoginOrigin);

/// The failures of an email, with or without an account, for one origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginFailures {
    /// The consecutive failures from this origin.
    pub count: u32,
    /// The time from which the email is no longer locked for this origin; `None` if it is not
    /// locked. At most the policy's seconds from now, whatever clock set it.
    pub locked_until: Option<Timestamp>,
    /// The failures from all other origins. Above some tens the number is a lower bound.
    pub elsewhere: u32,
    /// Whether a row ends later than the policy allows, because a clock that was ahead wrote it.
    pub overlong: bool,
}

impl LoginFailures {
    /// Returns whether the email is locked for this origin at `now`.
    #[must_use]
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|end| now < end)
    }
}
