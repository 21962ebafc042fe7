//! The days of a batch.

use anteroom_protocol::{DAY, Timestamp};

/// The first and the last day of a batch, both included: one to eight days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RedemptionRange {
    start: Timestamp,
    end: Timestamp,
}

impl RedemptionRange {
    /// Creates a range; `None` unless both are midnights, `start` is yesterday or later, `end` is
    /// at most 8 days after today, and `end` is at `start` or at most 7 days after it.
    pub(crate) fn new(start: Timestamp, end: Timestamp, now: Timestamp) -> Option<Self> {
        let today = now.start_of_day();
        let holds = start.is_day_aligned()
            && end.is_day_aligned()
            && start >= today.minus(DAY)
            && end <= today.plus(8 * DAY)
            && end >= start
            && end <= start.plus(7 * DAY);
        holds.then_some(Self { start, end })
    }

    pub(crate) fn start(self) -> Timestamp {
        self.start
    }

    pub(crate) fn end(self) -> Timestamp {
        self.end
    }

    /// Returns every day, ascending.
    pub(crate) fn days(self) -> impl Iterator<Item = Timestamp> {
        (0..=7)
            .map(move |n| self.start.plus(n * DAY))
            .take_while(move |day| *day <= self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An arbitrary midnight.
    const TODAY: u64 = 20_000 * DAY;

    /// Returns whether a range relative to today, in seconds, is allowed.
    fn allowed(start: i64, end: i64, now: u64) -> bool {
        let at = |offset: i64| Timestamp::from_secs(TODAY.checked_add_signed(offset).unwrap());
        RedemptionRange::new(at(start), at(end), Timestamp::from_secs(now)).is_some()
    }

    #[test]
    fn every_edge_of_the_range_is_exact_to_the_second_and_the_day() {
        const D: i64 = 86_400;
        for (start, end, expected) in [
            // The shortest and the longest range.
            (0, 0, true),
            (0, 7 * D, true),
            (-D, 6 * D, true),
            (D, 8 * D, true),
            (8 * D, 8 * D, true),
            (-D, -D, true),
            // One day too early, one day too late, one day too long, reversed.
            (-2 * D, 0, false),
            (-2 * D, -2 * D, false),
            (2 * D, 9 * D, false),
            (9 * D, 9 * D, false),
            (0, 8 * D, false),
            (-D, 7 * D, false),
            (D, 0, false),
            (0, -D, false),
            // One second beside midnight, on both sides of both ends.
            (1, D, false),
            (-1, D, false),
            (0, D + 1, false),
            (0, D - 1, false),
            (-D - 1, 0, false),
            (-D + 1, 0, false),
            (D, 8 * D + 1, false),
            (D, 8 * D - 1, false),
            (0, 7 * D + 1, false),
            (0, 7 * D - 1, false),
            (1, 1, false),
        ] {
            // The same at all times of the day.
            for now in [TODAY, TODAY + 1, TODAY + 43_200, TODAY + 86_399] {
                assert_eq!(allowed(start, end, now), expected, "{start} {end} {now}");
            }
        }
    }

    #[test]
    fn the_window_moves_at_midnight_and_not_a_second_before_or_after() {
        const D: i64 = 86_400;
        for (start, end, before, after) in [
            (-2 * D, -2 * D, true, false),
            (-2 * D, 0, true, false),
            (8 * D, 8 * D, false, true),
            (D, 8 * D, false, true),
            (-D, 0, true, true),
        ] {
            assert_eq!(allowed(start, end, TODAY - 1), before, "{start} {end}");
            assert_eq!(allowed(start, end, TODAY), after, "{start} {end}");
        }
    }

    #[test]
    fn the_ends_of_time_are_no_edge() {
        let at = Timestamp::from_secs;
        let last = u64::MAX - u64::MAX % DAY;
        assert!(RedemptionRange::new(at(0), at(0), at(0)).is_some());
        assert!(RedemptionRange::new(at(last), at(last), at(u64::MAX)).is_some());
        assert!(RedemptionRange::new(at(last), at(last), at(0)).is_none());
        let range = RedemptionRange::new(at(last), at(last), at(u64::MAX)).unwrap();
        assert_eq!(range.days().count(), 1);
    }
}
