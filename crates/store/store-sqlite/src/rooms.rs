//! The room service's file.

mod approvals;
mod calls;
mod deleted_links;
mod link_expiration;
mod links;
mod overview;
mod repository;
mod row;
mod zkparams;

use std::{fmt, path::Path, sync::Arc};

use anteroom_protocol::Timestamp;
use anteroom_store::{
    Availability, KeyOwner, LinkAddress, LinkWithCall, MasterKey, RoomsDatabase, RoomsReader,
    RoomsRepository, RoomsStorageKeys, StoreError, TransactionName, keys::KeyDatabase,
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
    owner: KeyOwner::Rooms,
    migrations: migrations::ROOMS,
    application_id: 0x416e_526f,
    holds_any: "SELECT EXISTS (SELECT 1 FROM keys)
             OR EXISTS (SELECT 1 FROM server_params)
             OR EXISTS (SELECT 1 FROM call_links)
             OR EXISTS (SELECT 1 FROM deleted_links)
             OR EXISTS (SELECT 1 FROM approvals)
             OR EXISTS (SELECT 1 FROM calls)",
    transient_deletions: &["DELETE FROM calls"],
};

/// The room service's database in an SQLite file. Clones share its connections.
#[derive(Clone)]
pub struct SqliteRooms(OpenFile);

impl SqliteRooms {
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
        let file = opening::open(&SCHEMA, options, master, now, rng).await?;
        let indexed = index_zkparams(&file).await;
        if let Err(error) = indexed {
            file.close().await;
            return Err(error);
        }
        Ok(Self(file))
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

    /// Deletes the records of calls, after a database was restored from a copy: some calls may have
    /// ended after the copy was made. Returns the number of deleted rows.
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

impl fmt::Debug for SqliteRooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteRooms").finish_non_exhaustive()
    }
}

/// Adds the index of the zkparams to links that an earlier version stored.
async fn index_zkparams(file: &OpenFile) -> Result<(), StoreError> {
    const NAME: TransactionName = TransactionName::new("index zkparams");
    let mut keyed = file.begin_writing(NAME).await?;
    if zkparams::index(&mut keyed.transaction, &keyed.keyring).await? > 0 {
        keyed.transaction.commit().await?;
    }
    Ok(())
}

#[async_trait]
impl RoomsDatabase for SqliteRooms {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn RoomsRepository>, StoreError> {
        let keyed = self.0.begin_writing(name).await?;
        Ok(Box::new(SqliteRepository::new(keyed)))
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn RoomsReader>, StoreError> {
        let keyed = self.0.begin_reading(name).await?;
        Ok(Box::new(SqliteRepository::new(keyed)))
    }

    async fn link_with_call(
        &self,
        name: TransactionName,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError> {
        let keyring = self.0.keyring_cache.last_seen();
        let attempt = || links::fast_lookup(&self.0.lookups, &keyring, address, now);
        match self.0.look_up(name, attempt).await? {
            FastLookup::Found(row) => links::opened_with_call(&row, &keyring, now).map(Some),
            FastLookup::Absent => Ok(None),
            FastLookup::StaleKeys => self.read(name).await?.link_with_call(address, now).await,
        }
    }

    async fn ready(&self) -> Result<Availability, StoreError> {
        self.0.ready().await
    }

    fn storage_keys(&self) -> RoomsStorageKeys {
        RoomsStorageKeys::of(&self.0.keyring_cache.last_seen())
    }
}
