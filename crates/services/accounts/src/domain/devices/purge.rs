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
        rows: purge_expired(accounts).await?,
        ..PurgeCounts::default()
    };
    purged.guests = purge_guests(accounts).await?;
    purged.devices = purge_devices(accounts).await?;
    Ok(purged)
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

/// Deletes unused guests in batches, and returns their number. The search reads alone, so that it does not
/// delay other transactions. A guest whose rows cannot be read is left out.
async fn purge_guests(accounts: &Arc<AccountsState>) -> Result<u64, StoreError> {
    const NAME: TransactionName = TransactionName::new("purge guests");
    let storage = &accounts.storage;
    let now = accounts.now();
    // A device that is stale cannot sign in, so that its guest is not used any more.
    let stale_before = storage.device_retention.stale_before(now);
    let used_before = now.minus(GUEST_RETENTION).max(stale_before);
    let (mut deleted, mut damaged) = (0, 0);
    let mut last = None;
    loop {
        let mut reader = storage.database.read(NAME).await?;
        let found = reader.unused_guests(used_before, last.as_ref(), BATCH);
        let page = found.await?;
        drop(reader);
        damaged += page.damaged;
        if !page.guests.is_empty() {
            let mut transaction = storage.database.begin(NAME).await?;
            let purged = storage
                .device_changes(&mut *transaction, now)
                .purge_guests(&page.guests, used_before)
                .await?;
            transaction.save().await?;
            announce(accounts, &purged.changes);
            deleted += purged.guests;
            damaged += purged.damaged;
        }
        match page.last {
            Some(behind) => last = Some(behind),
            None => break,
        }
    }
    if damaged > 0 {
        tracing::warn!(
            damaged,
            "unused guests whose rows cannot be read are not deleted"
        );
    }
    Ok(deleted)
}

/// Deletes stale devices in batches, and returns their number. A device whose account cannot be read is left
/// out.
async fn purge_devices(accounts: &Arc<AccountsState>) -> Result<u64, StoreError> {
    const NAME: TransactionName = TransactionName::new("purge stale devices");
    let (mut deleted, mut damaged) = (0, 0);
    let mut last = None;
    loop {
        let mut transaction = accounts.storage.database.begin(NAME).await?;
        let page = accounts
            .storage
            .device_changes(&mut *transaction, accounts.now())
            .purge(last.as_ref(), BATCH)
            .await?;
        transaction.save().await?;
        announce(accounts, &page.changes);
        deleted += u64::try_from(page.changes.len()).unwrap_or(u64::MAX);
        damaged += page.damaged;
        match page.last {
            Some(behind) => last = Some(behind),
            None => break,
        }
    }
    if damaged > 0 {
        tracing::warn!(
            damaged,
            "stale devices whose accounts cannot be read are not deleted"
        );
    }
    Ok(deleted)
}
