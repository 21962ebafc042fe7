//! The time of calls, which never jumps.

use std::time::Duration;

use anteroom_call::Moment;
use anteroom_protocol::Timestamp;
use tokio::time::Instant;

/// The wall-clock time at the start of the service, plus the time that a monotonic clock has
/// counted since.
pub(crate) struct Timeline {
    started: Moment,
    at: Instant,
}

impl Timeline {
    pub(crate) fn starting_at(now: Timestamp) -> Self {
        Self {
            started: Moment::from_millis(now.as_secs().saturating_mul(1_000)),
            at: Instant::now(),
        }
    }

    pub(crate) fn moment(&self) -> Moment {
        self.started.plus(self.at.elapsed())
    }

    pub(crate) fn instant_of(&self, moment: Moment) -> Instant {
        // Rounds up: a timer that fires early would find nothing to do.
        let after = moment.since(self.started) + Duration::from_millis(1);
        self.at.checked_add(after).unwrap_or(self.at)
    }
}
