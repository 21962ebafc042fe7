//! The keys of an open file, which other processes may add to.

use std::sync::{PoisonError, RwLock};

use anteroom_store::{KeyError, Keyring, StoreError};
use sqlx::SqliteConnection;

use super::keys;

/// The ring that this process had last.
pub(super) struct Ring(RwLock<Keyring>);

impl Ring {
    pub(super) const fn new(keyring: Keyring) -> Self {
        Self(RwLock::new(keyring))
    }

    /// The keys as they were seen last.
    pub(super) fn last_seen(&self) -> Keyring {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The keys in a transaction's own state of the file: whatever it reads, it can open, and
    /// whatever it writes is sealed under the newest key. So nothing is sealed under an older one
    /// after the newer has been saved, in any process.
    ///
    /// An older state than the ring's own needs its own keys too: some of them may be retired since.
    pub(super) async fn of(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Keyring, StoreError> {
        let last_seen = self.last_seen();
        let newest = keys::newest(connection).await?;
        if newest == Some(last_seen.newest()) {
            return Ok(last_seen);
        }
        let stored = keys::all(connection).await?;
        if stored.is_empty() {
            return Err(KeyError::KeysMissing.into());
        }
        let keyring = last_seen.reload(&stored)?;
        self.keep(&keyring);
        Ok(keyring)
    }

    fn keep(&self, keyring: &Keyring) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.newest() < keyring.newest() {
            tracing::info!("the database has newer keys: they are in use from here on");
            *kept = keyring.clone();
        }
    }
}
