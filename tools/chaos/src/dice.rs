//! The random decisions, all from one seed.

use std::time::Duration;

use anyhow::Result;
use rand::{RngExt as _, SeedableRng as _, TryRng as _, rngs::SysRng};
use rand_chacha::ChaCha20Rng;

/// A source of decisions.
pub(crate) struct Dice(ChaCha20Rng);

impl Dice {
    /// Creates the decisions of a subject, such as a person.
    pub(crate) fn of(seed: u64, subject: u64) -> Self {
        let mut dice = ChaCha20Rng::seed_from_u64(seed);
        dice.set_stream(subject);
        Self(dice)
    }

    /// Returns whether an event of this probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.0.random_bool(probability)
    }

    /// Returns a time between two, in seconds.
    pub(crate) fn time(&mut self, from: f64, to: f64) -> Duration {
        Duration::from_secs_f64(self.0.random_range(from..to))
    }

    /// Returns a time until the next of events that come at random, with this mean.
    pub(crate) fn until_next(&mut self, mean: f64) -> Duration {
        let share: f64 = self.0.random_range(f64::EPSILON..1.0);
        Duration::from_secs_f64(-mean * share.ln())
    }
}

/// Returns a seed that differs from run to run.
pub(crate) fn new_seed() -> Result<u64> {
    Ok(SysRng.try_next_u32()?.into())
}
