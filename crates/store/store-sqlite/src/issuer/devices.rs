//! Devices, and their changes by their owners.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    AccountDevice, Device, DeviceId, DeviceName, DeviceReader, DeviceRepository, DeviceUse,
    SealedValue, StoreError,
    sealed::{SealedDevice, sealed_address, sealed_device_name},
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{
    caller::opened,
    row::{self, account_columns, device_columns, device_id},
    schema::IssuerTransaction,
};
use crate::{
    error::Result,
    row::{number, optional_timestamp, seconds},
    statement::Statement as _,
};

const TABLE: &str = "devices";

#[async_trait]
impl DeviceReader for IssuerTransaction {
    async fn account_with_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
    ) -> Result<Option<AccountDevice>> {
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
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| opened(&row, &self.keyring)).transpose()
    }

    async fn device(&mut self, aci: &Aci, id: DeviceId) -> Result<Option<Device>> {
        const SELECT: &str = concat!(
            "SELECT account_index, ",
            device_columns!(),
            " FROM devices WHERE account_index = ? AND device_id = ?"
        );
        sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .bind(i64::from(id.as_u32()))
            .optional_row(&mut self.transaction)
            .await?
            .map(|row| row::device(&row)?.open(&self.keyring))
            .transpose()
    }

    async fn devices(&mut self, aci: &Aci) -> Result<Vec<Device>> {
        const SELECT: &str = concat!(
            "SELECT account_index, ",
            device_columns!(),
            " FROM devices WHERE account_index = ? ORDER BY device_id"
        );
        sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .rows(&mut self.transaction)
            .await?
            .iter()
            .map(|row| row::device(row)?.open(&self.keyring))
            .collect()
    }

    async fn free_device_id(&mut self, aci: &Aci) -> Result<Option<DeviceId>> {
        let select = "SELECT coalesce(max(device_id), 0) AS device_id FROM devices
                      WHERE account_index = ?";
        let row = sqlx::query(select)
            .bind(self.account_index(aci))
            .row(&mut self.transaction)
            .await?;
        let highest: u32 = number(&row, TABLE, "device_id")?;
        Ok(highest.checked_add(1).and_then(DeviceId::new))
    }

    async fn last_device_use(&mut self) -> Result<Option<Timestamp>> {
        let row = sqlx::query("SELECT max(last_seen) AS last_seen FROM devices")
            .row(&mut self.transaction)
            .await?;
        optional_timestamp(&row, TABLE, "last_seen")
    }
}

#[async_trait]
impl DeviceRepository for IssuerTransaction {
    async fn add_device(
        &mut self,
        aci: &Aci,
        device: &Device,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<()> {
        let sealed = SealedDevice::seal(aci, device, &self.keyring, rng)?;
        let created = seconds(sealed.created, "devices", "created")?;
        let last_seen = seconds(sealed.last_seen, "devices", "last_seen")?;
        let added = sqlx::query(
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
        .changes_referring(&mut self.transaction, StoreError::AccountMissing)
        .await?;
        if added == 0 {
            return Err(StoreError::DeviceExists);
        }
        Ok(())
    }

    async fn touch_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        device_use: &DeviceUse,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        let address = device_use
            .address
            .map(|address| sealed_address(aci, id, &address, &self.keyring, rng))
            .transpose()?;
        sqlx::query(
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
        .changed(&mut self.transaction)
        .await
    }

    async fn rename_device(
        &mut self,
        aci: &Aci,
        id: DeviceId,
        name: &DeviceName,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        let name = sealed_device_name(aci, id, name, &self.keyring, rng)?;
        sqlx::query("UPDATE devices SET name = ? WHERE account_index = ? AND device_id = ?")
            .bind(name.as_bytes())
            .bind(self.account_index(aci))
            .bind(i64::from(id.as_u32()))
            .changed(&mut self.transaction)
            .await
    }

    async fn delete_device(&mut self, aci: &Aci, id: DeviceId, now: Timestamp) -> Result<bool> {
        self.end_identity_device(aci, id, now).await?;
        sqlx::query("DELETE FROM devices WHERE account_index = ? AND device_id = ?")
            .bind(self.account_index(aci))
            .bind(i64::from(id.as_u32()))
            .changed(&mut self.transaction)
            .await
    }

    /// Reads the devices before it deletes them, because the account of a deleted device is no
    /// longer known. The transaction excludes other writers in between.
    async fn purge_stale_devices(
        &mut self,
        seen_before: Timestamp,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<(Aci, DeviceId)>> {
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", devices.device_id FROM devices JOIN accounts USING (account_index)
             WHERE devices.last_seen < ? ORDER BY devices.last_seen LIMIT ?"
        );
        let rows = sqlx::query(SELECT)
            .bind(seconds(seen_before, TABLE, "last_seen")?)
            .bind(i64::from(most))
            .rows(&mut self.transaction)
            .await?;
        let mut purged = Vec::with_capacity(rows.len());
        for row in &rows {
            let aci = row::account(row)?.open(&self.keyring)?.aci;
            let id = device_id(row, TABLE, "device_id")?;
            if self.delete_device(&aci, id, now).await? {
                purged.push((aci, id));
            }
        }
        Ok(purged)
    }
}
