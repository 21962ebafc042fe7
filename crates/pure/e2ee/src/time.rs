//! Moments of the caller's monotonic clock, and the tolerance for clocks of others.

use core::{fmt, time::Duration};

/// The time by which the clock of whoever signs may be ahead, in seconds.
pub const CLOCK_TOLERANCE: u64 = 15 * 60;

/// A moment of a monotonic clock, as the time since a start that the caller chose. It orders events; moments
/// of two clocks cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// Creates the moment that is `since_start` after the clock's start.
    #[must_use]
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// Returns the time since the clock's start.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// Returns the moment a time later; saturates at the maximum.
    #[must_use]
    pub const fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Moment({:?})", self.0)
    }
}
