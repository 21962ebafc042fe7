//! The database access of the endpoints, with errors as problems.

pub(crate) mod shared_reads;

use std::sync::Arc;

use anteroom_service::{Problem, dependency_wait, problems};
use anteroom_store::{
    LinkAddress, LinkWithCall, RoomsReader, RoomsRepository, StoreError, TransactionName,
};

use crate::rooms::RoomsState;

impl RoomsState {
    /// Starts a read transaction.
    ///
    /// # Errors
    /// 503 or 500 when the database fails.
    pub(crate) async fn read(
        &self,
        name: TransactionName,
    ) -> Result<Box<dyn RoomsReader>, Problem> {
        let begun = dependency_wait(self.database.read(name)).await;
        begun.map_err(failed)
    }

    /// Reads a link and the call in its room; `None` if there is no such link.
    ///
    /// # Errors
    /// 503 or 500 when the database fails.
    pub(crate) async fn look_up(
        &self,
        name: TransactionName,
        address: &LinkAddress,
    ) -> Result<Option<LinkWithCall>, Problem> {
        let (database, clock) = (Arc::clone(&self.database), Arc::clone(&self.clock));
        let wanted = address.clone();
        let read = async move {
            let found = database.link_with_call(name, &wanted, clock.now()).await;
            found.map_err(Arc::new)
        };
        let found = dependency_wait(self.look_ups.join(address, read)).await;
        found.map_err(|error| problem(&error))
    }

    /// Starts a transaction that may write.
    ///
    /// # Errors
    /// 503 or 500 when the database fails.
    pub(crate) async fn begin(
        &self,
        name: TransactionName,
    ) -> Result<Box<dyn RoomsRepository>, Problem> {
        let begun = dependency_wait(self.database.begin(name)).await;
        begun.map_err(failed)
    }
}

/// Returns the problem of a database error, and logs the error.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn failed(error: StoreError) -> Problem {
    problem(&error)
}

fn problem(error: &StoreError) -> Problem {
    report(error, "the database failed");
    if error.is_transient() {
        Problem::new(&problems::UNAVAILABLE)
    } else {
        Problem::new(&problems::INTERNAL)
    }
}

/// Logs a database error. The store itself logs unavailability, once for each outage.
pub(crate) fn report(error: &StoreError, consequence: &'static str) {
    if matches!(
        error,
        StoreError::Unavailable { .. } | StoreError::Damaged { .. }
    ) {
        tracing::debug!(%error, "{consequence}");
    } else {
        tracing::error!(%error, "{consequence}");
    }
}
