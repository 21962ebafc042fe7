//! Identities at OpenID Connect providers.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{DeviceId, IdentityLink, IdentityName, StoreError, sealed::SealedIdentity};
use rand_core::CryptoRng;
use sqlx::Row as _;

use super::row::{self, account_columns, account_index};
use crate::{
    error::store_error,
    file::KeyedTransaction,
    row::{invalid, number, seconds, timestamp},
    statement::Statement as _,
};

const TABLE: &str = "identities";

pub(super) async fn find(
    keyed: &mut KeyedTransaction,
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
    let index = keyed.keyring.storage().identity_index(name);
    let row = sqlx::query(SELECT)
        .bind(index.as_bytes().as_slice())
        .optional_row(&mut keyed.transaction)
        .await?;
    row.map(|row| {
        let account = row::account(&row)?.open(&keyed.keyring)?;
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
    keyed: &mut KeyedTransaction,
    name: &IdentityName,
    aci: &Aci,
    device: DeviceId,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(), StoreError> {
    let sealed = SealedIdentity::seal(name, &keyed.keyring, rng)?;
    let added = sqlx::query(
        "INSERT INTO identities (identity_index, issuer, subject, account_index, device_id)
         VALUES (?, ?, ?, ?, ?) ON CONFLICT (identity_index) DO NOTHING",
    )
    .bind(sealed.index.as_bytes().as_slice())
    .bind(sealed.issuer.as_bytes())
    .bind(sealed.subject.as_bytes())
    .bind(account_index(keyed, aci))
    .bind(i64::from(device.as_u32()))
    .changes(&mut keyed.transaction)
    .await?;
    if added == 0 {
        return Err(StoreError::IdentityExists);
    }
    Ok(())
}

pub(super) async fn set_device(
    keyed: &mut KeyedTransaction,
    name: &IdentityName,
    device: DeviceId,
) -> Result<bool, StoreError> {
    let index = keyed.keyring.storage().identity_index(name);
    let set = sqlx::query("UPDATE identities SET device_id = ? WHERE identity_index = ?")
        .bind(i64::from(device.as_u32()))
        .bind(index.as_bytes().as_slice())
        .changes(&mut keyed.transaction)
        .await?;
    Ok(set > 0)
}

/// Marks the end of a device that a sign-in with a provider created.
pub(super) async fn end_device(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
    device: DeviceId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE identities SET device_id = NULL, ended = ? WHERE account_index = ? AND device_id = ?",
    )
    .bind(seconds(now, TABLE, "ended")?)
    .bind(account_index(keyed, aci))
    .bind(i64::from(device.as_u32()))
    .changes(&mut keyed.transaction).await?;
    Ok(())
}
