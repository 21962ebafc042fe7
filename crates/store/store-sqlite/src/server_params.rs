//! The table `server_params`, which both services have.

use anteroom_protocol::{ParamsId, Timestamp};
use anteroom_store::{
    DamagedServerParams, ServerParamsKind, ServerParamsRecord, StoreError, StoredServerParams,
    sealed::SealedServerParams,
};
use rand_core::CryptoRng;
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    error::store_error,
    file::KeyedTransaction,
    row::{array, invalid, optional_timestamp, sealed, seconds, timestamp},
    statement::Statement as _,
};

const SERVER_PARAMS: &str = "server_params";

pub(super) async fn all(
    keyed: &mut KeyedTransaction,
) -> Result<Vec<ServerParamsRecord>, StoreError> {
    select(keyed)
        .await?
        .iter()
        .map(|row| server_params(row)?.open(&keyed.keyring))
        .collect()
}

/// Reads all server params, damaged ones separately.
pub(super) async fn stored(keyed: &mut KeyedTransaction) -> Result<StoredServerParams, StoreError> {
    let rows = select(keyed).await?;
    let mut stored = StoredServerParams::default();
    for row in &rows {
        match server_params(row).and_then(|sealed| sealed.open(&keyed.keyring)) {
            Ok(record) => stored.readable.push(record),
            Err(_) => stored.damaged.push(damaged(row)),
        }
    }
    Ok(stored)
}

fn damaged(row: &SqliteRow) -> DamagedServerParams {
    let kind: Option<&str> = row.try_get("kind").ok();
    DamagedServerParams {
        id: array(row, SERVER_PARAMS, "params_id")
            .map(ParamsId::from_bytes)
            .ok(),
        kind: kind.and_then(ServerParamsKind::from_word),
        not_after: optional_timestamp(row, SERVER_PARAMS, "not_after")
            .ok()
            .flatten(),
    }
}

async fn select(keyed: &mut KeyedTransaction) -> Result<Vec<SqliteRow>, StoreError> {
    sqlx::query(
        "SELECT params_id, kind, not_before, not_after, secret FROM server_params
         ORDER BY not_before, params_id",
    )
    .rows(&mut keyed.transaction)
    .await
}

pub(super) async fn add(
    keyed: &mut KeyedTransaction,
    record: &ServerParamsRecord,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO server_params
         (params_id, kind, not_before, not_after, secret)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (params_id) DO NOTHING";
    if !write(keyed, INSERT, record, rng).await? {
        return Err(StoreError::ServerParamsExist);
    }
    Ok(())
}

pub(super) async fn replace(
    keyed: &mut KeyedTransaction,
    record: &ServerParamsRecord,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE server_params
         SET kind = ?2, not_before = ?3, not_after = ?4, secret = ?5 WHERE params_id = ?1";
    write(keyed, UPDATE, record, rng).await
}

/// Executes a statement with the values of a row in the order of the columns. Returns whether a row
/// changed.
async fn write(
    keyed: &mut KeyedTransaction,
    statement: &'static str,
    record: &ServerParamsRecord,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<bool, StoreError> {
    let sealed = SealedServerParams::seal(record, &keyed.keyring, rng)?;
    let not_before = seconds(sealed.not_before, SERVER_PARAMS, "not_before")?;
    let not_after = sealed
        .not_after
        .map(|moment| seconds(moment, SERVER_PARAMS, "not_after"))
        .transpose()?;
    let written = sqlx::query(statement)
        .bind(sealed.id.as_bytes().as_slice())
        .bind(sealed.kind.as_str())
        .bind(not_before)
        .bind(not_after)
        .bind(sealed.secret.as_bytes())
        .changes(&mut keyed.transaction)
        .await?;
    Ok(written > 0)
}

pub(super) async fn end(
    keyed: &mut KeyedTransaction,
    id: ParamsId,
    not_after: Timestamp,
) -> Result<bool, StoreError> {
    // Params whose time has not begun never become valid.
    let ended = sqlx::query(
        "UPDATE server_params SET not_after = max(not_before, ?1)
         WHERE params_id = ?2 AND (not_after IS NULL OR not_after > max(not_before, ?1))",
    )
    .bind(seconds(not_after, SERVER_PARAMS, "not_after")?)
    .bind(id.as_bytes().as_slice())
    .changes(&mut keyed.transaction)
    .await?;
    Ok(ended > 0)
}

fn server_params(row: &SqliteRow) -> Result<SealedServerParams, StoreError> {
    let kind: &str = row.try_get("kind").map_err(store_error)?;
    Ok(SealedServerParams {
        id: ParamsId::from_bytes(array(row, SERVER_PARAMS, "params_id")?),
        kind: ServerParamsKind::from_word(kind).ok_or(invalid(SERVER_PARAMS, "kind"))?,
        not_before: timestamp(row, SERVER_PARAMS, "not_before")?,
        not_after: optional_timestamp(row, SERVER_PARAMS, "not_after")?,
        secret: sealed(row, "secret")?,
    })
}
