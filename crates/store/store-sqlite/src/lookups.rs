//! Connections for single statements outside of transactions.

use std::{sync::Arc, time::Duration};

use anteroom_store::Keyring;
use parking_lot::Mutex;
use sqlx::{
    Error, Row as _, Sqlite, SqlitePool, ValueRef as _,
    pool::PoolConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::monitor::FileMonitor;

/// The result of a look-up by a single statement, without a transaction.
pub(super) enum FastLookup {
    /// The row, still sealed.
    Found(Box<SqliteRow>),
    /// The row does not exist.
    Absent,
    /// The file has other keys than the cached keyring. The row may be sealed under those.
    StaleKeys,
}

/// A set of connections that stay outside of their pool between statements.
///
/// The pool checks every connection that is returned to it, which takes one more round trip to the
/// connection's thread: as long as the look-up itself. A single statement that returned its row
/// leaves no state for the pool to find. A connection whose statement failed is closed.
pub(super) struct LookupPool {
    pool: SqlitePool,
    /// One permit for each connection of the pool. Closed before the pool is.
    permits: Semaphore,
    idle: Mutex<Vec<PoolConnection<Sqlite>>>,
    patience: Duration,
    monitor: Arc<FileMonitor>,
}

/// A connection in use. If its statement is cancelled, it returns to the pool, which checks it.
struct LookupConnection<'a> {
    connection: PoolConnection<Sqlite>,
    lookups: &'a LookupPool,
    _permit: SemaphorePermit<'a>,
}

impl LookupPool {
    /// Creates the set over a pool that has no other use.
    pub(super) fn new(pool: SqlitePool, monitor: Arc<FileMonitor>, patience: Duration) -> Self {
        let connections = pool.options().get_max_connections();
        Self {
            pool,
            permits: Semaphore::new(usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS)),
            idle: Mutex::default(),
            patience,
            monitor,
        }
    }

    /// Reads a row in a single statement, which sees one state of the file. The row has the id of
    /// that state's newest key as `newest_key`; its column `present` is null if the row that is
    /// looked up does not exist.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin) and of the statement.
    pub(super) async fn find(
        &self,
        statement: Query<'_, Sqlite, SqliteArguments>,
        keyring: &Keyring,
        present: &str,
    ) -> Result<FastLookup, Error> {
        let mut lookup = self.begin().await?;
        let row = statement.fetch_one(&mut *lookup.connection).await;
        let row = lookup.finish(row)?;
        let newest: Option<i64> = row.try_get("newest_key")?;
        let is_known = newest == Some(i64::from(keyring.newest().as_u32()));
        let is_absent = row.try_get_raw(present)?.is_null();
        Ok(match (is_known, is_absent) {
            (false, _) => FastLookup::StaleKeys,
            (true, false) => FastLookup::Found(Box::new(row)),
            (true, true) => FastLookup::Absent,
        })
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// When the file was not the one that was opened at the last check, which was at most 10 ms ago,
    /// when no connection is free in time, when one cannot be opened, and after
    /// [`close`](Self::close).
    async fn begin(&self) -> Result<LookupConnection<'_>, Error> {
        self.monitor.check_identity_at_times()?;
        let permit = timeout(self.patience, self.permits.acquire()).await;
        let permit = permit
            .map_err(|_| Error::PoolTimedOut)?
            .map_err(|_| Error::PoolClosed)?;
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        Ok(LookupConnection {
            connection,
            lookups: self,
            _permit: permit,
        })
    }

    /// Closes the connections once their statements have ended.
    pub(super) async fn close(&self) {
        self.permits.close();
        // `LookupConnection::release` checks under the same lock whether the set is closed.
        let idle = std::mem::take(&mut *self.idle.lock());
        drop(idle);
        self.pool.close().await;
    }
}

impl LookupConnection<'_> {
    /// Returns the outcome of the statement. Keeps the connection for the next look-up after a
    /// success. Closes it after an error, and the pool opens another.
    fn finish<T>(mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if outcome.is_ok() {
            self.release();
        } else {
            self.connection.close_on_drop();
        }
        outcome
    }

    fn release(self) {
        let mut idle = self.lookups.idle.lock();
        if !self.lookups.permits.is_closed() {
            idle.push(self.connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use futures::poll;
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Creates look-ups with one connection.
    fn lookups(patience: Duration) -> LookupPool {
        let pool = SqlitePoolOptions::new().max_connections(1);
        let monitor = Arc::new(FileMonitor::new(Path::new("of no file")));
        LookupPool::new(
            pool.connect_lazy("sqlite::memory:").unwrap(),
            monitor,
            patience,
        )
    }

    async fn answer(lookup: &mut LookupConnection<'_>) -> i64 {
        let query = sqlx::query_scalar("SELECT 7");
        query.fetch_one(&mut *lookup.connection).await.unwrap()
    }

    #[tokio::test]
    async fn a_connection_serves_one_after_the_other_kept_or_not() {
        let lookups = lookups(LONG);
        for is_kept in [true, true, false, false, true] {
            let mut lookup = lookups.begin().await.unwrap();
            assert_eq!(answer(&mut lookup).await, 7);
            let outcome = if is_kept {
                Ok(())
            } else {
                Err(Error::RowNotFound)
            };
            assert_eq!(lookup.finish(outcome).is_ok(), is_kept);
            assert_eq!(lookups.idle.lock().len(), usize::from(is_kept));
        }
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_turn_or_an_error_in_time() {
        let waited = lookups(LONG);
        let first = waited.begin().await.unwrap();
        let mut second = Box::pin(waited.begin());
        assert!(poll!(&mut second).is_pending());
        first.release();
        assert_eq!(answer(&mut second.await.unwrap()).await, 7);

        let hasty = lookups(Duration::from_millis(1));
        let _first = hasty.begin().await.unwrap();
        assert!(matches!(hasty.begin().await, Err(Error::PoolTimedOut)));
    }

    #[tokio::test]
    async fn closing_takes_what_was_kept() {
        let lookups = lookups(LONG);
        lookups.begin().await.unwrap().release();
        lookups.close().await;
        assert!(lookups.idle.lock().is_empty());
    }

    #[tokio::test]
    async fn closing_waits_for_who_looks_and_nothing_is_kept_any_more() {
        let lookups = lookups(LONG);
        let mut looking = lookups.begin().await.unwrap();
        let mut closing = Box::pin(lookups.close());
        assert!(poll!(&mut closing).is_pending());
        assert!(matches!(lookups.begin().await, Err(Error::PoolClosed)));
        assert_eq!(answer(&mut looking).await, 7);
        looking.release();
        closing.await;
        assert!(lookups.idle.lock().is_empty());
    }
}
