//! Moments in milliseconds.

use core::time::Duration;

use anteroom_protocol::Timestamp;

/// A moment: whole milliseconds since 1970-01-01T00:00:00Z.
///
/// The caller's moments should not jump. Best is the time of day at the start of the process plus the time
/// that a monotonic clock has counted since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Creates a moment from milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Returns the milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the second that this moment lies in.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        Timestamp::from_secs(self.0 / 1_000)
    }

    /// Returns the moment `span` later, in whole milliseconds; saturates at the maximum.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let milliseconds = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(milliseconds))
    }

    /// Returns the time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
