//! The database access of the decisions.

mod shared_reads;

use std::sync::Arc;

use anteroom_runtime::{Clock, dependency_wait};
use anteroom_store::{
    LinkAddress, LinkWithCall, RoomsDatabase, RoomsReader, RoomsRepository, StoreError,
    TransactionName,
};

use self::shared_reads::SharedReads;

/// The database, and the look-ups of links that requests share. Clones share them too.
#[derive(Clone)]
pub(crate) struct Transactions {
    pub(crate) database: Arc<dyn RoomsDatabase>,
    /// The look-ups of links, which requests for the same one share.
    look_ups: SharedReads<LinkAddress, Result<Option<LinkWithCall>, Arc<StoreError>>>,
    clock: Arc<dyn Clock>,
}

/// A failure of the database. It is logged already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseFailure {
    /// A later attempt may succeed.
    Unavailable,
    /// The database refuses the work, or holds rows that cannot be read.
    Internal,
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
    ///
    /// # Errors
    /// [`DatabaseFailure`].
    pub(crate) async fn read(
        &self,
        name: TransactionName,
    ) -> Result<Box<dyn RoomsReader>, DatabaseFailure> {
        let begun = dependency_wait(self.database.read(name)).await;
        begun.map_err(failed)
    }

    /// Reads a link and the call in its room; `None` if there is no such link.
    ///
    /// # Errors
    /// [`DatabaseFailure`].
    pub(crate) async fn look_up(
        &self,
        name: TransactionName,
        address: &LinkAddress,
    ) -> Result<Option<LinkWithCall>, DatabaseFailure> {
        let (database, clock) = (Arc::clone(&self.database), Arc::clone(&self.clock));
        let wanted = address.clone();
        let read = async move {
            let found = database.link_with_call(name, &wanted, clock.now()).await;
            found.map_err(Arc::new)
        };
        let found = dependency_wait(self.look_ups.join(address, read)).await;
        found.map_err(|error| DatabaseFailure::of(&error))
    }

    /// Starts a transaction that may write.
    ///
    /// # Errors
    /// [`DatabaseFailure`].
    pub(crate) async fn begin(
        &self,
        name: TransactionName,
    ) -> Result<Box<dyn RoomsRepository>, DatabaseFailure> {
        let begun = dependency_wait(self.database.begin(name)).await;
        begun.map_err(failed)
    }
}

impl DatabaseFailure {
    /// Classifies an error of the database, and logs it.
    fn of(error: &StoreError) -> Self {
        report(error, "the database failed");
        if error.is_transient() {
            Self::Unavailable
        } else {
            Self::Internal
        }
    }
}

/// Classifies an error of the database, and logs it.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn failed(error: StoreError) -> DatabaseFailure {
    DatabaseFailure::of(&error)
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
