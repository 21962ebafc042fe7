//! Ranges of days.

use anteroom_protocol::{DAY, Timestamp};

use crate::IssuerError;

/// The days from a first to a last, both included: at most 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    first: Timestamp,
    last: Timestamp,
}

impl DayRange {
    /// The maximum distance of first and last that an issuer accepts, in days.
    pub const MAX_SPAN_DAYS: u64 = 7;

    /// Creates the range from the midnight `first` to the midnight `last`.
    ///
    /// # Errors
    /// [`IssuerError::Range`] if one is no midnight, `last` lies before `first`, or the range is too long.
    pub fn new(first: Timestamp, last: Timestamp) -> Result<Self, IssuerError> {
        let span = last.as_secs().checked_sub(first.as_secs());
        let fits = span.is_some_and(|span| span <= Self::MAX_SPAN_DAYS * DAY);
        if first.is_day_aligned() && last.is_day_aligned() && fits {
            Ok(Self { first, last })
        } else {
            Err(IssuerError::Range)
        }
    }

    /// Creates the range of today and the seven days after it. It is the longest range, and does not reveal
    /// which day is needed.
    #[must_use]
    pub const fn week_from(now: Timestamp) -> Self {
        let first = now.start_of_day();
        Self {
            first,
            last: first.plus(Self::MAX_SPAN_DAYS * DAY),
        }
    }

    /// Returns the first day's midnight.
    #[must_use]
    pub const fn first(self) -> Timestamp {
        self.first
    }

    /// Returns the last day's midnight.
    #[must_use]
    pub const fn last(self) -> Timestamp {
        self.last
    }

    /// Returns every day's midnight, in order.
    pub fn days(self) -> impl Iterator<Item = Timestamp> {
        let days = (self.last.as_secs() - self.first.as_secs()) / DAY;
        (0..=days).map(move |day| self.first.plus(day * DAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_aligned_forward_ranges_of_at_most_eight_days_exist() {
        let at = Timestamp::from_secs;
        let cases = [
            (10 * DAY, 10 * DAY, Some(1)),
            (10 * DAY, 17 * DAY, Some(8)),
            (10 * DAY, 18 * DAY, None),
            (10 * DAY, 9 * DAY, None),
            (10 * DAY + 1, 12 * DAY, None),
            (10 * DAY, 12 * DAY - 1, None),
        ];
        for (first, last, days) in cases {
            let range = DayRange::new(at(first), at(last)).ok();
            assert_eq!(range.map(|range| range.days().count()), days);
        }
    }

    #[test]
    fn a_week_starts_today() {
        let days: Vec<u64> = DayRange::week_from(Timestamp::from_secs(20 * DAY + 5))
            .days()
            .map(Timestamp::as_secs)
            .collect();
        assert_eq!(days.first(), Some(&(20 * DAY)));
        assert_eq!(days.last(), Some(&(27 * DAY)));
        assert_eq!(days.len(), 8);
    }
}
