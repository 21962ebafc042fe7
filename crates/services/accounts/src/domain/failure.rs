//! The failures of every operation, apart from its own outcomes.

use std::time::Duration;

use anteroom_runtime::{RetryAfter, dependency_wait};
use anteroom_store::StoreError;

/// The reason why an operation has no outcome, whatever the operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The database, or another dependency, is not available at the moment.
    Unavailable,
    /// Too much work is waiting: passwords for their hash, jobs, or computations. The time is that
    /// after which to try again.
    Overloaded(RetryAfter),
    /// The service or its database has a defect.
    Internal,
}

impl Failure {
    /// Returns the stable code, for the log.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "UNAVAILABLE",
            Self::Overloaded(_) => "OVERLOADED",
            Self::Internal => "INTERNAL",
        }
    }
}

/// Waits for the database, at most for `limit`.
///
/// # Errors
/// [`Failure::Unavailable`] when the database is unavailable or takes longer than `limit`, else
/// [`Failure::Internal`].
pub(crate) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, Failure> {
    match dependency_wait(tokio::time::timeout(limit, answer)).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => {
            // The store logs each episode once.
            tracing::debug!("the database does not answer");
            Err(Failure::Unavailable)
        }
    }
}

fn failed(error: &StoreError) -> Failure {
    if matches!(
        error,
        StoreError::Unavailable { .. } | StoreError::Damaged { .. }
    ) {
        // The store logs each episode once.
        tracing::debug!(%error, "the database is unavailable");
    } else {
        tracing::error!(%error, "the database failed");
    }
    if error.is_transient() {
        Failure::Unavailable
    } else {
        Failure::Internal
    }
}
