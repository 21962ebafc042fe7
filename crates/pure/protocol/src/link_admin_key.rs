//! The admin key that a link names.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::ParseError;

/// The public key of the admins of a room, as the room's link names it: 32 bytes, in a link as unpadded
/// base64url.
///
/// This crate verifies nothing with the key. `Debug` shows nothing of it, because it identifies the room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkAdminKey([u8; 32]);

fixed_bytes!(LinkAdminKey[32]);
anteroom_kvac::redacted_debug!(LinkAdminKey);

impl LinkAdminKey {
    /// Parses the text of a link: exactly 43 characters.
    ///
    /// # Errors
    /// Any other text, also one that decodes to the same bytes.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ParseError)?;
        let bytes = bytes.try_into().map_err(|_| ParseError)?;
        Ok(Self(bytes))
    }

    /// Returns the text of a link.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}
