//! The master key, which no database contains.

use base64::{Engine, engine::general_purpose::STANDARD};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::KeyError;
use crate::opaque_debug::opaque_debug;

/// 32 secret bytes that wrap all keys of a database.
///
/// `Debug` does not show them, and they are wiped on drop.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Draws a random key.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Parses the standard base64 text (with padding) of 32 bytes, as a key file or a variable
    /// contains it. White space around it is ignored.
    ///
    /// # Errors
    /// [`KeyError::MalformedMasterKey`] for any other text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut decoded = STANDARD
            .decode(text.trim())
            .map_err(|_| KeyError::MalformedMasterKey)?;
        let bytes = <[u8; 32]>::try_from(decoded.as_slice());
        decoded.zeroize();
        bytes
            .map(|bytes| Self(Zeroizing::new(bytes)))
            .map_err(|_| KeyError::MalformedMasterKey)
    }

    /// Returns the base64 text, without a line end.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

opaque_debug!(MasterKey);
