//! The open file of a service.

use std::{sync::Arc, time::Duration};

use anteroom_store::{Availability, KeyOwner, Keyring, TransactionName};
use sqlx::SqlitePool;

use super::{
    error::{Result, store_error},
    keyring_cache::KeyringCache,
    lookups::LookupPool,
    migrations::Embedded,
    monitor::FileMonitor,
    probe::{self, WriteProbe},
    retry::while_busy,
    transaction::{self, FileTransaction},
};

/// The differences between the files of the services.
pub struct FileSchema {
    /// The service whose keys the file holds.
    pub(crate) owner: KeyOwner,
    /// The migrations that create its tables.
    pub(crate) migrations: &'static [Embedded],
    /// The file's mark, set by the first migration.
    pub(crate) application_id: i64,
    /// A query that returns whether the file has any row besides the check of the master key.
    pub(crate) holds_any: &'static str,
    /// Statements that delete the rows that end by themselves or when they are used.
    pub(crate) transient_deletions: &'static [&'static str],
}

/// The connections to an open file, and its keys. Clones share the connections.
#[derive(Clone)]
pub(super) struct OpenFile {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) lookups: Arc<LookupPool>,
    /// One connection that has read the file and is not used again, so that no failure closes it.
    /// The side files of the file exist for as long as it is open.
    pub(super) anchor: SqlitePool,
    pub(super) monitor: Arc<FileMonitor>,
    pub(super) probe: Arc<WriteProbe>,
    pub(super) patience: Duration,
    pub(super) keyring_cache: Arc<KeyringCache>,
    pub(super) created: bool,
}

/// A transaction with the keys of the file's state that it sees.
pub(super) struct KeyedTransaction {
    pub(super) transaction: FileTransaction,
    pub(super) keyring: Keyring,
}

impl OpenFile {
    pub(super) async fn begin_writing(&self, name: TransactionName) -> Result<KeyedTransaction> {
        self.with_keys(self.begin_writing_bare(name).await?).await
    }

    /// Starts a writing transaction that needs no keys.
    pub(super) async fn begin_writing_bare(
        &self,
        name: TransactionName,
    ) -> Result<FileTransaction> {
        transaction::begin_writing(&self.writer, &self.monitor, name, self.patience).await
    }

    pub(super) async fn begin_reading(&self, name: TransactionName) -> Result<KeyedTransaction> {
        let transaction =
            transaction::begin_reading(&self.readers, &self.monitor, name, self.patience).await?;
        self.with_keys(transaction).await
    }

    /// Runs a single statement on a connection for look-ups.
    pub(super) async fn look_up<T, F>(
        &self,
        name: TransactionName,
        attempt: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        while_busy(&self.monitor, name, self.patience, attempt).await
    }

    async fn with_keys(&self, mut transaction: FileTransaction) -> Result<KeyedTransaction> {
        let keyring = self.keyring_cache.of(&mut transaction).await?;
        Ok(KeyedTransaction {
            transaction,
            keyring,
        })
    }

    /// Returns whether the file can be read, and whether changes are saved. Takes about a second at
    /// most.
    pub(super) async fn ready(&self) -> Result<Availability> {
        self.monitor.check_identity().map_err(store_error)?;
        probe::read(&self.readers, &self.monitor).await?;
        Ok(self.probe.write(&self.writer, &self.monitor).await)
    }

    pub(super) async fn close(&self) {
        self.lookups.close().await;
        self.readers.close().await;
        self.anchor.close().await;
        self.writer.close().await;
        self.monitor.set_side_files_aside();
    }
}
