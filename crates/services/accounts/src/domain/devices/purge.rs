//! The periodic deletion of stale devices and expired rows.

use std::sync::Arc;

use anteroom_store::{StoreError, TransactionName};

use crate::{domain::devices::announcement::announce, state::AccountsState};

/// The maximum number of devices that one transaction deletes, so that other transactions do not
/// wait for long.
const BATCH: u32 = 200;

/// The numbers of deleted rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeCounts {
    /// Stale devices.
    pub devices: u64,
    /// Expired sessions, tokens, invites and failures.
    pub rows: u64,
}

/// Deletes stale devices and expired rows.
///
/// # Errors
/// Those of the database. Earlier deletions are kept.
pub(crate) async fn purge(accounts: &Arc<AccountsState>) -> Result<PurgeCounts, StoreError> {
    let mut purged = PurgeCounts {
        devices: 0,
        rows: purge_expired(accounts).await?,
    };
    loop {
        let deleted = purge_devices(accounts).await?;
        purged.devices += u64::from(deleted);
        if deleted < BATCH {
            return Ok(purged);
        }
    }
}

async fn purge_expired(accounts: &AccountsState) -> Result<u64, StoreError> {
    const NAME: TransactionName = TransactionName::new("purge expired rows");
    let mut transaction = accounts.storage.database.begin(NAME).await?;
    let rows = transaction
        .purge_expired(accounts.now(), &accounts.login.settings.lifetimes())
        .await?;
    transaction.save().await?;
    Ok(rows)
}

async fn purge_devices(accounts: &Arc<AccountsState>) -> Result<u32, StoreError> {
    const NAME: TransactionName = TransactionName::new("purge stale devices");
    let mut transaction = accounts.storage.database.begin(NAME).await?;
    let purged = accounts
        .storage
        .device_changes(&mut *transaction, accounts.now())
        .purge(BATCH)
        .await?;
    transaction.save().await?;
    announce(accounts, &purged);
    Ok(u32::try_from(purged.len()).unwrap_or(BATCH))
}
