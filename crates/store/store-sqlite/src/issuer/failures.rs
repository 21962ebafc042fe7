//! Failed logins by email address and origin.

use anteroom_protocol::Timestamp;
use anteroom_store::{
    Email, LockPolicy, LoginFailureReader, LoginFailureRepository, LoginFailures, LoginLock,
    LoginOrigin,
};
use async_trait::async_trait;
use sqlx::Row;

use super::schema::IssuerTransaction;
use crate::{
    error::{Result, store_error},
    row::{number, seconds, timestamp},
    statement::Statement as _,
};

const TABLE: &str = "login_failures";
/// The maximum number of other origins that are read. An address that is under attack from more
/// origins still counts as known.
const MOST_ORIGINS: i64 = 64;

#[async_trait]
impl LoginFailureReader for IssuerTransaction {
    async fn login_failures(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures> {
        let keys = self.keyring.storage();
        let (email_index, origin_index) =
            (keys.email_index(email), keys.origin_index(email, origin));
        let row = sqlx::query(
            "SELECT failures, locked, expires FROM login_failures
             WHERE email_index = ? AND origin_index = ? AND expires > ?",
        )
        .bind(email_index.as_bytes().as_slice())
        .bind(origin_index.as_bytes().as_slice())
        .bind(seconds(now, TABLE, "expires")?)
        .optional_row(&mut self.transaction)
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
        .row(&mut self.transaction)
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
    async fn login_lock(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginLock> {
        let index = self.keyring.storage().email_index(email);
        let row = sqlx::query(
            "SELECT coalesce(sum(failures), 0) AS failures, coalesce(sum(locked), 0) AS origins,
                    coalesce(max(CASE WHEN locked = 1 THEN expires END), 0) AS expires
             FROM login_failures WHERE email_index = ? AND expires > ?",
        )
        .bind(index.as_bytes().as_slice())
        .bind(seconds(now, TABLE, "expires")?)
        .row(&mut self.transaction)
        .await?;
        let locked_origins: u64 = number(&row, TABLE, "origins")?;
        let expires = timestamp(&row, TABLE, "expires")?;
        Ok(LoginLock {
            failures: number(&row, TABLE, "failures")?,
            locked_origins,
            until: (locked_origins > 0).then_some(expires.min(now.plus(policy.seconds))),
        })
    }
}

#[async_trait]
impl LoginFailureRepository for IssuerTransaction {
    /// Counts the failure, restarts the count after a pause, and locks, all in one statement.
    async fn note_login_failure(
        &mut self,
        email: &Email,
        origin: &LoginOrigin,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<LoginFailures> {
        self.trim_login_failures(email, now, policy).await?;
        let keys = self.keyring.storage();
        let (email_index, origin_index) =
            (keys.email_index(email), keys.origin_index(email, origin));
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
        .changes(&mut self.transaction)
        .await?;
        self.login_failures(email, origin, now, policy).await
    }

    async fn trim_login_failures(
        &mut self,
        email: &Email,
        now: Timestamp,
        policy: LockPolicy,
    ) -> Result<()> {
        let index = self.keyring.storage().email_index(email);
        sqlx::query(
            "UPDATE login_failures SET expires = ?2 WHERE email_index = ?1 AND expires > ?2",
        )
        .bind(index.as_bytes().as_slice())
        .bind(seconds(now.plus(policy.seconds), TABLE, "expires")?)
        .changes(&mut self.transaction)
        .await?;
        Ok(())
    }

    async fn clear_login_failures(
        &mut self,
        email: &Email,
        origin: Option<&LoginOrigin>,
    ) -> Result<()> {
        let keys = self.keyring.storage();
        let index = keys.email_index(email);
        let origin = origin.map(|origin| keys.origin_index(email, origin).as_bytes().to_vec());
        sqlx::query(
            "DELETE FROM login_failures
             WHERE email_index = ?1 AND (?2 IS NULL OR origin_index = ?2)",
        )
        .bind(index.as_bytes().as_slice())
        .bind(origin)
        .changes(&mut self.transaction)
        .await?;
        Ok(())
    }
}
