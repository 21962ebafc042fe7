//! Failed attempts to log in, and the locks they lead to.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::{Aci, Timestamp};

use crate::account::DeviceId;

/// When an email is locked for an origin, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockPolicy {
    /// So many failures in a row lock it.
    pub threshold: NonZeroU32,
    /// For so many seconds. A failure that is as old does not count any more.
    pub seconds: u64,
}

/// Where an attempt comes from. Failures are counted, and locks hold, for each origin of an email.
///
/// `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LoginOrigin {
    /// A network: an IPv4 address or an IPv6 /64, as 16 bytes.
    Network([u8; 16]),
    /// A device of the account that has proved to be it.
    KnownDevice(Aci, DeviceId),
}

impl fmt::Debug for LoginOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginOrigin(..)")
    }
}

/// The failures of an email, whether it has an account or not, as they look from one origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginFailures {
    /// Failures in a row from this origin.
    pub count: u32,
    /// The first moment at which the email is not locked for this origin any more, if it is: at most
    /// the policy's seconds from now, whatever clock set it.
    pub locked_until: Option<Timestamp>,
    /// Failures from all other origins; beyond some tens the exact number is not looked up.
    pub elsewhere: u32,
    /// Whether a row ends later than the policy allows: a clock that was ahead has written it.
    pub overlong: bool,
}

impl LoginFailures {
    /// Whether nobody can log in with the email from this origin at `now`.
    #[must_use]
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|end| now < end)
    }
}
