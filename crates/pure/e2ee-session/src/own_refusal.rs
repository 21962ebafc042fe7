//! A refusal of this device that has yet to come back.

use anteroom_e2ee::Moment;
use anteroom_protocol::GroupEpoch;

use crate::RESEND_INTERVAL;

/// The number of times that a refusal is sent again. The room service does not answer one that it has passed on
/// before.
const REPETITIONS: u32 = 5;

/// A refusal of this device that has yet to come back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnRefusal {
    /// The epoch that the refused commit ended.
    pub(crate) at: GroupEpoch,
    /// The moment at which it is sent again.
    pub(crate) resend: Moment,
    /// The number of times that it is still sent.
    pub(crate) left: u32,
}

impl OwnRefusal {
    /// Creates a refusal that is sent now.
    pub(crate) fn new(at: GroupEpoch, now: Moment) -> Self {
        Self {
            at,
            resend: now.plus(RESEND_INTERVAL),
            left: REPETITIONS,
        }
    }
}
