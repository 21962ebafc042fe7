//! The database of accounts, with the time and the randomness of its rows.

use std::{sync::Arc, time::Duration};

use anteroom_protocol::Timestamp;
use anteroom_runtime::{Clock, Entropy};
use anteroom_store::{Availability, DeviceRetention, IssuerDatabase, IssuerRepository, StoreError};

use crate::domain::{
    devices::changes::DeviceChanges,
    failure::{Failure, in_time},
};

/// The maximum time of a transaction.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of accounts.
pub(crate) struct Storage {
    pub(crate) database: Arc<dyn IssuerDatabase>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The period after which devices are stale.
    pub(crate) device_retention: DeviceRetention,
}

impl Storage {
    /// Starts changes of devices in a transaction.
    pub(crate) fn device_changes<'a>(
        &self,
        transaction: &'a mut dyn IssuerRepository,
        now: Timestamp,
    ) -> DeviceChanges<'a> {
        DeviceChanges::new(transaction, self.device_retention, now)
    }

    /// Admits a request whose job runs later, if the database saves changes.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if it does not.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        match self.stored(self.database.ready()).await? {
            Availability::ReadWrite => Ok(()),
            Availability::ReadOnly => Err(Failure::Unavailable),
        }
    }

    /// Waits for the database.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is unavailable or takes too long, else
    /// [`Failure::Internal`].
    pub(crate) async fn stored<T>(
        &self,
        transaction: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Failure> {
        in_time(TRANSACTION_TIMEOUT, transaction).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
