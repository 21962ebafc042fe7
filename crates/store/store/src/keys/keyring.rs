//! All keys of an open database.

use std::{cmp::Reverse, sync::Arc};

use anteroom_protocol::Timestamp;
use rand_core::CryptoRng;

use super::{
    EventKey, KeyError, KeyId, KeyOwner, KeyPurpose, MasterKey, Sealer, StorageKeys, StoredKeys,
    TokenKey, WrappedKey, mac::HashKey, wrapping::WrappingKey,
};
use crate::opaque_debug::opaque_debug;

/// The keys of an open database. Clones share them.
///
/// A keyring is immutable. [`Self::reload`] creates the keyring of a database that has newer keys
/// than [`Self::newest`].
#[derive(Clone)]
pub struct Keyring {
    wrapping: Arc<WrappingKey>,
    sealer: Arc<Sealer>,
    storage: Arc<StorageKeys>,
    newest: KeyId,
}

impl Keyring {
    /// Creates the keys of an empty database: one for each purpose of the owner.
    ///
    /// # Errors
    /// None in practice: [`KeyError::DamagedKeys`] if the new keys cannot be unwrapped.
    pub fn create(
        owner: KeyOwner,
        master: &MasterKey,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(Self, StoredKeys), KeyError> {
        let (wrapping, check) = WrappingKey::create(owner, master, rng);
        let mut keys = Vec::with_capacity(owner.purposes().len());
        for (id, purpose) in (1..).map(KeyId::new).zip(owner.purposes()) {
            keys.push(wrapping.draw(id, *purpose, now, rng)?);
        }
        let keyring = Self::of(Arc::new(wrapping), &keys)?;
        Ok((keyring, StoredKeys { check, keys }))
    }

    /// Unwraps the keys of a database.
    ///
    /// A database from before token keys existed has none: see [`Self::missing`].
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`]; [`KeyError::KeysMissing`] if another purpose has no key;
    /// [`KeyError::DamagedKeys`] if a key was changed since it was wrapped.
    pub fn unlock(
        owner: KeyOwner,
        master: &MasterKey,
        stored: &StoredKeys,
    ) -> Result<Self, KeyError> {
        let wrapping = WrappingKey::unlock(owner, master, &stored.check)?;
        Self::of(Arc::new(wrapping), &stored.keys)
    }

    /// Creates a keyring with the keys that the same database holds now.
    ///
    /// # Errors
    /// Those of [`Self::unlock`]. Keys that another master key wraps count as damaged.
    pub fn reload(&self, keys: &[WrappedKey]) -> Result<Self, KeyError> {
        Self::of(Arc::clone(&self.wrapping), keys)
    }

    /// Draws a key for the database. A keyring contains it after [`Self::reload`].
    ///
    /// # Errors
    /// None in practice: [`KeyError::DamagedKeys`] if the key cannot be wrapped.
    pub fn draw(
        &self,
        id: KeyId,
        purpose: KeyPurpose,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<WrappedKey, KeyError> {
        self.wrapping.draw(id, purpose, now, rng)
    }

    /// Wraps the same keys under another master key, and creates its check.
    ///
    /// # Errors
    /// [`KeyError::DamagedKeys`] if a key was changed since it was wrapped.
    pub fn rewrap(
        &self,
        keys: &[WrappedKey],
        master: &MasterKey,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<StoredKeys, KeyError> {
        let (wrapping, check) = WrappingKey::create(self.wrapping.owner(), master, rng);
        let mut rewrapped = Vec::with_capacity(keys.len());
        for key in keys {
            let unwrapped = self.wrapping.unwrap(key)?;
            rewrapped.push(wrapping.wrap(key.id, key.purpose, key.created, &unwrapped, rng)?);
        }
        Ok(StoredKeys {
            check,
            keys: rewrapped,
        })
    }

    /// Returns the purposes for which a database from an older program has no key.
    ///
    /// Only keys that no stored value depends on are created later.
    pub fn missing(&self) -> impl Iterator<Item = KeyPurpose> {
        let lacks_token = self.storage.token_keys().is_empty();
        let purposes = self.wrapping.owner().purposes().iter().copied();
        purposes.filter(move |purpose| *purpose == KeyPurpose::Token && lacks_token)
    }

    /// Returns the service that the keys belong to.
    #[must_use]
    pub fn owner(&self) -> KeyOwner {
        self.wrapping.owner()
    }

    /// Returns the newest key of any purpose.
    #[must_use]
    pub const fn newest(&self) -> KeyId {
        self.newest
    }

    /// Returns the data keys.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Returns the keys that the service itself uses.
    #[must_use]
    pub fn storage(&self) -> &Arc<StorageKeys> {
        &self.storage
    }

    fn of(wrapping: Arc<WrappingKey>, keys: &[WrappedKey]) -> Result<Self, KeyError> {
        let data = of_purpose(&wrapping, keys, KeyPurpose::Data)?;
        let newest_key = |purpose| -> Result<HashKey, KeyError> {
            let keys = of_purpose(&wrapping, keys, purpose)?;
            let first = keys.into_iter().next();
            first.map(|(_, key)| key).ok_or(KeyError::KeysMissing)
        };
        let mut data = data.into_iter().map(|(stored, key)| (stored.id, key));
        let first = data.next().ok_or(KeyError::KeysMissing)?;
        let tokens = of_purpose(&wrapping, keys, KeyPurpose::Token)?
            .into_iter()
            .map(|(stored, key)| TokenKey::new(stored.id, stored.created, key));
        let storage = StorageKeys {
            index: newest_key(KeyPurpose::Index)?,
            password: newest_key(KeyPurpose::Password)?,
            event: EventKey::from_bytes(*newest_key(KeyPurpose::Event)?),
            tokens: tokens.collect(),
        };
        let newest = keys.iter().map(|key| key.id).max();
        Ok(Self {
            sealer: Arc::new(Sealer::new(first, data)),
            storage: Arc::new(storage),
            newest: newest.ok_or(KeyError::KeysMissing)?,
            wrapping,
        })
    }
}

opaque_debug!(Keyring);

/// A stored key with its unwrapped bytes.
type UnwrappedKey<'a> = (&'a WrappedKey, HashKey);

/// Returns the keys of a purpose, newest first.
fn of_purpose<'a>(
    wrapping: &WrappingKey,
    keys: &'a [WrappedKey],
    purpose: KeyPurpose,
) -> Result<Vec<UnwrappedKey<'a>>, KeyError> {
    let mut found: Vec<&WrappedKey> = keys.iter().filter(|key| key.purpose == purpose).collect();
    found.sort_by_key(|key| Reverse(key.id));
    let unwrap = |key: &'a WrappedKey| Ok((key, wrapping.unwrap(key)?));
    found.into_iter().map(unwrap).collect()
}
