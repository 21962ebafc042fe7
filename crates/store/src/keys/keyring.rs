//! All keys of a database, and how they stand in it.

use std::{fmt, sync::Arc};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    EventKey, KeyError, MasterKey, Sealer, ServiceKeys,
    mac::{HashKey, framed},
};

/// The one format of wrapped keys so far: `format (1) || nonce (12) || ciphertext (32) || tag (16)`.
const FORMAT: u8 = 1;
const NONCE_LENGTH: usize = 12;
const WRAP_LABEL: &str = "anteroom wrapped key v1";
const CHECK_LABEL: &str = "anteroom master key check v1";
const WRAPPING_KEY_LABEL: &str = "anteroom wrapping key v1";

/// Whose database the keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// The issuer's.
    Issuer,
    /// The room service's.
    Rooms,
}

impl Realm {
    const fn label(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Rooms => "rooms",
        }
    }
}

/// The number of a key within its database; newer keys have higher ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// From its number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Sealing columns.
    Data,
    /// Blind indexes.
    Index,
    /// Hashes of device passwords, or of admin passkeys.
    Password,
    /// Pseudonyms in events.
    Event,
}

impl KeyPurpose {
    const ALL: [Self; 4] = [Self::Data, Self::Index, Self::Password, Self::Event];

    /// The word a database stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Index => "index",
            Self::Password => "password",
            Self::Event => "event",
        }
    }

    /// The purpose of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == word)
    }
}

/// What tells whether a master key is the one of a database: `salt (16) || check (32)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck([u8; 48]);

impl KeyCheck {
    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 48]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 48] {
        &self.0
    }

    fn create(realm: Realm, master: &MasterKey, salt: [u8; 16]) -> Self {
        let check = derive(master, CHECK_LABEL, realm, &salt);
        let mut bytes = [0; 48];
        for (to, from) in bytes.iter_mut().zip(salt.iter().chain(check.iter())) {
            *to = *from;
        }
        Self(bytes)
    }

    fn holds(&self, realm: Realm, master: &MasterKey) -> bool {
        self.0
            .first_chunk()
            .is_some_and(|salt| Self::create(realm, master, *salt).0.ct_eq(&self.0).into())
    }
}

/// A key as it stands in a database.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// The key, sealed under the wrapping key.
    pub wrapped: Vec<u8>,
}

/// All that a database holds of its keys.
#[derive(Clone, Debug)]
pub struct StoredKeys {
    /// The check of the master key.
    pub check: KeyCheck,
    /// The keys, in any order.
    pub keys: Vec<WrappedKey>,
}

/// The keys of an open database.
#[derive(Clone)]
pub struct Keyring {
    sealer: Arc<Sealer>,
    service: Arc<ServiceKeys>,
}

