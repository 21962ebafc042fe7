//! Buckets of tokens that refill over time, with sizes that are settings.

use crate::time::Moment;

/// The number of units of the level in a token: microseconds of a refill are integers.
const UNITS: u128 = 1_000_000;

/// A bucket of tokens, full at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    burst: u64,
    per_second: u64,
    /// The level at the moment of the last change, in units.
    level: u128,
    changed: Moment,
}

impl TokenBucket {
    /// Creates a bucket of `burst` tokens, to which `per_second` are added in a second.
    #[must_use]
    pub const fn new(burst: u64, per_second: u64) -> Self {
        Self {
            burst,
            per_second,
            level: burst as u128 * UNITS,
            changed: Moment::from_micros(0),
        }
    }

    /// Returns whether the bucket holds so many tokens.
    #[must_use]
    pub fn holds(&self, tokens: u64, now: Moment) -> bool {
        self.level_at(now) >= u128::from(tokens) * UNITS
    }

    /// Removes tokens, at most those that the bucket holds.
    pub fn take(&mut self, tokens: u64, now: Moment) {
        self.level = self
            .level_at(now)
            .saturating_sub(u128::from(tokens) * UNITS);
        self.changed = self.changed.max(now);
    }

    /// Removes tokens if the bucket holds them all. Returns whether it did.
    pub fn try_take(&mut self, tokens: u64, now: Moment) -> bool {
        let holds = self.holds(tokens, now);
        if holds {
            self.take(tokens, now);
        }
        holds
    }

    /// Adds tokens, as far as there is room for them.
    pub fn add(&mut self, tokens: u64) {
        let added = self.level + u128::from(tokens) * UNITS;
        self.level = added.min(u128::from(self.burst) * UNITS);
    }

    fn level_at(&self, now: Moment) -> u128 {
        let added = now.since(self.changed).as_micros() * u128::from(self.per_second);
        (self.level + added).min(u128::from(self.burst) * UNITS)
    }
}
