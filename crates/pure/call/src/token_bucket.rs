//! Rate limits: buckets of tokens that refill over time.

use crate::Moment;

/// A bucket of tokens, full at first: `BURST` of them, and `PER_SECOND` are added in a second.
///
/// Levels are counted in thousandths of a token, so that the refill of a millisecond is an integer. The bucket
/// keeps the moment of its last full level alone: each lower level is so many refills before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenBucket<const BURST: u32, const PER_SECOND: u32> {
    /// The moment at which the bucket is full again, in units of the level that are added from the start of time.
    full_at: u64,
}

/// The number of units of the level in a token.
const UNITS: u64 = 1_000;

impl<const BURST: u32, const PER_SECOND: u32> TokenBucket<BURST, PER_SECOND> {
    const CAPACITY: u64 = BURST as u64 * UNITS;

    pub(crate) const fn full() -> Self {
        Self { full_at: 0 }
    }

    pub(crate) fn holds(&self, tokens: u64, now: Moment) -> bool {
        self.level_at(now) >= tokens.saturating_mul(UNITS)
    }

    pub(crate) fn is_full(&self, now: Moment) -> bool {
        self.level_at(now) == Self::CAPACITY
    }

    /// Removes tokens, at most those that the bucket holds.
    pub(crate) fn take(&mut self, tokens: u64, now: Moment) {
        let rest = self
            .level_at(now)
            .saturating_sub(tokens.saturating_mul(UNITS));
        self.full_at = Self::refilled(now).saturating_add(Self::CAPACITY - rest);
    }

    /// Removes one token if there is one. Returns whether there was one.
    pub(crate) fn try_take(&mut self, now: Moment) -> bool {
        let holds = self.holds(1, now);
        if holds {
            self.take(1, now);
        }
        holds
    }

    fn level_at(&self, now: Moment) -> u64 {
        let missing = self.full_at.saturating_sub(Self::refilled(now));
        Self::CAPACITY.saturating_sub(missing)
    }

    /// Returns the units that are added from the start of time until `now`.
    fn refilled(now: Moment) -> u64 {
        now.as_millis().saturating_mul(u64::from(PER_SECOND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_up_to_its_burst_and_no_further() {
        let mut bucket = TokenBucket::<4, 2>::full();
        let at = Moment::from_millis;
        bucket.take(4, at(1_000));
        for (millis, tokens) in [(1_000, 0), (1_499, 0), (1_500, 1), (2_999, 3), (99_000, 4)] {
            assert!(bucket.holds(tokens, at(millis)), "{millis}");
            assert!(!bucket.holds(tokens + 1, at(millis)), "{millis}");
            assert_eq!(bucket.is_full(at(millis)), tokens == 4, "{millis}");
        }
    }
}
