//! The database of a service in an SQLite file.

use std::{marker::PhantomData, path::Path, sync::Arc};

use anteroom_protocol::Timestamp;
use anteroom_store::{Keyring, MasterKey, StoreError, TransactionName, keys::KeyDatabase};
use rand_core::CryptoRng;

use super::{
    backup::{self, SqliteCopy},
    file::{FileSchema, KeyedTransaction, OpenFile},
    opening::{self, SchemaState},
    options::SqliteOptions,
    transaction::FileTransaction,
};

/// The schema of a service, as a type.
pub trait Schema: Sized + Send + Sync + 'static {
    /// The description of the file.
    const FILE: FileSchema;

    /// Completes the rows that an earlier version stored. `open` calls it last.
    fn complete(
        _database: &SqliteDatabase<Self>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }
}

/// A service's database in an SQLite file. Clones share its connections.
#[derive(Clone, Debug)]
pub struct SqliteDatabase<S> {
    pub(crate) file: OpenFile,
    schema: PhantomData<S>,
}

/// A transaction of a service. It is rolled back on drop.
pub(crate) struct SqliteTransaction<S> {
    pub(crate) transaction: FileTransaction,
    pub(crate) keyring: Keyring,
    schema: PhantomData<S>,
}

impl<S: Schema> SqliteDatabase<S> {
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
        opening::schema_state(&S::FILE, path).await
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
        let database = Self {
            file: opening::open(&S::FILE, options, master, now, rng).await?,
            schema: PhantomData,
        };
        if let Err(error) = S::complete(&database).await {
            database.close().await;
            return Err(error);
        }
        Ok(database)
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
        backup::copy(&S::FILE, from, to).await
    }

    /// Deletes the rows that end by themselves or when they are used, after a database was restored
    /// from a copy: some of them may have ended after the copy was made. Returns the number of
    /// deleted rows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Database`]. Nothing is deleted then.
    pub async fn delete_transient_rows(&self) -> Result<u64, StoreError> {
        backup::delete_transient_rows(&S::FILE, &self.file).await
    }

    /// Returns whether `open` created the keys, because the file held no database.
    #[must_use]
    pub const fn created(&self) -> bool {
        self.file.created
    }

    /// Returns the key maintenance of this database.
    #[must_use]
    pub fn key_database(&self) -> Arc<dyn KeyDatabase> {
        Arc::new(self.file.clone())
    }

    /// Closes all connections once their transactions have ended. Every later call fails with
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.file.close().await;
    }

    pub(crate) async fn begin_writing(
        &self,
        name: TransactionName,
    ) -> Result<Box<SqliteTransaction<S>>, StoreError> {
        self.file
            .begin_writing(name)
            .await
            .map(SqliteTransaction::of)
    }

    pub(crate) async fn begin_reading(
        &self,
        name: TransactionName,
    ) -> Result<Box<SqliteTransaction<S>>, StoreError> {
        self.file
            .begin_reading(name)
            .await
            .map(SqliteTransaction::of)
    }
}

impl<S> SqliteTransaction<S> {
    fn of(keyed: KeyedTransaction) -> Box<Self> {
        Box::new(Self {
            transaction: keyed.transaction,
            keyring: keyed.keyring,
            schema: PhantomData,
        })
    }
}
