//! The identifiers of a call.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::{CallLinkSecretParams, ParseError, ServiceId, UidCiphertext, VerifyError};

/// The number of a device in a call; not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DemuxId(NonZeroU32);

impl DemuxId {
    /// Creates a device number; `None` for 0.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for DemuxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The room service's identifier of a user of a room: the user's encrypted id in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpaqueUserId(String);

impl OpaqueUserId {
    /// Parses the identifier from an answer of the room service.
    ///
    /// # Errors
    /// The text is not the hex form of an encrypted id.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        ciphertext(text)?;
        Ok(Self(text.to_owned()))
    }

    /// Returns the hex text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn ciphertext(&self) -> Result<UidCiphertext, ParseError> {
        ciphertext(&self.0)
    }

    /// Decrypts the identifier with the room's secret params.
    ///
    /// # Errors
    /// The id was not encrypted for this room.
    pub fn decrypt(&self, room: &CallLinkSecretParams) -> Result<ServiceId, VerifyError> {
        let ciphertext = self.ciphertext().map_err(|_| VerifyError)?;
        room.decrypt(&ciphertext)
    }
}

fn ciphertext(text: &str) -> Result<UidCiphertext, ParseError> {
    let bytes = hex::decode(text).map_err(|_| ParseError)?;
    UidCiphertext::from_bytes(&bytes)
}
