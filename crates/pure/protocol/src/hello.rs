//! Sealed hellos: statements of a device about itself for all holders of the link, readable before the reader
//! has joined an era.
//!
//! A hello is `version || nonce (12 bytes) || ciphertext || tag (16 bytes)`: AES-256-GCM-SIV over the padded
//! plaintext, with `version || room id (32 bytes) || uid ciphertext (65 bytes)` as associated data. The room
//! service relays hellos. It can neither read nor change one, nor attribute it to another user or room. All
//! hellos of up to 255 bytes have one length.

use core::fmt;
use std::sync::Arc;

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{RoomId, RootKey, UidCiphertext, VerifyError};

const LABEL: &[u8] = b"Anteroom_20261126_Hello_Key";

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
const HEAD_LENGTH: usize = 1 + NONCE_LENGTH;

/// The byte that marks the end of the hello within the padding; zeros follow it.
const END: u8 = 0x80;
/// The length of the padded plaintext is a multiple of this number of bytes.
const BLOCK: usize = 256;

/// The error for a hello longer than [`HelloKey::MAX_HELLO`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hello is longer than {} bytes", HelloKey::MAX_HELLO)]
pub struct HelloTooLong;

/// The key of a room's hellos. Wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HelloKey {
    key: [u8; 32],
    #[zeroize(skip)]
    room: RoomId,
}

anteroom_kvac::redacted_debug!(HelloKey);

impl HelloKey {
    /// The maximum length of a sealed hello, in bytes.
    pub const MAX_SEALED: usize = 640;

    /// The maximum length of a hello, in bytes.
    pub const MAX_HELLO: usize = (Self::MAX_SEALED - HEAD_LENGTH - TAG_LENGTH) / BLOCK * BLOCK - 1;

    /// Derives the key by HKDF-SHA256 of the root key's random part with the room id as salt. Both versions
    /// of a root key result in the same key.
    #[must_use]
    pub fn derive(root_key: &RootKey) -> Self {
        let room = root_key.room_id();
        let mut key = [0; 32];
        let kdf = Hkdf::<Sha256>::new(Some(room.as_bytes()), root_key.seed());
        let filled = kdf.expand(LABEL, &mut key);
        debug_assert!(filled.is_ok(), "32 bytes are within HKDF's bound");
        Self { key, room }
    }

    /// Seals the hello of a user. The nonce is 12 fresh random bytes.
    ///
    /// # Errors
    /// The hello is longer than [`Self::MAX_HELLO`].
    pub fn seal(
        &self,
        user: &UidCiphertext,
        hello: &[u8],
        nonce: [u8; NONCE_LENGTH],
    ) -> Result<Vec<u8>, HelloTooLong> {
        if hello.len() > Self::MAX_HELLO {
            return Err(HelloTooLong);
        }
        let padded = (hello.len() + 1).next_multiple_of(BLOCK);
        let mut plaintext = Zeroizing::new(Vec::with_capacity(padded));
        plaintext.extend_from_slice(hello);
        plaintext.push(END);
        plaintext.resize(padded, 0);
        let payload = Payload {
            msg: &plaintext,
            aad: &self.associated(user),
        };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| HelloTooLong)?;
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// Opens a hello that is attributed to `user`.
    ///
    /// # Errors
    /// The hello was not sealed for that user by a holder of this room's root key.
    pub fn open(
        &self,
        user: &UidCiphertext,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VerifyError> {
        if sealed.len() > Self::MAX_SEALED {
            return Err(VerifyError);
        }
        let (&version, rest) = sealed.split_first().ok_or(VerifyError)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_LENGTH>()
            .ok_or(VerifyError)?;
        if version != VERSION {
            return Err(VerifyError);
        }
        let payload = Payload {
            msg: sealed,
            aad: &self.associated(user),
        };
        let opened = self.cipher().decrypt(&Nonce::from(*nonce), payload);
        let mut hello = Zeroizing::new(opened.map_err(|_| VerifyError)?);
        let end = hello
            .iter()
            .rposition(|byte| *byte != 0)
            .filter(|end| hello.get(*end) == Some(&END))
            .ok_or(VerifyError)?;
        hello.truncate(end);
        Ok(hello)
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new(&self.key.into())
    }

    fn associated(&self, user: &UidCiphertext) -> Vec<u8> {
        [&[VERSION][..], self.room.as_bytes(), &user.to_bytes()].concat()
    }
}

/// The statement of a device about itself for the members of the room: opaque bytes, sealed with a key of the
/// link. Cheap to clone.
///
/// Must not be stored or logged; `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Hello(Arc<[u8]>);

impl Hello {
    /// The maximum length of a hello, in bytes.
    pub const MAX_LENGTH: usize = HelloKey::MAX_SEALED;

    /// Checks the length.
    ///
    /// # Errors
    /// The hello is empty, or longer than [`Self::MAX_LENGTH`].
    pub fn new(hello: impl Into<Arc<[u8]>>) -> Result<Self, HelloLengthError> {
        let hello = hello.into();
        if hello.is_empty() || hello.len() > Self::MAX_LENGTH {
            return Err(HelloLengthError);
        }
        Ok(Self(hello))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hello({} bytes)", self.0.len())
    }
}

/// The error for an empty hello, or one longer than [`Hello::MAX_LENGTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hello has 1 to {} bytes", Hello::MAX_LENGTH)]
pub struct HelloLengthError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_has_1_to_640_bytes() {
        for (length, is_hello) in [(0, false), (1, true), (640, true), (641, false)] {
            assert_eq!(Hello::new(vec![7; length]).is_ok(), is_hello, "{length}");
        }
    }

    #[test]
    fn nothing_of_a_hello_is_in_debug() {
        let hello = Hello::new(*b"Ann").unwrap();
        assert_eq!(format!("{hello:?}"), "Hello(3 bytes)");
    }
}
