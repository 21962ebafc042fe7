//! Failed logins by email address and origin.

use anteroom_protocol::Timestamp;
use anteroom_store::{Email, LockPolicy, LoginFailures, LoginLock, LoginOrigin, StoreError};
use sqlx::Row;

use crate::{
    error::store_error,
    file::KeyedTransaction,
    row::{count, number, seconds, timestamp},
    statement::Statement as _,
};

const TABLE: &str = "login_failures";
/// The maximum number of other origins that are read. An address that is under attack from more
/// origins still counts as known.
const MOST_ORIGINS: i64 = 64;

pub(super) async fn counted(
    keyed: &mut KeyedTransaction,
    email: &Email,
    origin: &LoginOrigin,
    now: Timestamp,
    policy: LockPolicy,
) -> Result<LoginFailures, StoreError> {
    let keys = keyed.keyring.storage();
    let (email_index, origin_index) = (keys.email_index(email), keys.origin_index(email, origin));
    let row = sqlx::query(
        "SELECT failures, locked, expires FROM login_failures
         WHERE email_index = ? AND origin_index = ? AND expires > ?",
    )
    .bind(email_index.as_bytes().as_slice())
    .bind(origin_index.as_bytes().as_slice())
    .bind(seconds(now, TABLE, "expires")?)
    .optional_row(&mut keyed.transaction)
    .await?;
    let elsewhere = sqlx::query(
        "SELECT min(coalesce(sum(failures), 0), 4294967295) AS failures,
                coalesce(max(expires), 0) AS expires
         FROM (SELECT failures, expires FROM login_failures
               WHERE email_index = ? AND origin_index <> ? AND expires > ? LIMIT ?)",
    )
    .bind(email_index.as_bytes().as_slice())
    .bind(origin_index.as_bytes().as_slice())
    .bind(seconds(now, TABLE, "expires")?)
    .bind(MOST_ORIGINS)
    .row(&mut keyed.transaction)
    .await?;
    let latest = now.plus(policy.seconds);
    let mut failures = LoginFailures {
        elsewhere: number(&elsewhere, TABLE, "failures")?,
        overlong: timestamp(&elsewhere, TABLE, "expires")? > latest,
        ..LoginFailures::default()
    };
    if let Some(row) = row {
        let is_locked: bool = row.try_get("locked").map_err(store_error)?;
        let expires = timestamp(&row, TABLE, "expires")?;
        failures.count = number(&row, TABLE, "failures")?;
        failures.locked_until = is_locked.then_some(expires.min(latest));
        failures.overlong |= expires > latest;
    }
    Ok(failures)
}

/// Sums the failures of all origins.
pub(super) async fn lock(
    keyed: &mut KeyedTransaction,
    email: &Email,
    now: Timestamp,
    policy: LockPolicy,
) -> Result<LoginLock, StoreError> {
    let index = keyed.keyring.storage().email_index(email);
    let row = sqlx::query(
        "SELECT coalesce(sum(failures), 0) AS failures, coalesce(sum(locked), 0) AS origins,
                coalesce(max(CASE WHEN locked = 1 THEN expires END), 0) AS expires
         FROM login_failures WHERE email_index = ? AND expires > ?",
    )
    .bind(index.as_bytes().as_slice())
    .bind(seconds(now, TABLE, "expires")?)
    .row(&mut keyed.transaction)
    .await?;
    let locked_origins = count(&row, TABLE, "origins")?;
    let expires = timestamp(&row, TABLE, "expires")?;
    Ok(LoginLock {
        failures: count(&row, TABLE, "failures")?,
        locked_origins,
        until: (locked_origins > 0).then_some(expires.min(now.plus(policy.seconds))),
    })
}

/// Counts the failure, restarts the count after a pause, and locks, all in one statement.
pub(super) async fn note(
    keyed: &mut KeyedTransaction,
    email: &Email,
    origin: &LoginOrigin,
    now: Timestamp,
    policy: LockPolicy,
) -> Result<LoginFailures, StoreError> {
    trim(keyed, email, now, policy).await?;
    let keys = keyed.keyring.storage();
    let (email_index, origin_index) = (keys.email_index(email), keys.origin_index(email, origin));
    sqlx::query(
        "INSERT INTO login_failures (email_index, origin_index, failures, locked, expires)
         VALUES (?1, ?5, 1, 1 >= ?4, ?3)
         ON CONFLICT (email_index, origin_index) DO UPDATE SET
             failures = CASE WHEN expires > ?2 THEN failures + 1 ELSE 1 END,
             locked = CASE WHEN expires > ?2 THEN failures + 1 ELSE 1 END >= ?4,
             expires = excluded.expires
         WHERE NOT (locked = 1 AND expires > ?2)",
    )
    .bind(email_index.as_bytes().as_slice())
    .bind(seconds(now, TABLE, "expires")?)
    .bind(seconds(now.plus(policy.seconds), TABLE, "expires")?)
    .bind(i64::from(policy.threshold.get()))
    .bind(origin_index.as_bytes().as_slice())
    .changes(&mut keyed.transaction)
    .await?;
    counted(keyed, email, origin, now, policy).await
}

pub(super) async fn trim(
    keyed: &mut KeyedTransaction,
    email: &Email,
    now: Timestamp,
    policy: LockPolicy,
) -> Result<(), StoreError> {
    let index = keyed.keyring.storage().email_index(email);
    sqlx::query("UPDATE login_failures SET expires = ?2 WHERE email_index = ?1 AND expires > ?2")
        .bind(index.as_bytes().as_slice())
        .bind(seconds(now.plus(policy.seconds), TABLE, "expires")?)
        .changes(&mut keyed.transaction)
        .await?;
    Ok(())
}

pub(super) async fn clear(
    keyed: &mut KeyedTransaction,
    email: &Email,
    origin: Option<&LoginOrigin>,
) -> Result<(), StoreError> {
    let keys = keyed.keyring.storage();
    let index = keys.email_index(email);
    let origin = origin.map(|origin| keys.origin_index(email, origin).as_bytes().to_vec());
    sqlx::query(
        "DELETE FROM login_failures
         WHERE email_index = ?1 AND (?2 IS NULL OR origin_index = ?2)",
    )
    .bind(index.as_bytes().as_slice())
    .bind(origin)
    .changes(&mut keyed.transaction)
    .await?;
    Ok(())
}
