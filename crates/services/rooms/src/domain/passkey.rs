//! The admin passkey in a request.

use zeroize::Zeroizing;

/// An admin passkey of at most [`Passkey::MAX_LENGTH`] bytes, which may be wrong.
pub(crate) struct Passkey(Zeroizing<Vec<u8>>);

impl Passkey {
    /// The maximum length, in bytes.
    const MAX_LENGTH: usize = 32;
    /// The minimum length of the passkey of a new link, in bytes. Shorter ones can be guessed, and
    /// an empty one would make every holder of the link an admin.
    const MIN_NEW_LENGTH: usize = 16;

    /// Returns `None` for a passkey that is too long.
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        (bytes.len() <= Self::MAX_LENGTH).then_some(Self(bytes))
    }

    /// Returns whether a new link may have the passkey.
    pub(crate) fn suits_new_link(&self) -> bool {
        self.0.len() >= Self::MIN_NEW_LENGTH
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
