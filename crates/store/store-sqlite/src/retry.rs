//! The repetition of attempts while the file is busy.
//!
//! A writing transaction holds the file's lock from its start, so that only the start can meet a
//! lock: the statements of a transaction are never repeated.

use std::time::Duration;

use anteroom_store::{StoreError, TransactionName};
use sqlx::Error;
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
    let mut wait = UnfinishedWait {
        monitor,
        started: Instant::now(),
        failure: Some(FileFailure::Busy),
    };
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

impl Drop for UnfinishedWait<'_> {
    fn drop(&mut self) {
        if let Some(failure) = self.failure
            && self.started.elapsed() >= LONG_WAIT
        {
            self.monitor.note(failure);
        }
    }
}
