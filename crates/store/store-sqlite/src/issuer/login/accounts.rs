//! The administration of accounts.

use anteroom_protocol::Aci;
use anteroom_store::{AccountRole, AccountSummary, StoreError};
use sqlx::Row;

use super::logins::{self, login_columns};
use crate::{
    error::store_error,
    issuer::{
        repository::SqliteRepository,
        row::{self, account_columns},
    },
    row::number,
};

pub(super) async fn list(
    repository: &mut SqliteRepository,
    after: Option<&Aci>,
    most: u32,
) -> Result<Vec<AccountSummary>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        account_columns!(),
        ", ",
        login_columns!(),
        ", (SELECT count(*) FROM devices
            WHERE devices.account_index = accounts.account_index) AS devices
         FROM accounts LEFT JOIN logins USING (account_index)
         WHERE ?1 IS NULL OR accounts.account_index > ?1
         ORDER BY accounts.account_index LIMIT ?2"
    );
    let after = after.map(|aci| repository.account_index(aci));
    let rows = sqlx::query(SELECT)
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    let keyring = &repository.keyring;
    rows.iter()
        .map(|row| {
            let email: Option<&[u8]> = row.try_get("email").map_err(store_error)?;
            let login = match email {
                Some(_) => Some(logins::login(row)?),
                None => None,
            };
            Ok(AccountSummary {
                account: row::account(row)?.open(keyring)?,
                email: login
                    .as_ref()
                    .map(|login| login.open_email(keyring))
                    .transpose()?,
                verified: login.is_some_and(|login| login.verified),
                devices: number(row, "devices", "devices")?,
            })
        })
        .collect()
}

pub(super) async fn set_disabled(
    repository: &mut SqliteRepository,
    aci: &Aci,
    disabled: bool,
) -> Result<bool, StoreError> {
    let set = sqlx::query("UPDATE accounts SET disabled = ? WHERE account_index = ?")
        .bind(disabled)
        .bind(repository.account_index(aci))
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(set.rows_affected() > 0)
}

pub(super) async fn set_role(
    repository: &mut SqliteRepository,
    aci: &Aci,
    role: AccountRole,
) -> Result<bool, StoreError> {
    let set = sqlx::query("UPDATE accounts SET role = ? WHERE account_index = ?")
        .bind(role.as_str())
        .bind(repository.account_index(aci))
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(set.rows_affected() > 0)
}

/// Increments the limit epoch, which wraps from the last number to 0.
pub(super) async fn renew_limits(
    repository: &mut SqliteRepository,
    aci: &Aci,
) -> Result<bool, StoreError> {
    let renewed = sqlx::query(
        "UPDATE accounts SET limit_epoch = (limit_epoch + 1) % 4294967296 WHERE account_index = ?",
    )
    .bind(repository.account_index(aci))
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    Ok(renewed.rows_affected() > 0)
}

pub(super) async fn delete(
    repository: &mut SqliteRepository,
    aci: &Aci,
) -> Result<bool, StoreError> {
    let deleted = sqlx::query("DELETE FROM accounts WHERE account_index = ?")
        .bind(repository.account_index(aci))
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(deleted.rows_affected() > 0)
}
