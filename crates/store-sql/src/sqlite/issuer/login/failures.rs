//! Failed logins by email address.

use anteroom_protocol::Timestamp;
use anteroom_store::{Email, LockPolicy, LoginFailures, StoreError};
use sqlx::Row;

use crate::sqlite::{
    error::store_error,
    issuer::repository::SqliteRepository,
    row::{number, seconds, timestamp},
};

const TABLE: &str = "login_failures";

pub(super) async fn counted(
    repository: &mut SqliteRepository,
    email: &Email,
    now: Timestamp,
) -> Result<LoginFailures, StoreError> {
    let index = repository.keyring.service().email_index(email);
    let row = sqlx::query(
        "SELECT failures, locked, expires FROM login_failures
         WHERE email_index = ? AND expires > ?",
    )
    .bind(index.as_bytes().as_slice())
    .bind(seconds(now, TABLE, "expires")?)
    .fetch_optional(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    let Some(row) = row else {
        return Ok(LoginFailures::default());
    };
    let is_locked: bool = row.try_get("locked").map_err(store_error)?;
    let expires = timestamp(&row, TABLE, "expires")?;
    Ok(LoginFailures {
        count: number(&row, TABLE, "failures")?,
        locked_until: is_locked.then_some(expires),
    })
}

/// One statement counts, starts again after a pause, and locks.
pub(super) async fn note(
    repository: &mut SqliteRepository,
    email: &Email,
    now: Timestamp,
    policy: LockPolicy,
) -> Result<LoginFailures, StoreError> {
    let index = repository.keyring.service().email_index(email);
    sqlx::query(
        "INSERT INTO login_failures (email_index, failures, locked, expires)
         VALUES (?1, 1, 1 >= ?4, ?3)
         ON CONFLICT (email_index) DO UPDATE SET
             failures = CASE WHEN expires > ?2 THEN failures + 1 ELSE 1 END,
             locked = CASE WHEN expires > ?2 THEN failures + 1 ELSE 1 END >= ?4,
             expires = excluded.expires
         WHERE NOT (locked = 1 AND expires > ?2)",
    )
    .bind(index.as_bytes().as_slice())
    .bind(seconds(now, TABLE, "expires")?)
    .bind(seconds(now.plus(policy.seconds), TABLE, "expires")?)
    .bind(i64::from(policy.threshold.get()))
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    counted(repository, email, now).await
}

pub(super) async fn clear(
    repository: &mut SqliteRepository,
    email: &Email,
) -> Result<(), StoreError> {
    let index = repository.keyring.service().email_index(email);
    sqlx::query("DELETE FROM login_failures WHERE email_index = ?")
        .bind(index.as_bytes().as_slice())
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

pub(super) async fn purge(
    repository: &mut SqliteRepository,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let purged = sqlx::query("DELETE FROM login_failures WHERE expires <= ?")
        .bind(seconds(now, TABLE, "expires")?)
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(purged.rows_affected())
}
