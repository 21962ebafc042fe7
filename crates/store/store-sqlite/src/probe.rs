//! The readiness check of a file.

use std::{sync::Arc, time::Duration};

use anteroom_store::{Availability, StoreError, TransactionName};
use sqlx::SqlitePool;
use tokio::{sync::Mutex, time::timeout};

use super::{
    error::store_error,
    failure::FileFailure,
    monitor::FileMonitor,
    statement::Statement as _,
    transaction::{begin_reading, begin_writing},
};

const READ: TransactionName = TransactionName::new("check that the database can be read");
const WRITE: TransactionName = TransactionName::new("check that changes are saved");

/// The two timeouts together are less than the time of a readiness check.
const READ_TIMEOUT: Duration = Duration::from_millis(700);
const WRITE_TIMEOUT: Duration = Duration::from_millis(900);
/// The maximum wait for the write lock.
const LOCK_PATIENCE: Duration = Duration::from_millis(600);

/// The age up to which a saved change shows that changes are saved.
const SAVE_HOLDS: Duration = Duration::from_secs(5);
/// The age up to which a failure counts without a new attempt.
const FAILURE_HOLDS: Duration = Duration::from_millis(500);

/// Saves a change without an effect: a page of the file passes through the write-ahead log, which a
/// transaction that is rolled back never touches. One probe runs at a time.
#[derive(Default)]
pub(super) struct WriteProbe(Mutex<()>);

impl WriteProbe {
    /// Returns whether changes are saved at the moment.
    pub(super) async fn write(
        &self,
        writer: &SqlitePool,
        monitor: &Arc<FileMonitor>,
    ) -> Availability {
        let probed = timeout(WRITE_TIMEOUT, async {
            let _turn = self.0.lock().await;
            if monitor.saved_within(SAVE_HOLDS) || monitor.failed_within(FAILURE_HOLDS) {
                return;
            }
            // The monitor has recorded the failure.
            let _ = save(writer, monitor).await;
        });
        if probed.await.is_err() {
            monitor.note(FileFailure::Busy);
        }
        if monitor.fails() {
            Availability::ReadOnly
        } else {
            Availability::ReadWrite
        }
    }
}

async fn save(writer: &SqlitePool, monitor: &Arc<FileMonitor>) -> Result<(), StoreError> {
    let mut transaction = begin_writing(writer, monitor, WRITE, LOCK_PATIENCE).await?;
    // `user_version` is always 0, because the schema's version is stored elsewhere. It is on the
    // first page of the file.
    sqlx::query("PRAGMA user_version = 0")
        .changes(&mut transaction)
        .await?;
    transaction.commit().await
}

/// Reads a page of the file, which `SELECT 1` would not.
pub(super) async fn read(
    readers: &SqlitePool,
    monitor: &Arc<FileMonitor>,
) -> Result<(), StoreError> {
    let read = timeout(READ_TIMEOUT, async {
        let mut transaction = begin_reading(readers, monitor, READ, READ_TIMEOUT).await?;
        sqlx::query("SELECT count(*) FROM master_key_check")
            .row(&mut transaction)
            .await
            .map(drop)
    });
    read.await.unwrap_or_else(|_| {
        monitor.note(FileFailure::Busy);
        Err(store_error(sqlx::Error::PoolTimedOut))
    })
}
