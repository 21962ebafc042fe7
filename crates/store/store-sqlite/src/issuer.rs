//! The issuer's file: one module for each kind of row.

mod accounts;
mod caller;
mod devices;
mod failures;
mod identities;
mod logins;
mod overview;
mod purge;
mod row;
mod schema;
mod sessions;
mod sign_ups;
mod tokens;

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_store::{
    AccountDevice, Availability, DeviceId, IssuerDatabase, IssuerReader, IssuerRepository,
    StorageKeys, TransactionName,
};
use async_trait::async_trait;

use self::schema::IssuerTransaction;
pub use self::schema::{IssuerSchema, SqliteIssuer};
use super::{error::Result, lookups::FastLookup};

#[async_trait]
impl IssuerDatabase for SqliteIssuer {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>> {
        Ok(IssuerTransaction::boxed(
            self.file.begin_writing(name).await?,
        ))
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>> {
        Ok(IssuerTransaction::boxed(
            self.file.begin_reading(name).await?,
        ))
    }

    async fn account_with_device(
        &self,
        name: TransactionName,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>> {
        let keyring = self.file.keyring_cache.last_seen();
        let attempt = || caller::fast_lookup(&self.file.lookups, &keyring, aci, id);
        match self.file.look_up(name, attempt).await? {
            FastLookup::Found(row) => caller::opened(&row, &keyring).map(Some),
            FastLookup::Absent => Ok(None),
            FastLookup::StaleKeys => self.read(name).await?.account_with_device(aci, id).await,
        }
    }

    async fn ready(&self) -> Result<Availability> {
        self.file.ready().await
    }

    fn storage_keys(&self) -> Arc<StorageKeys> {
        Arc::clone(self.file.keyring_cache.last_seen().storage())
    }
}
