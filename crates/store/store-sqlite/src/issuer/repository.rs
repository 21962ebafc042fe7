//! The issuer's transactions.

use anteroom_protocol::{Aci, ParamsId, Timestamp};
use anteroom_store::{
    Account, AccountDevice, Device, DeviceId, DeviceUse, IssuerCounts, IssuerReader,
    IssuerRepository, ServerParamsRecord, StoreError, StoredServerParams,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{IssuerSchema, accounts, caller, devices, overview};
use crate::{database::SqliteTransaction, server_params};

#[async_trait]
impl IssuerReader for SqliteTransaction<IssuerSchema> {
    async fn account(&mut self, aci: &Aci) -> Result<Option<Account>, StoreError> {
        accounts::one(&mut self.keyed, aci).await
    }

    async fn device(&mut self, aci: &Aci, id: DeviceId) -> Result<Option<Device>, StoreError> {
        devices::one(&mut self.keyed, aci, id).await
    }

    async fn devices(&mut self, aci: &Aci) -> Result<Vec<Device>, StoreError> {
        devices::of_account(&mut self.keyed, aci).await
    }

    async fn account_with_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>, StoreError> {
        caller::one(&mut self.keyed, aci, id).await
    }

    async fn counts(&mut self, now: Timestamp) -> Result<IssuerCounts, StoreError> {
        overview::counts(&mut self.keyed, now).await
    }

    async fn last_device_use(&mut self) -> Result<Option<Timestamp>, StoreError> {
        overview::last_device_use(&mut self.keyed).await
    }

    async fn server_params(&mut self) -> Result<Vec<ServerParamsRecord>, StoreError> {
        server_params::all(&mut self.keyed).await
    }

    async fn stored_server_params(&mut self) -> Result<StoredServerParams, StoreError> {
        server_params::stored(&mut self.keyed).await
    }
}

#[async_trait]
impl IssuerRepository for SqliteTransaction<IssuerSchema> {
    async fn add_account(
        &mut self,
        account: &Account,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        accounts::add(&mut self.keyed, account, rng).await
    }

    async fn add_device(
        &mut self,
        aci: &Aci,
        device: &Device,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        devices::add(&mut self.keyed, aci, device, rng).await
    }

    async fn touch_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        device_use: &DeviceUse,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError> {
        devices::touch(&mut self.keyed, aci, id, device_use, rng).await
    }

    async fn add_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        server_params::add(&mut self.keyed, record, rng).await
    }

    async fn end_server_params(
        &mut self,
        id: ParamsId,
        not_after: Timestamp,
    ) -> Result<bool, StoreError> {
        server_params::end(&mut self.keyed, id, not_after).await
    }

    async fn save(self: Box<Self>) -> Result<(), StoreError> {
        self.keyed.transaction.commit().await
    }
}
