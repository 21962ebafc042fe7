//! Changes of devices by their owners.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    DeviceId, DeviceName, StoreError,
    sealed::{SealedAccount, sealed_device_name},
};
use rand_core::CryptoRng;
use sqlx::Row;

use super::identities;
use crate::{
    error::store_error,
    issuer::{
        repository::SqliteRepository,
        row::{self, account_columns},
    },
    row::{invalid, number, seconds},
};

const TABLE: &str = "devices";

pub(super) async fn free_id(
    repository: &mut SqliteRepository,
    aci: &Aci,
) -> Result<Option<DeviceId>, StoreError> {
    let select = "SELECT coalesce(max(device_id), 0) AS device_id FROM devices
                  WHERE account_index = ?";
    let row = sqlx::query(select)
        .bind(repository.account_index(aci))
        .fetch_one(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    let highest = number(&row, TABLE, "device_id")?;
    Ok(highest.checked_add(1).and_then(DeviceId::new))
}

pub(super) async fn rename(
    repository: &mut SqliteRepository,
    aci: &Aci,
    id: DeviceId,
    name: &DeviceName,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    let name = sealed_device_name(aci, id, name, &repository.keyring, rng)?;
    let renamed =
        sqlx::query("UPDATE devices SET name = ? WHERE account_index = ? AND device_id = ?")
            .bind(name.as_bytes())
            .bind(repository.account_index(aci))
            .bind(i64::from(id.as_u32()))
            .execute(&mut repository.transaction)
            .await
            .map_err(store_error)?;
    Ok(renamed.rows_affected() > 0)
}

pub(super) async fn delete(
    repository: &mut SqliteRepository,
    aci: &Aci,
    id: DeviceId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    identities::end_device(repository, aci, id, now).await?;
    let deleted = sqlx::query("DELETE FROM devices WHERE account_index = ? AND device_id = ?")
        .bind(repository.account_index(aci))
        .bind(i64::from(id.as_u32()))
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(deleted.rows_affected() > 0)
}

/// Reads the devices before it deletes them, because the account of a deleted device is no longer
/// known. The transaction excludes other writers in between.
pub(super) async fn purge(
    repository: &mut SqliteRepository,
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
        .fetch_all(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    let mut purged = Vec::with_capacity(rows.len());
    for row in &rows {
        let account: SealedAccount = row::account(row)?;
        let aci = account.open(&repository.keyring)?.aci;
        let number: i64 = row.try_get("device_id").map_err(store_error)?;
        let id = u32::try_from(number).ok().and_then(DeviceId::new);
        let id = id.ok_or(invalid(TABLE, "device_id"))?;
        if delete(repository, &aci, id, now).await? {
            purged.push((aci, id));
        }
    }
    Ok(purged)
}
