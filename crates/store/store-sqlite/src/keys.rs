//! `master_key_check` and `keys`, the tables that both services have.

use anteroom_protocol::Timestamp;
use anteroom_store::keys::{KeyCheck, KeyEntry, KeyId, KeyPurpose, StoredKeys, WrappedKey};
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    error::{Result, store_error},
    row::{self, invalid, number, optional_timestamp, seconds, timestamp},
    statement::Statement as _,
    transaction::FileTransaction,
};

const KEYS: &str = "keys";

/// Reads the check of the master key; `None` in an empty database.
pub(super) async fn check(connection: &mut FileTransaction) -> Result<Option<KeyCheck>> {
    sqlx::query("SELECT key_check FROM master_key_check")
        .optional_row(connection)
        .await?
        .map(|row| row::array(&row, "master_key_check", "key_check").map(KeyCheck::from_bytes))
        .transpose()
}

/// Returns the newest key of any purpose that is not retired.
pub(super) async fn newest(connection: &mut FileTransaction) -> Result<Option<KeyId>> {
    let newest: Option<i64> = sqlx::query("SELECT max(key_id) FROM keys")
        .scalar(connection)
        .await?;
    newest
        .map(|id| u32::try_from(id).map(KeyId::new))
        .transpose()
        .map_err(|_| invalid(KEYS, "key_id"))
}

/// Reads all keys that are not retired.
pub(super) async fn all(connection: &mut FileTransaction) -> Result<Vec<WrappedKey>> {
    sqlx::query("SELECT key_id, purpose, created, wrapped FROM keys WHERE retired IS NULL")
        .rows(connection)
        .await?
        .iter()
        .map(wrapped_key)
        .collect()
}

/// Reads all keys, retired ones included, by ascending id.
pub(super) async fn entries(connection: &mut FileTransaction) -> Result<Vec<KeyEntry>> {
    sqlx::query("SELECT key_id, purpose, created, retired FROM keys ORDER BY key_id")
        .rows(connection)
        .await?
        .iter()
        .map(|row| {
            Ok(KeyEntry {
                id: KeyId::new(number(row, KEYS, "key_id")?),
                purpose: purpose(row)?,
                created: created(row)?,
                retired: optional_timestamp(row, KEYS, "retired")?,
            })
        })
        .collect()
}

/// Returns the keys of a purpose that are not retired and that a newer key replaced at `moment` or
/// before.
pub(super) async fn replaced(
    connection: &mut FileTransaction,
    purpose: KeyPurpose,
    replaced_by: Timestamp,
) -> Result<Vec<KeyId>> {
    sqlx::query(
        "SELECT key_id FROM keys WHERE purpose = ?1 AND retired IS NULL AND EXISTS (
             SELECT 1 FROM keys AS newer WHERE newer.purpose = ?1
             AND newer.key_id > keys.key_id AND newer.created <= ?2)
         ORDER BY key_id",
    )
    .bind(purpose.as_str())
    .bind(seconds(replaced_by, KEYS, "created")?)
    .rows(connection)
    .await?
    .iter()
    .map(|row| number(row, KEYS, "key_id").map(KeyId::new))
    .collect()
}

/// Deletes a key that is not the newest of its purpose. Returns whether it existed.
pub(super) async fn retire(
    connection: &mut FileTransaction,
    id: KeyId,
    now: Timestamp,
) -> Result<bool> {
    sqlx::query(
        "UPDATE keys SET wrapped = NULL, retired = max(created, ?1)
         WHERE key_id = ?2 AND retired IS NULL AND EXISTS (
             SELECT 1 FROM keys AS newer WHERE newer.purpose = keys.purpose
             AND newer.key_id > keys.key_id)",
    )
    .bind(seconds(now, KEYS, "retired")?)
    .bind(i64::from(id.as_u32()))
    .changed(connection)
    .await
}

/// Replaces the wrapped keys by the same keys wrapped under another master key.
pub(super) async fn replace_wrapped(
    connection: &mut FileTransaction,
    stored: &StoredKeys,
) -> Result<()> {
    sqlx::query("UPDATE master_key_check SET key_check = ?")
        .bind(stored.check.as_bytes().as_slice())
        .changes(&mut *connection)
        .await?;
    for key in &stored.keys {
        let replaced =
            sqlx::query("UPDATE keys SET wrapped = ? WHERE key_id = ? AND retired IS NULL")
                .bind(key.wrapped.as_slice())
                .bind(i64::from(key.id.as_u32()))
                .changes(&mut *connection)
                .await?;
        if replaced != 1 {
            return Err(invalid(KEYS, "key_id"));
        }
    }
    Ok(())
}

/// Stores the keys of an empty database.
pub(super) async fn store(connection: &mut FileTransaction, stored: &StoredKeys) -> Result<()> {
    sqlx::query("INSERT INTO master_key_check (id, key_check) VALUES (1, ?)")
        .bind(stored.check.as_bytes().as_slice())
        .changes(&mut *connection)
        .await?;
    for key in &stored.keys {
        add(connection, key).await?;
    }
    Ok(())
}

pub(super) async fn add(connection: &mut FileTransaction, key: &WrappedKey) -> Result<()> {
    sqlx::query("INSERT INTO keys (key_id, purpose, created, wrapped) VALUES (?, ?, ?, ?)")
        .bind(i64::from(key.id.as_u32()))
        .bind(key.purpose.as_str())
        .bind(seconds(key.created, KEYS, "created")?)
        .bind(key.wrapped.as_slice())
        .changes(connection)
        .await
        .map(drop)
}

pub(super) async fn next_id(connection: &mut FileTransaction) -> Result<KeyId> {
    match newest(connection).await? {
        Some(newest) => newest.next().ok_or(invalid(KEYS, "key_id")),
        None => Ok(KeyId::new(1)),
    }
}

fn wrapped_key(row: &SqliteRow) -> Result<WrappedKey> {
    Ok(WrappedKey {
        id: KeyId::new(number(row, KEYS, "key_id")?),
        purpose: purpose(row)?,
        created: created(row)?,
        wrapped: row.try_get("wrapped").map_err(store_error)?,
    })
}

fn purpose(row: &SqliteRow) -> Result<KeyPurpose> {
    let word: &str = row.try_get("purpose").map_err(store_error)?;
    KeyPurpose::from_word(word).ok_or(invalid(KEYS, "purpose"))
}

fn created(row: &SqliteRow) -> Result<Timestamp> {
    timestamp(row, KEYS, "created")
}
