//! Moments and days.

use core::fmt;

/// The number of seconds in an hour.
pub const HOUR: u64 = 3_600;
/// The number of seconds in a UTC day.
pub const DAY: u64 = 86_400;

/// A moment: whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

anteroom_kvac::encoding!(Timestamp: 0);

impl Timestamp {
    /// Creates a moment from seconds since 1970.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns midnight UTC of the same day.
    #[must_use]
    pub const fn start_of_day(self) -> Self {
        Self(self.0 - self.0 % DAY)
    }

    /// Returns whether this is a midnight UTC.
    #[must_use]
    pub const fn is_day_aligned(self) -> bool {
        self.0.is_multiple_of(DAY)
    }

    /// Returns the moment `seconds` later; saturates at the maximum.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Returns the moment `seconds` earlier; saturates at 1970.
    #[must_use]
    pub const fn minus(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }
}

/// Returns whether a credential for the day that starts at `redemption` is valid at `now`: from a day before
/// its start to a day after its end.
pub(crate) fn redeemable(redemption: Timestamp, now: Timestamp) -> bool {
    redemption.minus(DAY) <= now && now <= redemption.plus(2 * DAY)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.0)
    }
}
