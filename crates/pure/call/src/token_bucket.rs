//! Rate limits: buckets of tokens that refill over time.

use crate::Moment;

/// A bucket of tokens, full at first: `BURST` of them, and `PER_SECOND` are added in a second.
///
/// The level is counted in thousandths of a token, so that the refill of a millisecond is an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenBucket<const BURST: u32, const PER_SECOND: u32> {
    level: u64,
    updated: Moment,
}

/// The number of units of the level in a token.
const UNITS: u64 = 1_000;

impl<const BURST: u32, const PER_SECOND: u32> TokenBucket<BURST, PER_SECOND> {
    const CAPACITY: u64 = BURST as u64 * UNITS;

    pub(crate) const fn full() -> Self {
        Self {
            level: Self::CAPACITY,
            updated: Moment::from_millis(0),
        }
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
        self.level = rest;
        self.updated = now;
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
        let passed = now.as_millis().saturating_sub(self.updated.as_millis());
        let refill = passed.saturating_mul(u64::from(PER_SECOND));
        self.level.saturating_add(refill).min(Self::CAPACITY)
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
