//! The provider of openmls: cryptography, randomness and storage of one operation on one group.

use openmls_memory_storage::MemoryStorage;
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRng;
use zeroize::Zeroize as _;

use super::crypto::Crypto;

/// The state that openmls keeps of one group, in memory. Its values are wiped on drop.
#[derive(Default)]
pub(super) struct Storage(MemoryStorage);

impl Drop for Storage {
    fn drop(&mut self) {
        if let Ok(values) = self.0.values.get_mut() {
            for value in values.values_mut() {
                value.zeroize();
            }
        }
    }
}

/// The provider of one operation.
pub(super) struct Provider<'p> {
    crypto: Crypto<'p>,
    storage: &'p Storage,
}

impl<'p> Provider<'p> {
    pub(super) fn new(storage: &'p Storage, rng: &'p mut (dyn CryptoRng + Send)) -> Self {
        Self {
            crypto: Crypto::with_rng(rng),
            storage,
        }
    }

    /// Creates the provider of an operation that draws nothing.
    pub(super) const fn without_rng(storage: &'p Storage) -> Self {
        Self {
            crypto: Crypto::without_rng(),
            storage,
        }
    }
}

impl<'p> OpenMlsProvider for Provider<'p> {
    type CryptoProvider = Crypto<'p>;
    type RandProvider = Crypto<'p>;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        &self.storage.0
    }

    fn crypto(&self) -> &Crypto<'p> {
        &self.crypto
    }

    fn rand(&self) -> &Crypto<'p> {
        &self.crypto
    }
}
