//! Identities at OpenID Connect providers.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    DeviceId, IdentityLink, IdentityName, IssuerReader as _, StoreError, sealed::SealedIdentity,
};
use rand_core::CryptoRng;
use sqlx::Row as _;

use crate::{
    error::store_error,
    issuer::{
        repository::SqliteRepository,
        row::{self, account_columns},
    },
    row::{invalid, number, seconds, timestamp},
};

const TABLE: &str = "identities";

pub(super) async fn find(
    repository: &mut SqliteRepository,
    name: &IdentityName,
) -> Result<Option<IdentityLink>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        account_columns!(),
        ", identities.device_id IS NOT NULL AS has_device,
             coalesce(identities.device_id, 0) AS device_id,
             identities.ended IS NOT NULL AS has_ended, coalesce(identities.ended, 0) AS ended
         FROM identities JOIN accounts USING (account_index)
         WHERE identities.identity_index = ?"
    );
    let index = repository.keyring.storage().identity_index(name);
    let row = sqlx::query(SELECT)
        .bind(index.as_bytes().as_slice())
        .fetch_optional(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    row.map(|row| {
        let account = row::account(&row)?.open(&repository.keyring)?;
        let has_device: bool = row.try_get("has_device").map_err(store_error)?;
        let has_ended: bool = row.try_get("has_ended").map_err(store_error)?;
        let device = DeviceId::new(number(&row, TABLE, "device_id")?);
        if has_device && device.is_none() {
            return Err(invalid(TABLE, "device_id"));
        }
        let ended = timestamp(&row, TABLE, "ended")?;
        Ok(IdentityLink {
            aci: account.aci,
            device,
            ended: has_ended.then_some(ended),
        })
    })
    .transpose()
}

pub(super) async fn add(
    repository: &mut SqliteRepository,
    name: &IdentityName,
    aci: &Aci,
    device: DeviceId,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(), StoreError> {
    if repository.device(aci, device).await?.is_none() {
        return Err(StoreError::DeviceMissing);
    }
    let sealed = SealedIdentity::seal(name, &repository.keyring, rng)?;
    let added = sqlx::query(
        "INSERT INTO identities (identity_index, issuer, subject, account_index, device_id)
         VALUES (?, ?, ?, ?, ?) ON CONFLICT (identity_index) DO NOTHING",
    )
    .bind(sealed.index.as_bytes().as_slice())
    .bind(sealed.issuer.as_bytes())
    .bind(sealed.subject.as_bytes())
    .bind(repository.account_index(aci))
    .bind(i64::from(device.as_u32()))
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    if added.rows_affected() == 0 {
        return Err(StoreError::IdentityExists);
    }
    Ok(())
}

pub(super) async fn set_device(
    repository: &mut SqliteRepository,
    name: &IdentityName,
    device: DeviceId,
) -> Result<bool, StoreError> {
    let index = repository.keyring.storage().identity_index(name);
    let set = sqlx::query("UPDATE identities SET device_id = ? WHERE identity_index = ?")
        .bind(i64::from(device.as_u32()))
        .bind(index.as_bytes().as_slice())
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(set.rows_affected() > 0)
}

/// Marks the end of a device that a sign-in with a provider created.
pub(super) async fn end_device(
    repository: &mut SqliteRepository,
    aci: &Aci,
    device: DeviceId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE identities SET device_id = NULL, ended = ? WHERE account_index = ? AND device_id = ?",
    )
    .bind(seconds(now, TABLE, "ended")?)
    .bind(repository.account_index(aci))
    .bind(i64::from(device.as_u32()))
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    Ok(())
}
