//! Randomness as an argument.

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 uniform bytes that are used once.
///
/// The same bytes must never meet two different inputs (a repeated nonce gives the witness away),
/// so the value is consumed by its use and cannot be cloned. It is wiped on drop.
///
/// Where it comes from decides how the point `U` of a credential is made: from given bytes it is
/// hashed, as the known answers ask; from a generator it is a random multiple of the basepoint,
/// which is as uniform and cheaper to go on with.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Randomness {
    bytes: [u8; 32],
    is_drawn: bool,
}

impl Randomness {
    /// Draws from a generator, which above this layer is the operating system's.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self {
            bytes,
            is_drawn: true,
        }
    }

    /// Takes given bytes, for known-answer tests and for callers that draw themselves.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self {
            bytes,
            is_drawn: false,
        }
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Whether it was drawn from a generator, so that nobody expects known answers.
    #[must_use]
    pub const fn is_drawn(&self) -> bool {
        self.is_drawn
    }
}

crate::redacted_debug!(Randomness);
