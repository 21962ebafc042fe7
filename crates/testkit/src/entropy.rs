//! Randomness that is the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use anteroom_service::Entropy;
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng as _};

/// Hands out generators that follow from one seed. Each is another stream of it: no two give the
/// same bytes.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    streams: AtomicU64,
}

impl SeededEntropy {
    /// From this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            streams: AtomicU64::new(0),
        }
    }
}

impl Entropy for SeededEntropy {
    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        let mut rng = ChaCha20Rng::seed_from_u64(self.seed);
        rng.set_stream(self.streams.fetch_add(1, Ordering::SeqCst));
        Box::new(rng)
    }
}
