//! People whom identity providers vouch for.

use anteroom_protocol::Aci;
use anteroom_store::{DeviceId, IdentityName, StoreError, sealed::SealedIdentity};
use rand_core::CryptoRng;

use crate::sqlite::{
    error::store_error,
    issuer::{
        repository::SqliteRepository,
        row::{self, account_columns},
    },
    row::{invalid, number},
};

const TABLE: &str = "identities";

pub(super) async fn find(
    repository: &mut SqliteRepository,
    name: &IdentityName,
) -> Result<Option<(Aci, DeviceId)>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        account_columns!(),
        ", identities.device_id FROM identities JOIN accounts USING (account_index)
         WHERE identities.identity_index = ?"
    );
    let index = repository.keyring.service().identity_index(name);
    let row = sqlx::query(SELECT)
        .bind(index.as_bytes().as_slice())
        .fetch_optional(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    row.map(|row| {
        let account = row::account(&row)?.open(&repository.keyring)?;
        let device = DeviceId::new(number(&row, TABLE, "device_id")?);
        Ok((account.aci, device.ok_or(invalid(TABLE, "device_id"))?))
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
    .await;
    match added {
        Ok(done) if done.rows_affected() == 0 => Err(StoreError::IdentityExists),
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            Err(StoreError::DeviceMissing)
        }
        Err(error) => Err(store_error(error)),
    }
}
