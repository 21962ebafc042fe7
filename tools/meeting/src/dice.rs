//! The random decisions, all from one seed.

use anyhow::Result;
use rand::{RngExt as _, SeedableRng as _, TryRng as _, rngs::SysRng};
use rand_chacha::ChaCha20Rng;

/// A source of decisions.
pub(crate) struct Dice(ChaCha20Rng);

impl Dice {
    /// Creates the decisions of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// Returns a number under a limit.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.0.random_range(0..limit)
    }
}

/// Returns a seed that differs from run to run.
pub(crate) fn new_seed() -> Result<u64> {
    Ok(SysRng.try_next_u32()?.into())
}
