//! Devices, and their changes by their owners.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    AccountDevice, Device, DeviceId, DeviceName, DevicePosition, DeviceReader, DeviceRepository,
    DeviceUse, PurgedDevices, SealedValue, StoreError,
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
    row::{number, optional_timestamp, seconds, timestamp},
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

    async fn device_ids(&mut self, aci: &Aci) -> Result<Vec<DeviceId>> {
        let select = "SELECT device_id FROM devices WHERE account_index = ? ORDER BY device_id";
        let rows = sqlx::query(select)
            .bind(self.account_index(aci))
            .rows(&mut self.transaction)
            .await?;
        rows.iter()
            .map(|row| device_id(row, TABLE, "device_id"))
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
        let account_index = self.account_index(aci);
        self.delete_indexed_device(&account_index, id, now).await
    }

    /// Reads the devices before it deletes them, because the account of a deleted device is no
    /// longer known. The transaction excludes other writers in between.
    async fn purge_stale_devices(
        &mut self,
        seen_before: Timestamp,
        after: Option<&DevicePosition>,
        most: u32,
        now: Timestamp,
    ) -> Result<PurgedDevices> {
        // Every device is behind the position without an index.
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", devices.device_id, devices.last_seen FROM devices JOIN accounts USING (account_index)
             WHERE devices.last_seen < ?1
                 AND (devices.last_seen, devices.account_index, devices.device_id) > (?2, ?3, ?4)
             ORDER BY devices.last_seen, devices.account_index, devices.device_id LIMIT ?5"
        );
        let last_seen =
            after.map_or(Ok(0), |after| seconds(after.last_seen, TABLE, "last_seen"))?;
        let rows = sqlx::query(SELECT)
            .bind(seconds(seen_before, TABLE, "last_seen")?)
            .bind(last_seen)
            .bind(after.map_or(&[][..], |after| after.account.as_bytes()))
            .bind(after.map_or(0, |after| i64::from(after.id.as_u32())))
            .bind(i64::from(most))
            .rows(&mut self.transaction)
            .await?;
        let mut page = PurgedDevices::default();
        for row in &rows {
            let position = DevicePosition {
                last_seen: timestamp(row, TABLE, "last_seen")?,
                account: row::account_index(row)?,
                id: device_id(row, TABLE, "device_id")?,
            };
            let account = row::account(row).and_then(|sealed| sealed.open(&self.keyring));
            match account {
                Ok(account) => {
                    let (index, id) = (position.account.as_bytes(), position.id);
                    if self.delete_indexed_device(index, id, now).await? {
                        page.devices.push((account.aci, id));
                    }
                }
                Err(_) => page.damaged += 1,
            }
            page.last = Some(position);
        }
        Ok(page)
    }
}

impl IssuerTransaction {
    async fn delete_indexed_device(
        &mut self,
        account_index: &[u8],
        id: DeviceId,
        now: Timestamp,
    ) -> Result<bool> {
        self.end_identity_device(account_index, id, now).await?;
        sqlx::query("DELETE FROM devices WHERE account_index = ? AND device_id = ?")
            .bind(account_index)
            .bind(i64::from(id.as_u32()))
            .changed(&mut self.transaction)
            .await
    }
}
