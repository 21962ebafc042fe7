//! The wrapping of keys under the master key.

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use anteroom_protocol::Timestamp;
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    KeyCheck, KeyError, KeyId, KeyOwner, KeyPurpose, MasterKey, WrappedKey,
    mac::{HashKey, framed},
};
use crate::opaque_debug::opaque_debug;

/// The only format of wrapped keys: `format (1) || nonce (12) || ciphertext (32) || tag (16)`.
const FORMAT: u8 = 1;
const NONCE_LENGTH: usize = 12;
const WRAP_LABEL: &str = "anteroom wrapped key v1";
const CHECK_LABEL: &str = "anteroom master key check v1";
const WRAPPING_KEY_LABEL: &str = "anteroom wrapping key v1";

/// The key that wraps the keys of one database. It is derived from the master key, which is not
/// needed after that.
pub(super) struct WrappingKey {
    owner: KeyOwner,
    key: HashKey,
}

impl WrappingKey {
    /// Creates the key for a new database, with the check of the master key.
    pub(super) fn create(
        owner: KeyOwner,
        master: &MasterKey,
        rng: &mut (dyn CryptoRng + Send),
    ) -> (Self, KeyCheck) {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        (
            Self::derive(owner, master, &salt),
            check(owner, master, &salt),
        )
    }

    /// Derives the key for a database with this check.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`].
    pub(super) fn unlock(
        owner: KeyOwner,
        master: &MasterKey,
        stored: &KeyCheck,
    ) -> Result<Self, KeyError> {
        let salt = stored.salt().ok_or(KeyError::DamagedKeys)?;
        if !check(owner, master, salt).matches(stored) {
            return Err(KeyError::WrongMasterKey);
        }
        Ok(Self::derive(owner, master, salt))
    }

    pub(super) const fn owner(&self) -> KeyOwner {
        self.owner
    }

    /// Draws a random key and wraps it.
    pub(super) fn draw(
        &self,
        id: KeyId,
        purpose: KeyPurpose,
        created: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<WrappedKey, KeyError> {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut_slice());
        self.wrap(id, purpose, created, &key, rng)
    }

    pub(super) fn wrap(
        &self,
        id: KeyId,
        purpose: KeyPurpose,
        created: Timestamp,
        key: &HashKey,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<WrappedKey, KeyError> {
        let mut nonce = [0; NONCE_LENGTH];
        rng.fill_bytes(&mut nonce);
        let payload = Payload {
            msg: key.as_slice(),
            aad: &self.associated_data(id, purpose),
        };
        let ciphertext = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| KeyError::DamagedKeys)?;
        let wrapped = [&[FORMAT], nonce.as_slice(), &ciphertext].concat();
        Ok(WrappedKey {
            id,
            purpose,
            created,
            wrapped,
        })
    }

    pub(super) fn unwrap(&self, key: &WrappedKey) -> Result<HashKey, KeyError> {
        let Some((&FORMAT, rest)) = key.wrapped.split_first() else {
            return Err(KeyError::DamagedKeys);
        };
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_LENGTH>()
            .ok_or(KeyError::DamagedKeys)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &self.associated_data(key.id, key.purpose),
        };
        let opened = self
            .cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::DamagedKeys)?;
        <[u8; 32]>::try_from(opened.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| KeyError::DamagedKeys)
    }

    fn derive(owner: KeyOwner, master: &MasterKey, salt: &[u8; 16]) -> Self {
        Self {
            owner,
            key: derive(master, WRAPPING_KEY_LABEL, owner, salt),
        }
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new((&*self.key).into())
    }

    fn associated_data(&self, id: KeyId, purpose: KeyPurpose) -> Vec<u8> {
        [
            WRAP_LABEL.as_bytes(),
            self.owner.label().as_bytes(),
            purpose.as_str().as_bytes(),
            &id.as_u32().to_be_bytes(),
        ]
        .into_iter()
        .flat_map(framed)
        .collect()
    }
}

opaque_debug!(WrappingKey);

fn check(owner: KeyOwner, master: &MasterKey, salt: &[u8; 16]) -> KeyCheck {
    KeyCheck::new(salt, &derive(master, CHECK_LABEL, owner, salt))
}

/// Derives a key from the master key with HKDF-SHA256, for one salt, label and owner.
fn derive(master: &MasterKey, label: &str, owner: KeyOwner, salt: &[u8; 16]) -> HashKey {
    let mut key = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8160 bytes")]
    Hkdf::<Sha256>::new(Some(salt), master.as_bytes())
        .expand_multi_info(
            &[&framed(label.as_bytes()), &framed(owner.label().as_bytes())],
            key.as_mut_slice(),
        )
        .expect("32 bytes");
    key
}
