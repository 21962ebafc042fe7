//! Randomness as an argument.

use rand_core::CryptoRng;

/// Creates random generators, one for each use.
///
/// A generator is created where it is needed and dropped after it, so that no lock is held during
/// the computation of another request.
pub trait Entropy: Send + Sync {
    /// Returns a cryptographically secure generator.
    fn rng(&self) -> Box<dyn CryptoRng + Send>;
}
