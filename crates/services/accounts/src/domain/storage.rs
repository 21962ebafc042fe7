//! The database of accounts, with the time and the randomness of its rows.

use std::{sync::Arc, time::Duration};

use anteroom_protocol::{Aci, AuthSalt, Timestamp};
use anteroom_runtime::{Clock, Entropy};
use anteroom_store::{
    Account, Availability, DeviceRetention, IssuerDatabase, IssuerRepository, StoreError,
};
use rand_core::CryptoRng;

use crate::domain::{
    devices::changes::DeviceChanges,
    failure::{Failure, in_time},
};

/// The maximum time of a transaction.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of accounts. Clones are the same database.
#[derive(Clone)]
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
        match stored(self.database.ready()).await? {
            Availability::ReadWrite => Ok(()),
            Availability::ReadOnly => Err(Failure::Unavailable),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Waits for a transaction.
///
/// # Errors
/// [`Failure::Unavailable`] when the database is unavailable or takes too long, else
/// [`Failure::Internal`].
pub(crate) async fn stored<T>(
    transaction: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, Failure> {
    in_time(TRANSACTION_TIMEOUT, transaction).await
}

/// Adds an account with a random id and without a PNI.
pub(crate) async fn add_account(
    transaction: &mut dyn IssuerRepository,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Account, StoreError> {
    let aci = Aci::random(&mut *rng);
    let account = Account::new(aci, None, AuthSalt::random(&mut *rng), now);
    transaction.add_account(&account, rng).await?;
    Ok(account)
}