impl Keyring {
    /// Makes the keys of an empty database: one of each purpose.
    ///
    /// # Errors
    /// None in practice: [`KeyError::DamagedKeys`] if the fresh keys cannot be read back.
    pub fn create(
        realm: Realm,
        master: &MasterKey,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(Self, StoredKeys), KeyError> {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let wrapping_key = derive(master, WRAPPING_KEY_LABEL, realm, &salt);
        let mut keys = Vec::with_capacity(KeyPurpose::ALL.len());
        for (id, purpose) in (1..).map(KeyId).zip(KeyPurpose::ALL) {
            let mut key = Zeroizing::new([0; 32]);
            rng.fill_bytes(key.as_mut_slice());
            keys.push(wrap(&wrapping_key, realm, id, purpose, &key, rng)?);
        }
        let stored = StoredKeys {
            check: KeyCheck::create(realm, master, salt),
            keys,
        };
        Ok((Self::unlock(realm, master, &stored)?, stored))
    }

    /// Unwraps the keys of a database.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`]; [`KeyError::KeysMissing`] if no key of some purpose is there;
    /// [`KeyError::DamagedKeys`] if one is not as it was wrapped.
    pub fn unlock(realm: Realm, master: &MasterKey, stored: &StoredKeys) -> Result<Self, KeyError> {
        if !stored.check.holds(realm, master) {
            return Err(KeyError::WrongMasterKey);
        }
        let salt = stored.check.0.first_chunk::<16>();
        let salt = salt.ok_or(KeyError::DamagedKeys)?;
        let wrapping_key = derive(master, WRAPPING_KEY_LABEL, realm, salt);
        let newest_first = |purpose| -> Result<_, KeyError> {
            let mut keys = stored
                .keys
                .iter()
                .filter(|key| key.purpose == purpose)
                .map(|key| Ok((key.id, unwrap(&wrapping_key, realm, key)?)))
                .collect::<Result<Vec<_>, KeyError>>()?;
            keys.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
            let mut keys = keys.into_iter();
            let first = keys.next().ok_or(KeyError::KeysMissing)?;
            Ok((first, keys))
        };
        let (first, older) = newest_first(KeyPurpose::Data)?;
        let ((_, index), _) = newest_first(KeyPurpose::Index)?;
        let ((_, password), _) = newest_first(KeyPurpose::Password)?;
        let ((_, event), _) = newest_first(KeyPurpose::Event)?;
        let event = EventKey::from_bytes(*event);
        Ok(Self {
            sealer: Arc::new(Sealer::new(first, older)),
            service: Arc::new(ServiceKeys::new(index, password, event)),
        })
    }

    /// The data keys.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The keys that the service works with.
    #[must_use]
    pub fn service(&self) -> &Arc<ServiceKeys> {
        &self.service
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

/// HKDF-SHA256 of the master key under a salt, for one label and realm.
fn derive(master: &MasterKey, label: &str, realm: Realm, salt: &[u8; 16]) -> HashKey {
    let mut key = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8160 bytes")]
    Hkdf::<Sha256>::new(Some(salt), master.as_bytes())
        .expand_multi_info(
            &[&framed(label.as_bytes()), &framed(realm.label().as_bytes())],
            key.as_mut_slice(),
        )
        .expect("32 bytes");
    key
}

fn wrap(
    wrapping_key: &HashKey,
    realm: Realm,
    id: KeyId,
    purpose: KeyPurpose,
    key: &HashKey,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<WrappedKey, KeyError> {
    let mut nonce = [0; NONCE_LENGTH];
    rng.fill_bytes(&mut nonce);
    let payload = Payload {
        msg: key.as_slice(),
        aad: &associated_data(realm, id, purpose),
    };
    let ciphertext = Aes256GcmSiv::new((&**wrapping_key).into())
        .encrypt(&Nonce::from(nonce), payload)
        .map_err(|_| KeyError::DamagedKeys)?;
    let wrapped = [&[FORMAT], nonce.as_slice(), &ciphertext].concat();
    Ok(WrappedKey {
        id,
        purpose,
        wrapped,
    })
}

fn unwrap(wrapping_key: &HashKey, realm: Realm, key: &WrappedKey) -> Result<HashKey, KeyError> {
    let Some((&FORMAT, rest)) = key.wrapped.split_first() else {
        return Err(KeyError::DamagedKeys);
    };
    let (nonce, ciphertext) = rest
        .split_first_chunk::<NONCE_LENGTH>()
        .ok_or(KeyError::DamagedKeys)?;
    let payload = Payload {
        msg: ciphertext,
        aad: &associated_data(realm, key.id, key.purpose),
    };
    let opened = Aes256GcmSiv::new((&**wrapping_key).into())
        .decrypt(&Nonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| KeyError::DamagedKeys)?;
    <[u8; 32]>::try_from(opened.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| KeyError::DamagedKeys)
}

fn associated_data(realm: Realm, id: KeyId, purpose: KeyPurpose) -> Vec<u8> {
    [
        WRAP_LABEL.as_bytes(),
        realm.label().as_bytes(),
        purpose.as_str().as_bytes(),
        &id.0.to_be_bytes(),
    ]
    .into_iter()
    .flat_map(framed)
    .collect()
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::keys::Column;

    #[test]
    fn a_newer_data_key_seals_and_the_older_still_open() {
        const COLUMN: Column = Column::new("accounts", "aci");
        let mut rng = StdRng::seed_from_u64(1);
        let master = MasterKey::random(&mut rng);
        let (keyring, mut stored) = Keyring::create(Realm::Issuer, &master, &mut rng).unwrap();
        let old = keyring
            .sealer()
            .seal(COLUMN, b"1", b"old", &mut rng)
            .unwrap();

        let salt = stored.check.0.first_chunk().unwrap();
        let wrapping_key = derive(&master, WRAPPING_KEY_LABEL, Realm::Issuer, salt);
        for (id, purpose) in [(5, KeyPurpose::Data), (6, KeyPurpose::Event)] {
            let key = Zeroizing::new([u8::try_from(id).unwrap(); 32]);
            let wrapped = wrap(
                &wrapping_key,
                Realm::Issuer,
                KeyId(id),
                purpose,
                &key,
                &mut rng,
            )
            .unwrap();
            stored.keys.insert(0, wrapped);
        }
        let rotated = Keyring::unlock(Realm::Issuer, &master, &stored).unwrap();
        let new = rotated
            .sealer()
            .seal(COLUMN, b"2", b"new", &mut rng)
            .unwrap();

        let open = |row: &[u8], sealed| rotated.sealer().open(COLUMN, row, sealed).unwrap();
        assert_eq!(open(b"1", &old).as_slice(), b"old");
        assert_eq!(open(b"2", &new).as_slice(), b"new");
        assert!(keyring.sealer().open(COLUMN, b"2", &new).is_err());
        assert_eq!(rotated.service().event_key().as_bytes(), &[6; 32]);
    }
}
