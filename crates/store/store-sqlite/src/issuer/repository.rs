//! The issuer's transactions.

use anteroom_protocol::{Aci, ParamsId, Timestamp};
use anteroom_store::{
    Account, AccountDevice, Device, DeviceId, DeviceUse, IssuerCounts, IssuerReader,
    IssuerRepository, Keyring, SealedValue, ServerParamsRecord, StoreError, StoredServerParams,
    sealed::{SealedAccount, SealedDevice, sealed_address},
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{
    caller,
    login::overview,
    row::{self, account_columns, device_columns},
};
use crate::{
    error::store_error, file::KeyedTransaction, row::seconds, server_params,
    transaction::FileTransaction,
};

/// A transaction. It is rolled back on drop.
pub(super) struct SqliteRepository {
    pub(super) transaction: FileTransaction,
    pub(super) keyring: Keyring,
}

impl SqliteRepository {
    pub(super) fn new(keyed: KeyedTransaction) -> Self {
        Self {
            transaction: keyed.transaction,
            keyring: keyed.keyring,
        }
    }

    pub(super) fn account_index(&self, aci: &Aci) -> Vec<u8> {
        self.keyring
            .storage()
            .account_index(aci)
            .as_bytes()
            .to_vec()
    }
}

#[async_trait]
impl IssuerReader for SqliteRepository {
    async fn account(&mut self, aci: &Aci) -> Result<Option<Account>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM accounts WHERE account_index = ?"
        );
        sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .fetch_optional(&mut self.transaction)
            .await
            .map_err(store_error)?
            .map(|row| row::account(&row)?.open(&self.keyring))
            .transpose()
    }

    async fn device(&mut self, aci: &Aci, id: DeviceId) -> Result<Option<Device>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT account_index, ",
            device_columns!(),
            " FROM devices WHERE account_index = ? AND device_id = ?"
        );
        sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .bind(i64::from(id.as_u32()))
            .fetch_optional(&mut self.transaction)
            .await
            .map_err(store_error)?
            .map(|row| row::device(&row)?.open(&self.keyring))
            .transpose()
    }

    async fn devices(&mut self, aci: &Aci) -> Result<Vec<Device>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT account_index, ",
            device_columns!(),
            " FROM devices WHERE account_index = ? ORDER BY device_id"
        );
        sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .fetch_all(&mut self.transaction)
            .await
            .map_err(store_error)?
            .iter()
            .map(|row| row::device(row)?.open(&self.keyring))
            .collect()
    }

    async fn account_with_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", ",
            device_columns!(),
            " FROM accounts JOIN devices USING (account_index) \
              WHERE accounts.account_index = ? AND devices.device_id = ?"
        );
        let row = sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .bind(i64::from(id.as_u32()))
            .fetch_optional(&mut self.transaction)
            .await
            .map_err(store_error)?;
        row.map(|row| caller::opened(&row, &self.keyring))
            .transpose()
    }

    async fn counts(&mut self, now: Timestamp) -> Result<IssuerCounts, StoreError> {
        overview::counts(self, now).await
    }

    async fn last_device_use(&mut self) -> Result<Option<Timestamp>, StoreError> {
        overview::last_device_use(self).await
    }

    async fn server_params(&mut self) -> Result<Vec<ServerParamsRecord>, StoreError> {
        server_params::all(&mut self.transaction, &self.keyring).await
    }

    async fn stored_server_params(&mut self) -> Result<StoredServerParams, StoreError> {
        server_params::stored(&mut self.transaction, &self.keyring).await
    }
}

#[async_trait]
impl IssuerRepository for SqliteRepository {
    async fn add_account(
        &mut self,
        account: &Account,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        let sealed = SealedAccount::seal(account, &self.keyring, rng)?;
        let created = seconds(sealed.created, "accounts", "created")?;
        let added = sqlx::query(
            "INSERT INTO accounts (account_index, aci, pni, auth_salt, created, role, disabled,
                 limit_epoch)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_index) DO NOTHING",
        )
        .bind(sealed.index.as_bytes().as_slice())
        .bind(sealed.aci.as_bytes())
        .bind(sealed.pni.as_ref().map(SealedValue::as_bytes))
        .bind(sealed.auth_salt.as_bytes())
        .bind(created)
        .bind(sealed.role.as_str())
        .bind(sealed.disabled)
        .bind(sealed.limit_epoch)
        .execute(&mut self.transaction)
        .await
        .map_err(store_error)?
        .rows_affected();
        if added == 0 {
            return Err(StoreError::AccountExists);
        }
        Ok(())
    }

    async fn add_device(
        &mut self,
        aci: &Aci,
        device: &Device,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        let sealed = SealedDevice::seal(aci, device, &self.keyring, rng)?;
        let created = seconds(sealed.created, "devices", "created")?;
        let last_seen = seconds(sealed.last_seen, "devices", "last_seen")?;
        let outcome = sqlx::query(
            "INSERT INTO devices
                 (account_index, device_id, name, password_hash, created, last_seen, last_address,
                  origin)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_index, device_id) DO NOTHING",
        )
        .bind(sealed.account.as_bytes().as_slice())
        .bind(i64::from(sealed.id.as_u32()))
        .bind(sealed.name.as_bytes())
        .bind(sealed.password_hash.as_bytes().as_slice())
        .bind(created)
        .bind(last_seen)
        .bind(sealed.last_address.as_ref().map(SealedValue::as_bytes))
        .bind(sealed.origin.as_str())
        .execute(&mut self.transaction)
        .await;
        match outcome {
            Ok(done) if done.rows_affected() == 0 => Err(StoreError::DeviceExists),
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
                Err(StoreError::AccountMissing)
            }
            Err(error) => Err(store_error(error)),
        }
    }

    async fn touch_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        device_use: &DeviceUse,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError> {
        let address = device_use
            .address
            .map(|address| sealed_address(aci, id, &address, &self.keyring, rng))
            .transpose()?;
        let touched = sqlx::query(
            "UPDATE devices SET last_seen = ?1, last_address = ?2
             WHERE account_index = ?3 AND device_id = ?4
                 AND (last_seen < ?1 OR last_seen > ?5
                     OR last_seen = ?1 AND last_address IS NULL AND ?2 IS NOT NULL)",
        )
        .bind(seconds(device_use.at, "devices", "last_seen")?)
        .bind(address.as_ref().map(SealedValue::as_bytes))
        .bind(self.account_index(aci))
        .bind(i64::from(id.as_u32()))
        .bind(seconds(
            device_use.at.plus(DeviceUse::INTERVAL),
            "devices",
            "last_seen",
        )?)
        .execute(&mut self.transaction)
        .await
        .map_err(store_error)?
        .rows_affected();
        Ok(touched > 0)
    }

    async fn add_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        server_params::add(&mut self.transaction, &self.keyring, record, rng).await
    }

    async fn end_server_params(
        &mut self,
        id: ParamsId,
        not_after: Timestamp,
    ) -> Result<bool, StoreError> {
        server_params::end(&mut self.transaction, id, not_after).await
    }

    async fn save(self: Box<Self>) -> Result<(), StoreError> {
        self.transaction.commit().await
    }
}
