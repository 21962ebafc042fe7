//! The database as the endpoints use it, and its errors as problems.

use std::sync::Arc;

use anteroom_service::{Problem, dependency_wait, problems};
use anteroom_store::{
    LinkAddress, LinkWithCall, RoomsReader, RoomsRepository, StoreError, TransactionName,
};

use crate::rooms::Core;

impl Core {
    /// A transaction that reads.
    ///
    /// # Errors
    /// 503 or 500 when the database cannot.
    pub(crate) async fn read(
        &self,
        name: TransactionName,
    ) -> Result<Box<dyn RoomsReader>, Problem> {
        let begun = dependency_wait(self.database.read(name)).await;
        begun.map_err(failed)
    }

    /// A link and the call that is on in its room; `None` if there is no such link.
    ///
    /// # Errors
    /// 503 or 500 when the database cannot.
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

    /// A transaction that may write.
    ///
    /// # Errors
    /// 503 or 500 when the database cannot.
    pub(crate) async fn begin(
        &self,
        name: TransactionName,
    ) -> Result<Box<dyn RoomsRepository>, Problem> {
        let begun = dependency_wait(self.database.begin(name)).await;
        begun.map_err(failed)
    }
}

/// The answer when the database failed.
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

/// Logs an error of the database. The store itself logs episodes in which it is unavailable, once.
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
