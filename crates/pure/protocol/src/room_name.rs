//! The encrypted name of a room (call-links.md).

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, AeadInOut},
};
use zeroize::Zeroizing;

use crate::{RootKey, VerifyError};

const KEY_V0: &[u8] = b"20230501-Signal-CallLinkRootKey-AES";
const KEY_V1: &[u8] = b"20251219-Signal-CallLinkRootKey-AES";

const NONCE_LENGTH: usize = 12;
/// The byte that marks the end of the name within the padding; zeros follow it.
const END: u8 = 0x80;
/// The length of nonce and padded name together is a multiple of this number of bytes.
const BLOCK: usize = 32;

impl RootKey {
    /// Encrypts a room's name, padded so that the length of the result reveals its length only roughly.
    ///
    /// The nonce is 12 fresh random bytes. The result is `nonce || ciphertext || tag`.
    #[must_use]
    pub fn encrypt_name(&self, name: &str, nonce: [u8; NONCE_LENGTH]) -> Vec<u8> {
        let unpadded = NONCE_LENGTH + name.len() + 1;
        let padded = unpadded.next_multiple_of(BLOCK) - NONCE_LENGTH;
        let mut plaintext = Zeroizing::new(Vec::with_capacity(padded + 16));
        plaintext.extend_from_slice(name.as_bytes());
        plaintext.push(END);
        plaintext.resize(padded, 0);
        let sealed = self
            .name_cipher()
            .encrypt_in_place(&Nonce::from(nonce), b"", &mut *plaintext);
        debug_assert!(sealed.is_ok(), "a name is far below the cipher's limit");
        [&nonce, plaintext.as_slice()].concat()
    }

    /// Decrypts a room's name.
    ///
    /// # Errors
    /// The name was not encrypted under this key, or is no padded UTF-8.
    pub fn decrypt_name(&self, encrypted: &[u8]) -> Result<String, VerifyError> {
        let (nonce, sealed) = encrypted.split_first_chunk().ok_or(VerifyError)?;
        let mut plaintext = self
            .name_cipher()
            .decrypt(&Nonce::from(*nonce), sealed)
            .map_err(|_| VerifyError)?;
        let end = plaintext
            .iter()
            .rposition(|byte| *byte == END)
            .ok_or(VerifyError)?;
        plaintext.truncate(end);
        String::from_utf8(plaintext).map_err(|_| VerifyError)
    }

    fn name_cipher(&self) -> Aes256GcmSiv {
        let info = if self.is_v1() { KEY_V1 } else { KEY_V0 };
        Aes256GcmSiv::new((&*self.derive(info)).into())
    }
}
