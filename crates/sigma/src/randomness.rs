//! Randomness as an argument.

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 uniform bytes that are used once.
///
/// The same bytes must never meet two different inputs (a repeated nonce gives the witness away),
/// so the value is consumed by its use and cannot be cloned. It is wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Randomness([u8; 32]);

impl Randomness {
    /// Draws from a generator, which above this layer is the operating system's.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Takes given bytes, for known-answer tests and for callers that draw themselves.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

crate::redacted_debug!(Randomness);
