//! The provider of openmls: cryptography, randomness and storage of one operation on one group.

use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRng;

use super::{crypto::Crypto, storage::Storage};

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
    type StorageProvider = Storage;

    fn storage(&self) -> &Storage {
        self.storage
    }

    fn crypto(&self) -> &Crypto<'p> {
        &self.crypto
    }

    fn rand(&self) -> &Crypto<'p> {
        &self.crypto
    }
}
