//! Transactions.

use std::{fmt, io, sync::Arc, time::Duration};

use anteroom_store::{StoreError, TransactionName};
use sqlx::{Connection as _, Error, Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::{error::store_error, failure::FileFailure, monitor::FileMonitor, retry::while_busy};

/// A transaction on a connection of a pool. It is rolled back on drop.
///
/// SQLite rolls a transaction back by itself when the disk is full, an I/O error occurs or memory
/// runs out. Statements after that would be saved one by one, and the driver's count of open
/// transactions would stay wrong. After such a failure no further statement runs, and
/// [`is_reusable`] keeps the connection out of its pool.
pub(super) struct FileTransaction {
    transaction: Transaction<'static, Sqlite>,
    monitor: Arc<FileMonitor>,
    failed: bool,
}

impl FileTransaction {
    async fn begin(
        pool: &SqlitePool,
        monitor: &Arc<FileMonitor>,
        statement: &'static str,
    ) -> Result<Self, Error> {
        monitor.check_identity()?;
        Ok(Self {
            transaction: pool.begin_with(statement).await?,
            monitor: Arc::clone(monitor),
            failed: false,
        })
    }

    /// Saves the changes.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        if self.failed {
            return Err(store_error(rolled_back()));
        }
        // The file may have been removed since the start of the transaction.
        self.monitor.check_identity().map_err(store_error)?;
        match self.transaction.commit().await {
            Ok(()) => {
                self.monitor.note_save();
                Ok(())
            }
            Err(error) => {
                self.monitor.observe(&error);
                Err(store_error(error))
            }
        }
    }

    /// Returns the connection for the next statement.
    ///
    /// # Errors
    /// When an earlier statement met a failure of the file.
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.failed {
            return Err(store_error(rolled_back()));
        }
        Ok(&mut self.transaction)
    }

    /// Records the outcome of a statement: after a failure of the file SQLite may have rolled the
    /// transaction back.
    pub(super) fn observe<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        outcome.inspect_err(|error| {
            self.monitor.observe(error);
            self.failed |= FileFailure::of(error).is_some();
        })
    }
}

impl fmt::Debug for FileTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileTransaction").finish_non_exhaustive()
    }
}

fn rolled_back() -> Error {
    Error::Io(io::Error::other(FileFailure::Connection.words()))
}

/// Returns whether a returned connection is in no transaction. The pool closes a connection that
/// still is in one after its rollback failed, and opens another.
pub(super) async fn is_reusable(connection: &mut SqliteConnection) -> Result<bool, Error> {
    if connection.is_in_transaction() {
        // The rollback of a dropped transaction waits in the connection's queue.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Starts a transaction that holds the file's write lock from its start, so that its reads cannot
/// change before its writes.
pub(super) async fn begin_writing(
    pool: &SqlitePool,
    monitor: &Arc<FileMonitor>,
    name: TransactionName,
    patience: Duration,
) -> Result<FileTransaction, StoreError> {
    let begin = || FileTransaction::begin(pool, monitor, "BEGIN IMMEDIATE");
    while_busy(monitor, name, patience, begin).await
}

/// Starts a transaction that reads one state of the file.
pub(super) async fn begin_reading(
    pool: &SqlitePool,
    monitor: &Arc<FileMonitor>,
    name: TransactionName,
    patience: Duration,
) -> Result<FileTransaction, StoreError> {
    let begin = || FileTransaction::begin(pool, monitor, "BEGIN DEFERRED");
    while_busy(monitor, name, patience, begin).await
}
