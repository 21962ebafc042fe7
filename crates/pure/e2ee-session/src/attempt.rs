//! A commit of this device that has yet to come back.

use anteroom_e2ee::{Group, Moment, OutgoingCommit};
use anteroom_protocol::redacted_debug;

use crate::applicants::UsedKeyPackage;

/// A commit of this device that has yet to come back.
pub(crate) struct Attempt {
    pub(crate) commit: OutgoingCommit,
    /// The group that the commit starts.
    pub(crate) start: Option<Group>,
    /// The key packages of the devices that it adds.
    pub(crate) added: Vec<UsedKeyPackage>,
    /// The moment at which it is sent again.
    pub(crate) resend: Moment,
}

redacted_debug!(Attempt);
