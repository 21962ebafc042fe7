//! Connections for single statements outside of transactions.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{Error, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::monitor::FileMonitor;

/// A set of connections that stay outside of their pool between statements.
///
/// The pool checks every connection that is returned to it, which takes one more round trip to the
/// connection's thread: as long as the look-up itself. A single statement that returned its row
/// leaves no state for the pool to find. A connection whose statement failed is closed.
pub(super) struct LookUps {
    pool: SqlitePool,
    /// One permit for each connection of the pool. Closed before the pool is.
    turns: Semaphore,
    idle: Mutex<Vec<PoolConnection<Sqlite>>>,
    patience: Duration,
    monitor: Arc<FileMonitor>,
}

/// A connection in use. If its statement is cancelled, it returns to the pool, which checks it.
pub(super) struct LookUp<'a> {
    connection: PoolConnection<Sqlite>,
    look_ups: &'a LookUps,
    _turn: SemaphorePermit<'a>,
}

impl LookUps {
    /// Creates the set over a pool that has no other use.
    pub(super) fn new(pool: SqlitePool, monitor: Arc<FileMonitor>, patience: Duration) -> Self {
        let connections = pool.options().get_max_connections();
        Self {
            pool,
            turns: Semaphore::new(usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS)),
            idle: Mutex::default(),
            patience,
            monitor,
        }
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// When the file is not the one that was opened, when no connection is free in time, when one
    /// cannot be opened, and after [`close`](Self::close).
    pub(super) async fn begin(&self) -> Result<LookUp<'_>, Error> {
        self.monitor.check_identity()?;
        let turn = timeout(self.patience, self.turns.acquire()).await;
        let turn = turn
            .map_err(|_| Error::PoolTimedOut)?
            .map_err(|_| Error::PoolClosed)?;
        let kept = self.with_idle(Vec::pop);
        let connection = match kept {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        Ok(LookUp {
            connection,
            look_ups: self,
            _turn: turn,
        })
    }

    /// Closes the connections once their statements have ended.
    pub(super) async fn close(&self) {
        self.turns.close();
        // `LookUp::keep` checks under the same lock whether the set is closed.
        drop(self.with_idle(std::mem::take));
        self.pool.close().await;
    }

    fn with_idle<T>(&self, work: impl FnOnce(&mut Vec<PoolConnection<Sqlite>>) -> T) -> T {
        work(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl LookUp<'_> {
    /// Returns the outcome of the statement. Keeps the connection for the next look-up after a
    /// success. Closes it after an error, and the pool opens another.
    pub(super) fn finish<T>(mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if outcome.is_ok() {
            self.keep();
        } else {
            self.connection.close_on_drop();
        }
        outcome
    }

    fn keep(self) {
        let (look_ups, connection) = (self.look_ups, self.connection);
        look_ups.with_idle(|idle| {
            if !look_ups.turns.is_closed() {
                idle.push(connection);
            }
        });
    }
}

impl Deref for LookUp<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for LookUp<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
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
    fn look_ups(patience: Duration) -> LookUps {
        let pool = SqlitePoolOptions::new().max_connections(1);
        let monitor = Arc::new(FileMonitor::new(Path::new("of no file")));
        LookUps::new(
            pool.connect_lazy("sqlite::memory:").unwrap(),
            monitor,
            patience,
        )
    }

    async fn answer(look_up: &mut LookUp<'_>) -> i64 {
        let query = sqlx::query_scalar("SELECT 7");
        query.fetch_one(&mut **look_up).await.unwrap()
    }

    #[tokio::test]
    async fn a_connection_serves_one_after_the_other_kept_or_not() {
        let look_ups = look_ups(LONG);
        for is_kept in [true, true, false, false, true] {
            let mut look_up = look_ups.begin().await.unwrap();
            assert_eq!(answer(&mut look_up).await, 7);
            let outcome = if is_kept {
                Ok(())
            } else {
                Err(Error::RowNotFound)
            };
            assert_eq!(look_up.finish(outcome).is_ok(), is_kept);
            assert_eq!(look_ups.with_idle(|idle| idle.len()), usize::from(is_kept));
        }
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_turn_or_an_error_in_time() {
        let waited = look_ups(LONG);
        let first = waited.begin().await.unwrap();
        let mut second = Box::pin(waited.begin());
        assert!(poll!(&mut second).is_pending());
        first.keep();
        assert_eq!(answer(&mut second.await.unwrap()).await, 7);

        let hasty = look_ups(Duration::from_millis(1));
        let _first = hasty.begin().await.unwrap();
        assert!(matches!(hasty.begin().await, Err(Error::PoolTimedOut)));
    }

    #[tokio::test]
    async fn closing_takes_what_was_kept() {
        let look_ups = look_ups(LONG);
        look_ups.begin().await.unwrap().keep();
        look_ups.close().await;
        assert!(look_ups.with_idle(|idle| idle.is_empty()));
    }

    #[tokio::test]
    async fn closing_waits_for_who_looks_and_nothing_is_kept_any_more() {
        let look_ups = look_ups(LONG);
        let mut looking = look_ups.begin().await.unwrap();
        let mut closing = Box::pin(look_ups.close());
        assert!(poll!(&mut closing).is_pending());
        assert!(matches!(look_ups.begin().await, Err(Error::PoolClosed)));
        assert_eq!(answer(&mut looking).await, 7);
        looking.keep();
        closing.await;
        assert!(look_ups.with_idle(|idle| idle.is_empty()));
    }
}
