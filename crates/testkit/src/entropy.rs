//! Randomness that is the same in every run.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use anteroom_runtime::Entropy;
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng as _};

/// Creates generators from one seed. Each generator is another stream of it: no two give the same bytes.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    streams: AtomicU64,
}

impl SeededEntropy {
    /// Creates the source from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            streams: AtomicU64::new(0),
        }
    }

    /// Creates the source from a seed and the name of the running test. Tests of one process thus draw
    /// different ids: a secret of one test never equals a public id in the log of another.
    #[must_use]
    pub fn of_this_test(seed: u64) -> Self {
        let mut hasher = DefaultHasher::new();
        thread::current().name().hash(&mut hasher);
        Self::new(seed ^ hasher.finish())
    }
}

impl Entropy for SeededEntropy {
    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        let mut rng = ChaCha20Rng::seed_from_u64(self.seed);
        rng.set_stream(self.streams.fetch_add(1, Ordering::SeqCst));
        Box::new(rng)
    }
}
