//! Changes of devices by their owners.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    Device, DeviceId, DeviceName, DeviceUse, SealedValue, StoreError,
    sealed::{SealedAccount, SealedDevice, sealed_address, sealed_device_name},
};
use rand_core::CryptoRng;

use super::{
    identities,
    row::{self, account_columns, account_index, device_columns, device_id},
};
use crate::{
    file::KeyedTransaction,
    row::{number, seconds},
    statement::Statement as _,
};

const TABLE: &str = "devices";

pub(super) async fn one(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
    id: DeviceId,
) -> Result<Option<Device>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT account_index, ",
        device_columns!(),
        " FROM devices WHERE account_index = ? AND device_id = ?"
    );
    sqlx::query(SELECT)
        .bind(account_index(keyed, aci))
        .bind(i64::from(id.as_u32()))
        .optional_row(&mut keyed.transaction)
        .await?
        .map(|row| row::device(&row)?.open(&keyed.keyring))
        .transpose()
}

pub(super) async fn of_account(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
) -> Result<Vec<Device>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT account_index, ",
        device_columns!(),
        " FROM devices WHERE account_index = ? ORDER BY device_id"
    );
    sqlx::query(SELECT)
        .bind(account_index(keyed, aci))
        .rows(&mut keyed.transaction)
        .await?
        .iter()
        .map(|row| row::device(row)?.open(&keyed.keyring))
        .collect()
}

pub(super) async fn add(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
    device: &Device,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(), StoreError> {
    let sealed = SealedDevice::seal(aci, device, &keyed.keyring, rng)?;
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
    .changes_referring(&mut keyed.transaction, StoreError::AccountMissing)
    .await?;
    if added == 0 {
        return Err(StoreError::DeviceExists);
    }
    Ok(())
}

pub(super) async fn touch(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
    id: DeviceId,
    device_use: &DeviceUse,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    let address = device_use
        .address
        .map(|address| sealed_address(aci, id, &address, &keyed.keyring, rng))
        .transpose()?;
    let touched = sqlx::query(
        "UPDATE devices SET last_seen = ?1, last_address = ?2
         WHERE account_index = ?3 AND device_id = ?4
             AND (last_seen < ?1 OR last_seen > ?5
                 OR last_seen = ?1 AND last_address IS NULL AND ?2 IS NOT NULL)",
    )
    .bind(seconds(device_use.at, "devices", "last_seen")?)
    .bind(address.as_ref().map(SealedValue::as_bytes))
    .bind(account_index(keyed, aci))
    .bind(i64::from(id.as_u32()))
    .bind(seconds(
        device_use.at.plus(DeviceUse::INTERVAL),
        "devices",
        "last_seen",
    )?)
    .changes(&mut keyed.transaction)
    .await?;
    Ok(touched > 0)
}

pub(super) async fn free_id(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
) -> Result<Option<DeviceId>, StoreError> {
    let select = "SELECT coalesce(max(device_id), 0) AS device_id FROM devices
                  WHERE account_index = ?";
    let row = sqlx::query(select)
        .bind(account_index(keyed, aci))
        .row(&mut keyed.transaction)
        .await?;
    let highest = number(&row, TABLE, "device_id")?;
    Ok(highest.checked_add(1).and_then(DeviceId::new))
}

pub(super) async fn rename(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
    id: DeviceId,
    name: &DeviceName,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    let name = sealed_device_name(aci, id, name, &keyed.keyring, rng)?;
    let renamed =
        sqlx::query("UPDATE devices SET name = ? WHERE account_index = ? AND device_id = ?")
            .bind(name.as_bytes())
            .bind(account_index(keyed, aci))
            .bind(i64::from(id.as_u32()))
            .changes(&mut keyed.transaction)
            .await?;
    Ok(renamed > 0)
}

pub(super) async fn delete(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
    id: DeviceId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    identities::end_device(keyed, aci, id, now).await?;
    let deleted = sqlx::query("DELETE FROM devices WHERE account_index = ? AND device_id = ?")
        .bind(account_index(keyed, aci))
        .bind(i64::from(id.as_u32()))
        .changes(&mut keyed.transaction)
        .await?;
    Ok(deleted > 0)
}

/// Reads the devices before it deletes them, because the account of a deleted device is no longer
/// known. The transaction excludes other writers in between.
pub(super) async fn purge(
    keyed: &mut KeyedTransaction,
    seen_before: Timestamp,
    most: u32,
    now: Timestamp,
) -> Result<Vec<(Aci, DeviceId)>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        account_columns!(),
        ", devices.device_id FROM devices JOIN accounts USING (account_index)
         WHERE devices.last_seen < ? ORDER BY devices.last_seen LIMIT ?"
    );
    let rows = sqlx::query(SELECT)
        .bind(seconds(seen_before, TABLE, "last_seen")?)
        .bind(i64::from(most))
        .rows(&mut keyed.transaction)
        .await?;
    let mut purged = Vec::with_capacity(rows.len());
    for row in &rows {
        let account: SealedAccount = row::account(row)?;
        let aci = account.open(&keyed.keyring)?.aci;
        let id = device_id(row, TABLE, "device_id")?;
        if delete(keyed, &aci, id, now).await? {
            purged.push((aci, id));
        }
    }
    Ok(purged)
}
