//! The issuer's file.

mod caller;
mod login;
mod repository;
mod row;

use std::{fmt, path::Path, sync::Arc};

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    AccountDevice, Availability, DeviceId, IssuerDatabase, IssuerReader, IssuerRepository,
    KeyOwner, MasterKey, StorageKeys, StoreError, TransactionName, keys::KeyDatabase,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use self::repository::SqliteRepository;
use super::{
    SchemaState, SqliteCopy, SqliteOptions, backup,
    file::{OpenFile, Schema},
    lookups::FastLookup,
    migrations, opening,
};

static SCHEMA: Schema = Schema {
    owner: KeyOwner::Issuer,
    migrations: migrations::ISSUER,
    application_id: 0x416e_4973,
    holds_any: "SELECT EXISTS (SELECT 1 FROM keys)
             OR EXISTS (SELECT 1 FROM server_params)
             OR EXISTS (SELECT 1 FROM accounts)
             OR EXISTS (SELECT 1 FROM devices)
             OR EXISTS (SELECT 1 FROM login_failures)
             OR EXISTS (SELECT 1 FROM invites)",
    transient_deletions: &[
        "DELETE FROM sessions",
        "DELETE FROM known_devices",
        "DELETE FROM sign_ups",
        "DELETE FROM confirmed_sign_ups",
        "DELETE FROM reset_tokens",
        "DELETE FROM invites",
    ],
};

/// The issuer's database in an SQLite file. Clones share its connections.
#[derive(Clone)]
pub struct SqliteIssuer(OpenFile);

impl SqliteIssuer {
    /// Returns whether the file holds a database. A file that is missing or empty does not.
    ///
    /// Creates and changes nothing. A program without a master key calls this before it creates
    /// one, because a new key cannot open an existing database.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for a file that is not an SQLite database,
    /// [`StoreError::Unavailable`] for one that cannot be read.
    pub async fn is_initialised(path: &Path) -> Result<bool, StoreError> {
        opening::is_initialised(path).await
    }

    /// Compares the schema of an existing file with that of this program. Creates and changes
    /// nothing.
    ///
    /// # Errors
    /// - [`StoreError::UnknownSchema`] if the file is not this service's;
    /// - [`StoreError::Unavailable`] if it cannot be read;
    /// - [`StoreError::Damaged`] for a damaged file.
    pub async fn schema_state(path: &Path) -> Result<SchemaState, StoreError> {
        opening::schema_state(&SCHEMA, path).await
    }

    /// Opens the database: brings its schema up to date and unlocks its keys, or creates them in an
    /// empty one. Both happen in one transaction: after an error the file is unchanged, and of
    /// several processes that open a new file at the same time, one creates the keys for all.
    ///
    /// `now` is the creation time of new keys; `rng` is their source.
    ///
    /// # Errors
    /// - [`StoreError::Keys`] if the master key is wrong or the keys are missing or damaged;
    /// - [`StoreError::UnknownSchema`] if a newer or different program made the file;
    /// - [`StoreError::Unavailable`] if the file cannot be opened or created, or stays busy;
    /// - [`StoreError::Damaged`] for a file that is not an SQLite database.
    pub async fn open(
        options: &SqliteOptions,
        master: &MasterKey,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        opening::open(&SCHEMA, options, master, now, rng)
            .await
            .map(Self)
    }

    /// Writes a consistent state of the database to a new file that only its owner can read. Other
    /// processes can keep the database open. No key is needed: sealed values stay sealed, under the
    /// same keys.
    ///
    /// The new file is checked and synced to the disk when this returns. After an error a part of
    /// it may remain.
    ///
    /// # Errors
    /// - [`StoreError::UnknownSchema`] if the file is not this service's;
    /// - [`StoreError::Unavailable`] if one of the files cannot be read or written;
    /// - [`StoreError::Damaged`] for a damaged file;
    /// - [`StoreError::Database`] for a name that is not UTF-8.
    pub async fn copy(from: &Path, to: &Path) -> Result<SqliteCopy, StoreError> {
        backup::copy(&SCHEMA, from, to).await
    }

    /// Deletes sessions, tokens of mails and invites, after a database was restored from a copy:
    /// some of them may have ended after the copy was made. Returns the number of deleted rows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Database`]. Nothing is deleted then.
    pub async fn delete_transient_rows(&self) -> Result<u64, StoreError> {
        backup::delete_transient_rows(&SCHEMA, &self.0).await
    }

    /// Returns whether `open` created the keys, because the file held no database.
    #[must_use]
    pub const fn created(&self) -> bool {
        self.0.created
    }

    /// Returns the key maintenance of this database.
    #[must_use]
    pub fn key_database(&self) -> Arc<dyn KeyDatabase> {
        Arc::new(self.0.clone())
    }

    /// Closes all connections once their transactions have ended. Every later call fails with
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.0.close().await;
    }
}

impl fmt::Debug for SqliteIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteIssuer").finish_non_exhaustive()
    }
}

#[async_trait]
impl IssuerDatabase for SqliteIssuer {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>, StoreError> {
        let keyed = self.0.begin_writing(name).await?;
        Ok(Box::new(SqliteRepository::new(keyed)))
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError> {
        let keyed = self.0.begin_reading(name).await?;
        Ok(Box::new(SqliteRepository::new(keyed)))
    }

    async fn account_with_device(
        &self,
        name: TransactionName,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>, StoreError> {
        let keyring = self.0.keyring_cache.last_seen();
        let attempt = || caller::fast_lookup(&self.0.lookups, &keyring, aci, id);
        match self.0.look_up(name, attempt).await? {
            FastLookup::Found(row) => caller::opened(&row, &keyring).map(Some),
            FastLookup::Absent => Ok(None),
            FastLookup::StaleKeys => self.read(name).await?.account_with_device(aci, id).await,
        }
    }

    async fn ready(&self) -> Result<Availability, StoreError> {
        self.0.ready().await
    }

    fn storage_keys(&self) -> Arc<StorageKeys> {
        Arc::clone(self.0.keyring_cache.last_seen().storage())
    }
}
