//! Identities at OpenID Connect providers.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    DeviceId, DeviceReader as _, IdentityLink, IdentityName, IdentityReader, IdentityRepository,
    StoreError, sealed::SealedIdentity,
};
use async_trait::async_trait;
use rand_core::CryptoRng;
use sqlx::Row as _;

use super::{
    row::{self, account_columns, device_id},
    schema::IssuerTransaction,
};
use crate::{
    error::{Result, store_error},
    row::{optional_timestamp, seconds},
    statement::Statement as _,
};

const TABLE: &str = "identities";

#[async_trait]
impl IdentityReader for IssuerTransaction {
    async fn identity(&mut self, name: &IdentityName) -> Result<Option<IdentityLink>> {
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", identities.device_id IS NOT NULL AS has_device, identities.device_id, identities.ended
             FROM identities JOIN accounts USING (account_index)
             WHERE identities.identity_index = ?"
        );
        let index = self.keyring.storage().identity_index(name);
        let row = sqlx::query(SELECT)
            .bind(index.as_bytes().as_slice())
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| {
            let account = row::account(&row)?.open(&self.keyring)?;
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
}

#[async_trait]
impl IdentityRepository for IssuerTransaction {
    async fn add_identity(
        &mut self,
        name: &IdentityName,
        aci: &Aci,
        device: DeviceId,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<()> {
        if self.device(aci, device).await?.is_none() {
            return Err(StoreError::DeviceMissing);
        }
        let sealed = SealedIdentity::seal(name, &self.keyring, rng)?;
        let added = sqlx::query(
            "INSERT INTO identities (identity_index, issuer, subject, account_index, device_id)
             VALUES (?, ?, ?, ?, ?) ON CONFLICT (identity_index) DO NOTHING",
        )
        .bind(sealed.index.as_bytes().as_slice())
        .bind(sealed.issuer.as_bytes())
        .bind(sealed.subject.as_bytes())
        .bind(self.account_index(aci))
        .bind(i64::from(device.as_u32()))
        .changes(&mut self.transaction)
        .await?;
        if added == 0 {
            return Err(StoreError::IdentityExists);
        }
        Ok(())
    }

    async fn set_identity_device(&mut self, name: &IdentityName, device: DeviceId) -> Result<bool> {
        let index = self.keyring.storage().identity_index(name);
        sqlx::query("UPDATE identities SET device_id = ? WHERE identity_index = ?")
            .bind(i64::from(device.as_u32()))
            .bind(index.as_bytes().as_slice())
            .changed(&mut self.transaction)
            .await
    }
}

impl IssuerTransaction {
    /// Marks the end of a device that a sign-in with a provider created.
    pub(super) async fn end_identity_device(
        &mut self,
        account_index: &[u8],
        device: DeviceId,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE identities SET device_id = NULL, ended = ? WHERE account_index = ? AND device_id = ?",
        )
        .bind(seconds(now, TABLE, "ended")?)
        .bind(account_index)
        .bind(i64::from(device.as_u32()))
        .changes(&mut self.transaction).await?;
        Ok(())
    }
}
