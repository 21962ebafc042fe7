//! Named transactions whose start has a bounded wait.

use std::{fmt, future::ready, io, sync::Arc, time::Duration};

use anteroom_store::{StoreError, TransactionName};
use futures::{
    FutureExt as _, StreamExt as _, TryFutureExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Connection as _, Either, Error, Execute, Executor, SqlStr, Sqlite, SqliteConnection,
    SqlitePool, Transaction,
    sqlite::{SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo},
};
use tokio::time::Instant;

use super::{
    error::{is_busy, store_error},
    failure::FileFailure,
    monitor::FileMonitor,
};

/// The pause before the first repetition. It doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The wait after which a given-up attempt counts as a failure of the file.
const LONG_WAIT: Duration = Duration::from_secs(1);

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

    /// Returns the connection, for migrations.
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

impl fmt::Debug for FileTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileTransaction").finish_non_exhaustive()
    }
}

impl<'c> Executor<'c> for &'c mut FileTransaction {
    type Database = Sqlite;

    fn fetch_many<'e, 'q, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        E: Execute<'q, Sqlite>,
        'q: 'e,
        E: 'q,
    {
        let FileTransaction {
            transaction,
            monitor,
            failed,
        } = self;
        if *failed {
            return stream::once(ready(Err(rolled_back()))).boxed();
        }
        (&mut **transaction)
            .fetch_many(query)
            .inspect_err(move |error| *failed |= has_failed(monitor, error))
            .boxed()
    }

    fn fetch_optional<'e, 'q, E>(self, query: E) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        E: Execute<'q, Sqlite>,
        'q: 'e,
        E: 'q,
    {
        let FileTransaction {
            transaction,
            monitor,
            failed,
        } = self;
        if *failed {
            return ready(Err(rolled_back())).boxed();
        }
        (&mut **transaction)
            .fetch_optional(query)
            .inspect_err(move |error| *failed |= has_failed(monitor, error))
            .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        (&mut self.transaction).prepare_with(sql, parameters)
    }
}

/// Records the error of a statement. Returns whether SQLite may have rolled the transaction back.
fn has_failed(monitor: &FileMonitor, error: &Error) -> bool {
    monitor.observe(error);
    FileFailure::of(error).is_some()
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

/// Repeats an attempt while the database is busy, for at most `patience`. Repeats it once with
/// another connection if the first one could not start a transaction.
pub(super) async fn while_busy<T, F>(
    monitor: &FileMonitor,
    name: TransactionName,
    patience: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, Error>>,
{
    let end = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    let mut is_replaced = false;
    let mut wait = UnfinishedWait::start(monitor);
    loop {
        let answer = attempt().await;
        match answer {
            Ok(value) => {
                wait.failure = None;
                return Ok(value);
            }
            Err(error) if is_busy(&error) && Instant::now() + pause < end => {
                wait.failure = Some(FileFailure::Locked);
                tracing::debug!(transaction = name.as_str(), "the database is busy");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(Error::InvalidSavePointStatement | Error::BeginFailed) if !is_replaced => {
                is_replaced = true;
            }
            Err(error) => {
                wait.failure = None;
                monitor.observe(&error);
                return Err(store_error(error));
            }
        }
    }
}

/// A wait for the file. Its failure is recorded when the wait is given up after [`LONG_WAIT`].
struct UnfinishedWait<'a> {
    monitor: &'a FileMonitor,
    started: Instant,
    failure: Option<FileFailure>,
}

impl<'a> UnfinishedWait<'a> {
    fn start(monitor: &'a FileMonitor) -> Self {
        Self {
            monitor,
            started: Instant::now(),
            failure: Some(FileFailure::Busy),
        }
    }
}

impl Drop for UnfinishedWait<'_> {
    fn drop(&mut self) {
        if let Some(failure) = self.failure
            && self.started.elapsed() >= LONG_WAIT
        {
            self.monitor.note(failure);
        }
    }
}
