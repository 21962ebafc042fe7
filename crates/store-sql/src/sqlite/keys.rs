//! `master_key_check` and `keys`, which both services have.

use anteroom_protocol::Timestamp;
use anteroom_store::{
    StoreError,
    keys::{KeyCheck, KeyId, KeyPurpose, StoredKeys, WrappedKey},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    error::store_error,
    row::{self, invalid, number, seconds, timestamp},
};

const KEYS: &str = "keys";

/// The check of the master key, if there is one.
pub(super) async fn check(
    connection: &mut SqliteConnection,
) -> Result<Option<KeyCheck>, StoreError> {
    sqlx::query("SELECT key_check FROM master_key_check")
        .fetch_optional(connection)
        .await
        .map_err(store_error)?
        .map(|row| row::array(&row, "master_key_check", "key_check").map(KeyCheck::from_bytes))
        .transpose()
}

/// The newest key of any purpose that was not retired.
pub(super) async fn newest(connection: &mut SqliteConnection) -> Result<Option<KeyId>, StoreError> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(key_id) FROM keys")
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    newest.map(key_id).transpose()
}

/// All keys that are not retired.
pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<WrappedKey>, StoreError> {
    sqlx::query("SELECT key_id, purpose, created, wrapped FROM keys WHERE retired IS NULL")
        .fetch_all(connection)
        .await
        .map_err(store_error)?
        .iter()
        .map(wrapped_key)
        .collect()
}

/// Puts the keys of an empty database into it.
pub(super) async fn store(
    connection: &mut SqliteConnection,
    stored: &StoredKeys,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO master_key_check (id, key_check) VALUES (1, ?)")
        .bind(stored.check.as_bytes().as_slice())
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    for key in &stored.keys {
        add(connection, key).await?;
    }
    Ok(())
}

/// Adds one key.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    key: &WrappedKey,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO keys (key_id, purpose, created, wrapped) VALUES (?, ?, ?, ?)")
        .bind(i64::from(key.id.as_u32()))
        .bind(key.purpose.as_str())
        .bind(seconds(key.created, KEYS, "created")?)
        .bind(key.wrapped.as_slice())
        .execute(connection)
        .await
        .map(drop)
        .map_err(store_error)
}

/// The id that the next key gets.
pub(super) async fn next_id(connection: &mut SqliteConnection) -> Result<KeyId, StoreError> {
    match newest(connection).await? {
        Some(newest) => newest.next().ok_or(invalid(KEYS, "key_id")),
        None => Ok(KeyId::new(1)),
    }
}

fn wrapped_key(row: &SqliteRow) -> Result<WrappedKey, StoreError> {
    Ok(WrappedKey {
        id: KeyId::new(number(row, KEYS, "key_id")?),
        purpose: purpose(row)?,
        created: created(row)?,
        wrapped: row.try_get("wrapped").map_err(store_error)?,
    })
}

fn purpose(row: &SqliteRow) -> Result<KeyPurpose, StoreError> {
    let word: &str = row.try_get("purpose").map_err(store_error)?;
    KeyPurpose::from_word(word).ok_or(invalid(KEYS, "purpose"))
}

fn created(row: &SqliteRow) -> Result<Timestamp, StoreError> {
    timestamp(row, KEYS, "created")
}

fn key_id(number: i64) -> Result<KeyId, StoreError> {
    u32::try_from(number)
        .map(KeyId::new)
        .map_err(|_| invalid(KEYS, "key_id"))
}
