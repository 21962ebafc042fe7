//! Sealed relay messages: what members of a room say to each other, and nobody else reads.
//!
//! The key of an era is HKDF-SHA256 of the root key's 16 random bytes with the era id as salt; the
//! room service knows the era id and not the root key. A message is
//! `version || counter (8 bytes) || nonce (12 bytes) || ciphertext || tag (16 bytes)`: AES-256-GCM-SIV
//! over the padded plaintext, with `version || sender's demux id (4 bytes) || counter` as associated
//! data, all numbers big-endian. So the room service can neither read a message, nor change it, nor
//! pass it off as another device's, nor deliver it twice to one client, also if that has left the
//! call and joined its era again, and with a [`super::ReplayStore`] also in another process.

use std::fmt;

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use anteroom_protocol::RootKey;
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{DemuxId, EraId, SenderCounters};

const LABEL: &[u8] = b"Anteroom_20261101_RelayMessage_EraKey";
/// The root key's random part; what follows it differs between versions of one key.
const SEED_LENGTH: usize = 16;

const VERSION: u8 = 1;
const COUNTER_LENGTH: usize = 8;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
const HEAD_LENGTH: usize = 1 + COUNTER_LENGTH + NONCE_LENGTH;

/// Ends the message; zeros follow.
const END: u8 = 0x80;
/// The padded plaintext is a multiple of this.
const BLOCK: usize = 64;

/// The longest body the room service relays, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The longest message that can be sealed, in bytes.
pub const MAX_MESSAGE: usize = (MAX_BODY - HEAD_LENGTH - TAG_LENGTH) / BLOCK * BLOCK - 1;

/// A message is longer than [`MAX_MESSAGE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is longer than {MAX_MESSAGE} bytes")]
pub struct MessageTooLong;

/// Why a relayed body is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It was not sealed with this room's and era's key by the device it is said to come from.
    #[error("it was not sealed by this device for this call")]
    Forged,
    /// This message, or a later one of the device, was here before.
    #[error("it was delivered before")]
    Replayed,
}

/// The key of one era. Wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct EraKey([u8; 32]);

impl EraKey {
    /// Derives the key; every member of the room gets the same.
    #[must_use]
    pub fn derive(root_key: &RootKey, era: EraId) -> Self {
        let bytes = root_key.to_bytes();
        let (seed, _) = bytes.split_at(SEED_LENGTH.min(bytes.len()));
        let mut key = [0; 32];
        let filled = Hkdf::<Sha256>::new(Some(era.as_bytes()), seed).expand(LABEL, &mut key);
        debug_assert!(filled.is_ok(), "32 bytes are within HKDF's bound");
        Self(key)
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new(&self.0.into())
    }
}

impl fmt::Debug for EraKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EraKey(..)")
    }
}

/// Seals what one device sends during an era. Counts on over lost connections.
#[derive(Debug)]
pub struct MessageSealer {
    key: EraKey,
    sender: DemuxId,
    counter: u64,
}

impl MessageSealer {
    /// For a device that has sent nothing yet.
    #[must_use]
    pub const fn new(key: EraKey, sender: DemuxId) -> Self {
        Self {
            key,
            sender,
            counter: 0,
        }
    }

    /// Seals the next message. Its length shows in steps of 64 bytes only.
    ///
    /// # Errors
    /// It is too long.
    pub fn seal<R: CryptoRng + ?Sized>(
        &mut self,
        message: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, MessageTooLong> {
        if message.len() > MAX_MESSAGE {
            return Err(MessageTooLong);
        }
        self.counter += 1;
        let mut nonce = [0; NONCE_LENGTH];
        rng.fill_bytes(&mut nonce);
        let padded = (message.len() + 1).next_multiple_of(BLOCK);
        let mut plaintext = Zeroizing::new(Vec::with_capacity(padded));
        plaintext.extend_from_slice(message);
        plaintext.push(END);
        plaintext.resize(padded, 0);
        let payload = Payload {
            msg: &plaintext,
            aad: &associated(self.sender, self.counter),
        };
        let sealed = self
            .key
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| MessageTooLong)?;
        let counter = self.counter.to_be_bytes();
        Ok([&[VERSION][..], &counter, &nonce, &sealed].concat())
    }
}

/// Opens what the devices of an era send, each message once and in order.
#[derive(Debug)]
pub struct MessageOpener {
    key: EraKey,
    counters: SenderCounters,
}

impl MessageOpener {
    /// For a device that has received nothing yet.
    #[must_use]
    pub fn new(key: EraKey) -> Self {
        Self::with_counters(key, SenderCounters::default())
    }

    /// For a device that has received what these counters say, in this stay or an earlier one.
    #[must_use]
    pub const fn with_counters(key: EraKey, counters: SenderCounters) -> Self {
        Self { key, counters }
    }

    /// The counters of what was received.
    #[must_use]
    pub const fn counters(&self) -> &SenderCounters {
        &self.counters
    }

    /// Opens a body that is said to come from `sender`.
    ///
    /// # Errors
    /// It does not, or it is no later than a message that came before.
    pub fn open(&mut self, sender: DemuxId, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (&version, rest) = body.split_first().ok_or(OpenError::Forged)?;
        let (counter, rest) = rest
            .split_first_chunk::<COUNTER_LENGTH>()
            .ok_or(OpenError::Forged)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_LENGTH>()
            .ok_or(OpenError::Forged)?;
        if version != VERSION {
            return Err(OpenError::Forged);
        }
        let counter = u64::from_be_bytes(*counter);
        let payload = Payload {
            msg: sealed,
            aad: &associated(sender, counter),
        };
        let opened = self.key.cipher().decrypt(&Nonce::from(*nonce), payload);
        let mut message = Zeroizing::new(opened.map_err(|_| OpenError::Forged)?);
        // Only what is genuine counts: no one else can use up a device's counters.
        if !self.counters.advance(sender, counter) {
            return Err(OpenError::Replayed);
        }
        let end = message
            .iter()
            .rposition(|byte| *byte != 0)
            .filter(|end| message.get(*end) == Some(&END))
            .ok_or(OpenError::Forged)?;
        message.truncate(end);
        Ok(message)
    }
}

fn associated(sender: DemuxId, counter: u64) -> Vec<u8> {
    [
        &[VERSION][..],
        &sender.number().to_be_bytes(),
        &counter.to_be_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
