//! What a password is verified against.

use std::fmt;

use zeroize::Zeroizing;

/// A slow hash of a password with its salt and its cost, as text (a PHC string).
///
/// This crate knows nothing of the hash. Sensitive: `Debug` shows nothing of it, and it is wiped on
/// drop.
#[derive(Clone)]
pub struct PasswordVerifier(Zeroizing<String>);

impl PasswordVerifier {
    /// The longest text, in bytes.
    pub const MAX_BYTES: usize = 512;

    /// From the text as it stands.
    ///
    /// # Errors
    /// More than [`Self::MAX_BYTES`] bytes.
    pub fn new(text: Zeroizing<String>) -> Result<Self, PasswordVerifierError> {
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordVerifierError);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordVerifier(..)")
    }
}

/// A password verifier is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a password verifier has at most {} bytes",
    PasswordVerifier::MAX_BYTES
)]
pub struct PasswordVerifierError;
