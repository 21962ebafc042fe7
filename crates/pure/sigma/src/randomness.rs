//! Randomness as an argument.

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 uniform bytes for a single use.
///
/// The same bytes must never be combined with two different inputs (a repeated nonce reveals the witness).
/// Therefore the value is consumed by its use and cannot be cloned. It is wiped on drop.
///
/// The source determines how the point `U` of a credential is made. From given bytes it is hashed, as the
/// known answers require; from a generator it is a random multiple of the basepoint, which is equally uniform
/// and makes the following computations cheaper.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Randomness {
    bytes: [u8; 32],
    is_drawn: bool,
}

impl Randomness {
    /// Draws the bytes from a generator.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self {
            bytes,
            is_drawn: true,
        }
    }

    /// Uses given bytes, for known-answer tests and for callers that draw themselves.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self {
            bytes,
            is_drawn: false,
        }
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Returns whether the bytes were drawn from a generator, so that known answers do not apply.
    #[must_use]
    pub const fn is_drawn(&self) -> bool {
        self.is_drawn
    }
}

crate::redacted_debug!(Randomness);
