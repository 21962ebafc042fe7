//! Sealed relay messages between the members of a room.
//!
//! The key of an era is HKDF-SHA256 of the root key's 16 random bytes with the era id as salt; the room
//! service knows the era id and not the root key. A message is `version || counter (8 bytes) || nonce (12
//! bytes) || ciphertext || tag (16 bytes)`: AES-256-GCM-SIV over the padded plaintext, with `version ||
//! sender's demux id (4 bytes) || counter` as associated data, all numbers big-endian. Therefore the room
//! service cannot read a message, change it, attribute it to another device, or deliver it to one client
//! twice. The counters outlive a reconnection and a new join to the same era, and with a
//! [`ReplayStore`](crate::ReplayStore) also the process.

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use anteroom_protocol::{DemuxId, EraId, RootKey, redacted_debug};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::replay::SenderCounters;

const LABEL: &[u8] = b"Anteroom_20261101_RelayMessage_EraKey";
/// The length of the root key's random part, in bytes. The bytes after it differ between versions of one key.
const SEED_LENGTH: usize = 16;

const VERSION: u8 = 1;
const COUNTER_LENGTH: usize = 8;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
const HEAD_LENGTH: usize = 1 + COUNTER_LENGTH + NONCE_LENGTH;

/// The byte that marks the end of the message within the padding; zeros follow it.
const END: u8 = 0x80;
/// The length of the padded plaintext is a multiple of this number of bytes.
const BLOCK: usize = 64;

/// The maximum length of a body that the room service relays, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The maximum length of a message that can be sealed, in bytes.
pub const MAX_MESSAGE: usize = (MAX_BODY - HEAD_LENGTH - TAG_LENGTH) / BLOCK * BLOCK - 1;

/// The error for a message longer than [`MAX_MESSAGE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is longer than {MAX_MESSAGE} bytes")]
pub struct MessageTooLong;

/// The reason why a relayed body was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The named sender did not seal the body with the key of this room and era.
    #[error("it was not sealed by this device for this call")]
    Forged,
    /// The body repeats a received message, or is older than one.
    #[error("it was delivered before")]
    Replayed,
    /// The sender takes part in the end-to-end encryption, and the body came from outside of the group.
    #[error("it came from outside of the group that its device takes part in")]
    OutsideGroup,
}

/// The key of one era. It is wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct EraKey([u8; 32]);

impl EraKey {
    /// Derives the key. All members of the room derive the same one.
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

redacted_debug!(EraKey);

/// Seals the messages that one device sends during an era. Its counter continues after a lost connection.
#[derive(Debug)]
pub struct MessageSealer {
    key: EraKey,
    sender: DemuxId,
    counter: u64,
}

impl MessageSealer {
    /// Creates the sealer of a device that has sent no message yet.
    #[must_use]
    pub const fn new(key: EraKey, sender: DemuxId) -> Self {
        Self {
            key,
            sender,
            counter: 0,
        }
    }

    /// Seals the next message. The length of the result reveals the length of the message in steps of 64
    /// bytes.
    ///
    /// # Errors
    /// The message is longer than [`MAX_MESSAGE`].
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

/// Opens the messages that the devices of an era send. Accepts each message once and in order.
#[derive(Debug)]
pub struct MessageOpener {
    key: EraKey,
    counters: SenderCounters,
}

impl MessageOpener {
    /// Creates the opener of a device that has received no message yet.
    #[must_use]
    pub fn new(key: EraKey) -> Self {
        Self::with_counters(key, SenderCounters::default())
    }

    /// Creates the opener of a device that has received messages up to these counters, in this session or an
    /// earlier one.
    #[must_use]
    pub const fn with_counters(key: EraKey, counters: SenderCounters) -> Self {
        Self { key, counters }
    }

    /// Returns the counters of received messages.
    #[must_use]
    pub const fn counters(&self) -> &SenderCounters {
        &self.counters
    }

    /// Opens a body that the room service attributes to `sender`.
    ///
    /// # Errors
    /// [`OpenError::Forged`] if the attribution is wrong; [`OpenError::Replayed`] if the counter is not
    /// higher than that of every earlier message of the sender.
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
        // The counter advances only for an authenticated message, so that nobody else can exhaust it.
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
