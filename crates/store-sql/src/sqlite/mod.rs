//! SQLite: one file per service, in WAL mode.
//!
//! One connection writes and several read, so that writers of one process queue instead of
//! polling the file's lock; writers of other processes are waited for by SQLite's busy timeout.

mod error;
mod opening;
mod options;
mod repository;
mod row;
mod transaction;

use std::{fmt, path::Path, sync::Arc, time::Duration};

use anteroom_protocol::Timestamp;
use anteroom_store::{
    IssuerDatabase, IssuerReader, IssuerRepository, Keyring, MasterKey, ServiceKeys, StoreError,
    TransactionName,
};
use async_trait::async_trait;
use rand_core::CryptoRng;
use sqlx::SqlitePool;

pub use self::options::SqliteOptions;
use self::{error::store_error, repository::SqliteRepository};

/// The issuer's database in an SQLite file. Clones share its connections.
#[derive(Clone)]
pub struct SqliteIssuer {
    writer: SqlitePool,
    readers: SqlitePool,
    patience: Duration,
    keyring: Keyring,
    created: bool,
}

impl SqliteIssuer {
    /// Whether there is a database in the file. No file, or an empty one: `false`.
    ///
    /// Nothing is created or changed. A program without a master key asks this before it makes
    /// one: where there is a database already, a new key would be of no use to it.
    ///
    /// # Errors
    /// [`StoreError::Database`] for a file that is none of SQLite's,
    /// [`StoreError::Unavailable`] for one that cannot be read.
    pub async fn is_initialised(path: &Path) -> Result<bool, StoreError> {
        opening::is_initialised(path).await
    }

    /// Opens the database: brings its schema up to date and unlocks its keys, or makes them in an
    /// empty one. Both happen in one transaction: after an error the file is as it was, and of
    /// several processes that open a new file at once, one makes the keys for all.
    ///
    /// `now` is noted beside new keys; `rng` makes them.
    ///
    /// # Errors
    /// - [`StoreError::Keys`] if the master key is wrong or the keys are missing or damaged;
    /// - [`StoreError::UnknownSchema`] if a newer or different program made the file;
    /// - [`StoreError::Unavailable`] if the file cannot be opened or created, or stays busy;
    /// - [`StoreError::Database`] for a file that is none of SQLite's.
    pub async fn open(
        options: &SqliteOptions,
        master: &MasterKey,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        opening::open(options, master, now, rng).await
    }

    /// Whether opening made the keys, because there was no database before.
    #[must_use]
    pub const fn created(&self) -> bool {
        self.created
    }

    /// Closes all connections, once their transactions have ended. From then on everything fails
    /// with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
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
        let transaction = transaction::begin_writing(&self.writer, name, self.patience).await?;
        Ok(Box::new(SqliteRepository::new(
            transaction,
            self.keyring.clone(),
        )))
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError> {
        let transaction = transaction::begin_reading(&self.readers, name, self.patience).await?;
        Ok(Box::new(SqliteRepository::new(
            transaction,
            self.keyring.clone(),
        )))
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // Reads the file itself, which `SELECT 1` would not.
        sqlx::query("SELECT count(*) FROM master_key_check")
            .fetch_one(&self.readers)
            .await
            .map(drop)
            .map_err(store_error)
    }

    fn service_keys(&self) -> &Arc<ServiceKeys> {
        self.keyring.service()
    }
}
