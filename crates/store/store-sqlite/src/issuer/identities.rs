//! Identities at OpenID Connect providers.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{DeviceId, IdentityLink, IdentityName, StoreError, sealed::SealedIdentity};
use rand_core::CryptoRng;
use sqlx::Row as _;

use super::row::{self, account_columns, account_index, device_id};
use crate::{
    error::store_error,
    file::KeyedTransaction,
    row::{optional_timestamp, seconds},
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
        ", identities.device_id IS NOT NULL AS has_device, identities.device_id, identities.ended
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
        let device = has_device.then(|| device_id(&row, TABLE, "device_id"));
        Ok(IdentityLink {
            aci: account.aci,
            device: device.transpose()?,
            ended: optional_timestamp(&row, TABLE, "ended")?,
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
