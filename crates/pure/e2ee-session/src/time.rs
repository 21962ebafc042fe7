//! The time of an input.

use anteroom_e2ee::Moment;
use anteroom_protocol::Timestamp;

/// The time of an input: the time of day for statements, the moment of the monotonic clock for waits.
#[derive(Clone, Copy, Debug)]
pub struct SessionTime {
    /// The time of day.
    pub now: Timestamp,
    /// The moment of the monotonic clock.
    pub moment: Moment,
}
