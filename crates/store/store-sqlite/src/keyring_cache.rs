//! The cached keyring of an open file. Other processes may add keys to the file.

use anteroom_store::{
    KeyError, Keyring,
    keys::{StoredKeys, WrappedKey},
};

use parking_lot::RwLock;

use super::{error::Result, keys, options::MasterSource, transaction::FileTransaction};

/// The keyring that this process read last.
pub(super) struct KeyringCache {
    last_seen: RwLock<Keyring>,
    master: Option<MasterSource>,
}

impl KeyringCache {
    pub(super) const fn new(keyring: Keyring, master: Option<MasterSource>) -> Self {
        Self {
            last_seen: RwLock::new(keyring),
            master,
        }
    }

    /// Returns the cached keyring.
    pub(super) fn last_seen(&self) -> Keyring {
        self.last_seen.read().clone()
    }

    /// Returns the keys of the file's state that a transaction sees. They open every value that it
    /// reads, and seal every value that it writes under the newest key. Once a newer key is saved,
    /// no process seals under an older one.
    ///
    /// A transaction that sees an older state than the cached one needs that state's keys: some of
    /// them may be retired since.
    pub(super) async fn of(&self, connection: &mut FileTransaction) -> Result<Keyring> {
        let last_seen = self.last_seen();
        let newest = keys::newest(connection).await?;
        if newest == Some(last_seen.newest()) {
            return Ok(last_seen);
        }
        let stored = keys::all(connection).await?;
        if stored.is_empty() {
            return Err(KeyError::KeysMissing.into());
        }
        let keyring = match last_seen.reload(&stored) {
            Err(KeyError::DamagedKeys) => self.unlock(&last_seen, connection, stored).await?,
            outcome => outcome?,
        };
        self.store(&keyring);
        Ok(keyring)
    }

    /// Opens keys that the cached wrapping key does not open, because the master key may have been
    /// replaced.
    async fn unlock(
        &self,
        last_seen: &Keyring,
        connection: &mut FileTransaction,
        keys: Vec<WrappedKey>,
    ) -> Result<Keyring> {
        let check = keys::check(connection).await?;
        let check = check.ok_or(KeyError::KeysMissing)?;
        let found = self.master.as_ref().and_then(MasterSource::find);
        let master = found.ok_or(KeyError::DamagedKeys)?;
        let stored = StoredKeys { check, keys };
        Ok(Keyring::unlock(last_seen.owner(), &master, &stored)?)
    }

    fn store(&self, keyring: &Keyring) {
        let mut cached = self.last_seen.write();
        if cached.newest() < keyring.newest() {
            tracing::info!(parent: None, "the database has newer keys: they are in use from here on");
            *cached = keyring.clone();
        }
    }
}
