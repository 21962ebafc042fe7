//! The periodic deletion of stale devices, unused guests and expired rows.

use std::sync::Arc;

use anteroom_store::{StoreError, TransactionName};

use crate::{
    domain::{devices::announcement::announce, guests::GUEST_RETENTION},
    state::AccountsState,
};

/// The maximum number of devices that one transaction deletes, so that other transactions do not
/// wait for long.
const BATCH: u32 = 200;

/// The numbers of deleted rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeCounts {
    /// Guests who were not seen for long.
    pub guests: u64,
    /// Stale devices.
    pub devices: u64,
    /// Expired sessions, tokens, invites and failures.
    pub rows: u64,
}

/// Deletes stale devices, unused guests and expired rows.
///
/// # Errors
/// Those of the database. Earlier deletions are kept.
pub(crate) async fn purge(accounts: &Arc<AccountsState>) -> Result<PurgeCounts, StoreError> {
    let mut purged = PurgeCounts {
        guests: 0,
        devices: 0,
        rows: purge_expired(accounts).await?,
    };
    loop {
        let (found, deleted) = purge_guests(accounts).await?;
        purged.guests += deleted;
        if found < BATCH {
            break;
        }
    }
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

/// Deletes a batch of guests. Returns the number of those found and of those deleted. The search
/// reads alone, so that it does not delay other transactions.
async fn purge_guests(accounts: &Arc<AccountsState>) -> Result<(u32, u64), StoreError> {
    const NAME: TransactionName = TransactionName::new("purge guests");
    let storage = &accounts.storage;
    let now = accounts.now();
    let used_before = now.minus(GUEST_RETENTION);
    let mut reader = storage.database.read(NAME).await?;
    let unused = reader.unused_guests(used_before, BATCH).await?;
    drop(reader);
    if unused.is_empty() {
        return Ok((0, 0));
    }
    let mut transaction = storage.database.begin(NAME).await?;
    let (deleted, changes) = storage
        .device_changes(&mut *transaction, now)
        .purge_guests(&unused, used_before)
        .await?;
    transaction.save().await?;
    announce(accounts, &changes);
    Ok((u32::try_from(unused.len()).unwrap_or(BATCH), deleted))
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
