//! The stored form of a password.

use zeroize::Zeroizing;

use crate::opaque_debug::opaque_debug;

/// A slow hash of a password with its salt and its cost, as text (a PHC string).
///
/// This crate does not know the hash function. Sensitive: `Debug` does not show it, and it is wiped
/// on drop.
#[derive(Clone)]
pub struct PasswordVerifier(Zeroizing<String>);

impl PasswordVerifier {
    /// The maximum length, in bytes.
    pub const MAX_BYTES: usize = 512;

    /// Creates the verifier from its text, and does not check the text.
    ///
    /// # Errors
    /// More than [`Self::MAX_BYTES`] bytes.
    pub fn new(text: Zeroizing<String>) -> Result<Self, PasswordVerifierError> {
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordVerifierError);
        }
        Ok(Self(text))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

opaque_debug!(PasswordVerifier);

/// The error for a password verifier that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a password verifier has at most {} bytes",
    PasswordVerifier::MAX_BYTES
)]
pub struct PasswordVerifierError;
