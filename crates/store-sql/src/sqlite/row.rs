//! Values of columns, both ways.

use anteroom_protocol::{ParamsId, Timestamp};
use anteroom_store::{
    BlindIndex, DeviceId, PasswordHash, SealedValue, ServerParamsKind, StoreError,
    sealed::{SealedAccount, SealedDevice, SealedServerParams},
};
use sqlx::{Row, sqlite::SqliteRow};

use super::error::store_error;

const ACCOUNTS: &str = "accounts";
const DEVICES: &str = "devices";
const SERVER_PARAMS: &str = "server_params";

/// The select list that [`account`] reads.
macro_rules! account_columns {
    () => {
        "accounts.account_index, accounts.aci, accounts.pni, accounts.auth_salt, \
         accounts.created AS account_created"
    };
}

/// The select list that [`device`] reads, beside `account_index`.
macro_rules! device_columns {
    () => {
        "devices.device_id, devices.name, devices.password_hash, \
         devices.created AS device_created, devices.last_seen"
    };
}

pub(super) use {account_columns, device_columns};

pub(super) fn account(row: &SqliteRow) -> Result<SealedAccount, StoreError> {
    let pni: Option<Vec<u8>> = row.try_get("pni").map_err(store_error)?;
    Ok(SealedAccount {
        index: BlindIndex::from_bytes(array(row, ACCOUNTS, "account_index")?),
        aci: sealed(row, "aci")?,
        pni: pni.map(SealedValue::from_bytes),
        auth_salt: sealed(row, "auth_salt")?,
        created: timestamp(row, ACCOUNTS, "account_created")?,
    })
}

pub(super) fn device(row: &SqliteRow) -> Result<SealedDevice, StoreError> {
    let id = DeviceId::new(number(row, DEVICES, "device_id")?);
    Ok(SealedDevice {
        account: BlindIndex::from_bytes(array(row, DEVICES, "account_index")?),
        id: id.ok_or(invalid(DEVICES, "device_id"))?,
        name: sealed(row, "name")?,
        password_hash: PasswordHash::from_bytes(array(row, DEVICES, "password_hash")?),
        created: timestamp(row, DEVICES, "device_created")?,
        last_seen: timestamp(row, DEVICES, "last_seen")?,
    })
}

pub(super) fn server_params(row: &SqliteRow) -> Result<SealedServerParams, StoreError> {
    let kind: &str = row.try_get("kind").map_err(store_error)?;
    let not_after: Option<i64> = row.try_get("not_after").map_err(store_error)?;
    Ok(SealedServerParams {
        id: ParamsId::from_bytes(array(row, SERVER_PARAMS, "params_id")?),
        kind: ServerParamsKind::from_word(kind).ok_or(invalid(SERVER_PARAMS, "kind"))?,
        not_before: timestamp(row, SERVER_PARAMS, "not_before")?,
        not_after: not_after
            .map(|seconds| moment(seconds, SERVER_PARAMS, "not_after"))
            .transpose()?,
        secret: sealed(row, "secret")?,
    })
}

/// Seconds as a database stores them.
pub(super) fn seconds(
    moment: Timestamp,
    table: &'static str,
    column: &'static str,
) -> Result<i64, StoreError> {
    i64::try_from(moment.as_secs()).map_err(|_| invalid(table, column))
}

/// A byte string of a fixed length.
pub(super) fn array<const N: usize>(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<[u8; N], StoreError> {
    let bytes: &[u8] = row.try_get(column).map_err(store_error)?;
    bytes.try_into().map_err(|_| invalid(table, column))
}

/// A number of 32 bits.
pub(super) fn number(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<u32, StoreError> {
    let number: i64 = row.try_get(column).map_err(store_error)?;
    u32::try_from(number).map_err(|_| invalid(table, column))
}

pub(super) const fn invalid(table: &'static str, column: &'static str) -> StoreError {
    StoreError::InvalidValue { table, column }
}

fn sealed(row: &SqliteRow, column: &'static str) -> Result<SealedValue, StoreError> {
    row.try_get(column)
        .map(SealedValue::from_bytes)
        .map_err(store_error)
}

fn timestamp(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<Timestamp, StoreError> {
    let seconds = row.try_get(column).map_err(store_error)?;
    moment(seconds, table, column)
}

fn moment(
    seconds: i64,
    table: &'static str,
    column: &'static str,
) -> Result<Timestamp, StoreError> {
    u64::try_from(seconds)
        .map(Timestamp::from_secs)
        .map_err(|_| invalid(table, column))
}
