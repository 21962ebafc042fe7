//! The seal around handshake messages: commits, Welcomes and key packages, under a key of the link and the
//! era. The room service reads neither the tree nor the identities in it.
//!
//! A body is `01 || nonce (12) || ciphertext || tag (16)`: AES-256-GCM-SIV with random nonces, with `01 || kind
//! (1) || group (4) || epoch (8)` as associated data, numbers big-endian. Those of a key package
//! and of statements are 0.

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use anteroom_protocol::{EraId, RootKey, VerifyError, redacted_debug};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{GroupEpoch, keys::derive_for_era, labels};

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 12;
const OVERHEAD: usize = 1 + NONCE_LENGTH + 16;

/// A kind of handshake body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeKind {
    /// The commit that ends an epoch.
    Commit,
    /// The Welcome into the epoch that a commit begins.
    Welcome,
    /// The key package of a device that waits to be added.
    KeyPackage,
    /// The statements that such a device knows.
    Statements,
}

impl HandshakeKind {
    /// The maximum length of a body, in bytes, as sealed.
    #[must_use]
    pub const fn max_length(self) -> usize {
        match self {
            Self::Commit => 64 * 1024,
            Self::Welcome => 112 * 1024,
            Self::KeyPackage => 8 * 1024,
            Self::Statements => 48 * 1024,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Commit => 1,
            Self::Welcome => 2,
            Self::KeyPackage => 3,
            Self::Statements => 4,
        }
    }
}

/// The error for a body that is longer than its kind allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the group is too large for its messages")]
pub struct BodyTooLong;

/// The key of the handshake bodies of an era: HKDF-SHA256, salt = era id, ikm = `crn`. Wiped on drop.
#[derive(Clone)]
pub struct HandshakeKey(Zeroizing<[u8; 32]>);

redacted_debug!(HandshakeKey);

impl HandshakeKey {
    /// Derives the key.
    #[must_use]
    pub fn derive(root_key: &RootKey, era: EraId) -> Self {
        Self(derive_for_era(era, root_key, labels::HANDSHAKE_KEY))
    }

    /// Seals a body. `epoch` is the one that a commit ends, or that a Welcome leads into; key packages
    /// and statements have none.
    ///
    /// # Errors
    /// The body is too long.
    pub fn seal<R: CryptoRng + ?Sized>(
        &self,
        kind: HandshakeKind,
        epoch: Option<GroupEpoch>,
        body: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, BodyTooLong> {
        if body.len() + OVERHEAD > kind.max_length() {
            return Err(BodyTooLong);
        }
        let mut nonce = [0; NONCE_LENGTH];
        rng.fill_bytes(&mut nonce);
        let payload = Payload {
            msg: body,
            aad: &associated(kind, epoch),
        };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| BodyTooLong)?;
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// Opens a body.
    ///
    /// # Errors
    /// No holder of the link sealed it for this kind and epoch.
    pub fn open(
        &self,
        kind: HandshakeKind,
        epoch: Option<GroupEpoch>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VerifyError> {
        let (version, rest) = sealed.split_first().ok_or(VerifyError)?;
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_LENGTH>()
            .ok_or(VerifyError)?;
        if *version != VERSION || sealed.len() > kind.max_length() {
            return Err(VerifyError);
        }
        let payload = Payload {
            msg: ciphertext,
            aad: &associated(kind, epoch),
        };
        let opened = self.cipher().decrypt(&Nonce::from(*nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| VerifyError)
    }

    fn cipher(&self) -> Aes256GcmSiv {
        let key: &[u8; 32] = &self.0;
        Aes256GcmSiv::new(key.into())
    }
}

fn associated(kind: HandshakeKind, epoch: Option<GroupEpoch>) -> Vec<u8> {
    let GroupEpoch { group, epoch } = epoch.unwrap_or(GroupEpoch { group: 0, epoch: 0 });
    [
        &[VERSION, kind.number()][..],
        &group.to_be_bytes(),
        &epoch.to_be_bytes(),
    ]
    .concat()
}
