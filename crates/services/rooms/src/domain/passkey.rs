//! The admin passkey in a request.

use zeroize::Zeroizing;

/// An admin passkey of at most [`Passkey::MAX_LENGTH`] bytes, which may be wrong.
pub(crate) struct Passkey(Zeroizing<Vec<u8>>);

/// The error for a passkey that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PasskeyTooLong;

impl Passkey {
    /// The maximum length, in bytes.
    const MAX_LENGTH: usize = 32;
    /// The minimum length of the passkey of a new link, in bytes. Shorter ones can be guessed, and
    /// an empty one would make every holder of the link an admin.
    const MIN_NEW_LENGTH: usize = 16;

    /// # Errors
    /// [`PasskeyTooLong`].
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Result<Self, PasskeyTooLong> {
        if bytes.len() > Self::MAX_LENGTH {
            return Err(PasskeyTooLong);
        }
        Ok(Self(bytes))
    }

    /// Returns whether a new link may have the passkey.
    pub(crate) fn suits_new_link(&self) -> bool {
        self.0.len() >= Self::MIN_NEW_LENGTH
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
