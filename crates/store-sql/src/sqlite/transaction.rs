//! Transactions by name, begun with bounded patience.

use std::time::Duration;

use anteroom_store::{StoreError, TransactionName};
use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::time::Instant;

use super::error::{is_busy, store_error};

/// The pause before the first repetition; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Begins a transaction that holds the file's write lock from its start, so that what it reads
/// cannot change before it writes.
pub(super) async fn begin_writing(
    pool: &SqlitePool,
    name: TransactionName,
    patience: Duration,
) -> Result<Transaction<'static, Sqlite>, StoreError> {
    while_busy(name, patience, || pool.begin_with("BEGIN IMMEDIATE")).await
}

/// Begins a transaction that reads one state of the file.
pub(super) async fn begin_reading(
    pool: &SqlitePool,
    name: TransactionName,
    patience: Duration,
) -> Result<Transaction<'static, Sqlite>, StoreError> {
    while_busy(name, patience, || pool.begin()).await
}

/// Does something again while the database says that it is busy, until patience is at its end.
///
/// SQLite itself waits for a plain lock (its busy timeout, as long as our patience). What is left
/// for this are the cases in which it gives up at once: recovery after a crash, and the change to
/// WAL mode.
pub(super) async fn while_busy<T, F>(
    name: TransactionName,
    patience: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let end = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Err(error) if is_busy(&error) && Instant::now() + pause < end => {
                tracing::debug!(transaction = name.as_str(), "the database is busy");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            outcome => return outcome.map_err(store_error),
        }
    }
}
