//! Randomness as an argument.

use rand_core::CryptoRng;

/// Hands out generators, one per use.
///
/// A generator is drawn where the randomness is needed and dropped after it, so that no lock is
/// held while another request computes.
pub trait Entropy: Send + Sync {
    /// A generator whose output nobody can predict.
    fn rng(&self) -> Box<dyn CryptoRng + Send>;
}
