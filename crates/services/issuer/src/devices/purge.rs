//! The periodic deletion of stale devices and expired rows.

use anteroom_store::{StoreError, TransactionName};

use crate::Issuer;

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

impl Issuer {
    /// Deletes stale devices and expired rows. Call it about once a day.
    ///
    /// # Errors
    /// Those of the database. Earlier deletions are kept.
    pub async fn purge(&self) -> Result<PurgeCounts, StoreError> {
        let mut purged = PurgeCounts {
            devices: 0,
            rows: self.purge_expired().await?,
        };
        loop {
            let deleted = self.purge_devices().await?;
            purged.devices += u64::from(deleted);
            if deleted < BATCH {
                return Ok(purged);
            }
        }
    }

    async fn purge_expired(&self) -> Result<u64, StoreError> {
        const NAME: TransactionName = TransactionName::new("purge expired rows");
        let mut transaction = self.0.database.begin(NAME).await?;
        let rows = transaction
            .purge_expired(self.0.now(), &self.0.login.settings.lifetimes())
            .await?;
        transaction.save().await?;
        Ok(rows)
    }

    async fn purge_devices(&self) -> Result<u32, StoreError> {
        const NAME: TransactionName = TransactionName::new("purge stale devices");
        let issuer = &self.0;
        let mut transaction = issuer.database.begin(NAME).await?;
        let purged = issuer
            .device_changes(&mut *transaction, issuer.now())
            .purge(BATCH)
            .await?;
        transaction.save().await?;
        for change in &purged {
            issuer.announce(change);
        }
        Ok(u32::try_from(purged.len()).unwrap_or(BATCH))
    }
}
