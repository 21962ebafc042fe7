//! The database access of the decisions, and the health of the database.

mod shared_reads;

use std::sync::Arc;

use anteroom_runtime::{Clock, Dependency, Health, dependency_wait};
use anteroom_store::{
    Availability, LinkAddress, LinkWithCall, RoomsDatabase, RoomsReader, RoomsRepository,
    StoreError, TransactionName,
};
use async_trait::async_trait;

use self::shared_reads::SharedReads;
use super::failure::DecisionFailure;

/// The database, and the look-ups of links that requests share. Clones share them too.
#[derive(Clone)]
pub(crate) struct Transactions {
    pub(crate) database: Arc<dyn RoomsDatabase>,
    /// The look-ups of links, which requests for the same one share.
    look_ups: SharedReads<LinkAddress, Result<Option<LinkWithCall>, Arc<StoreError>>>,
    clock: Arc<dyn Clock>,
}

impl Transactions {
    pub(crate) fn new(database: Arc<dyn RoomsDatabase>, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            look_ups: SharedReads::default(),
            clock,
        }
    }

    /// Starts a read transaction.
    pub(crate) async fn read(
        &self,
        name: &'static str,
    ) -> Result<Box<dyn RoomsReader>, DecisionFailure> {
        let name = TransactionName::new(name);
        Ok(dependency_wait(self.database.read(name)).await?)
    }

    /// Reads a link and the call in its room; `None` if there is no such link.
    pub(crate) async fn look_up(
        &self,
        name: &'static str,
        address: &LinkAddress,
    ) -> Result<Option<LinkWithCall>, DecisionFailure> {
        let name = TransactionName::new(name);
        let (database, clock) = (Arc::clone(&self.database), Arc::clone(&self.clock));
        let wanted = address.clone();
        let read = async move {
            let found = database.link_with_call(name, &wanted, clock.now()).await;
            found.map_err(Arc::new)
        };
        let found = dependency_wait(self.look_ups.join(address, read)).await;
        found.map_err(|error| failure_of(&error))
    }

    /// Starts a transaction that may write.
    pub(crate) async fn begin(
        &self,
        name: &'static str,
    ) -> Result<Box<dyn RoomsRepository>, DecisionFailure> {
        let name = TransactionName::new(name);
        Ok(dependency_wait(self.database.begin(name)).await?)
    }
}

/// Classifies an error of the database, and logs it.
fn failure_of(error: &StoreError) -> DecisionFailure {
    report(error, "the database failed");
    if error.is_transient() {
        DecisionFailure::Unavailable
    } else {
        DecisionFailure::Internal
    }
}

/// Logs the error.
impl From<StoreError> for DecisionFailure {
    fn from(error: StoreError) -> Self {
        failure_of(&error)
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

/// The database as a dependency in the readiness report.
pub(crate) struct DatabaseHealth(pub(crate) Arc<dyn RoomsDatabase>);

#[async_trait]
impl Dependency for DatabaseHealth {
    fn name(&self) -> &'static str {
        "database"
    }

    fn required(&self) -> bool {
        true
    }

    async fn check(&self) -> Health {
        match self.0.ready().await {
            Ok(Availability::ReadWrite) => Health::Ok,
            Ok(Availability::ReadOnly) => Health::Degraded,
            Err(_) => Health::Failing,
        }
    }
}
