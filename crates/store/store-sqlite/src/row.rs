//! The conversion of column values, in both directions.

use anteroom_protocol::Timestamp;
use anteroom_store::{SealedValue, StoreError};
use sqlx::{Row, sqlite::SqliteRow};

use super::error::{Result, store_error};

/// Converts a time to the column's integer, in seconds.
pub(super) fn seconds(moment: Timestamp, table: &'static str, column: &'static str) -> Result<i64> {
    i64::try_from(moment.as_secs()).map_err(|_| invalid(table, column))
}

/// Reads a byte string of a fixed length.
pub(super) fn array<const N: usize>(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<[u8; N]> {
    let bytes: &[u8] = row.try_get(column).map_err(store_error)?;
    bytes.try_into().map_err(|_| invalid(table, column))
}

/// Reads a number of the range of `T`.
pub(super) fn number<T: TryFrom<i64>>(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<T> {
    let number: i64 = row.try_get(column).map_err(store_error)?;
    T::try_from(number).map_err(|_| invalid(table, column))
}

pub(super) const fn invalid(table: &'static str, column: &'static str) -> StoreError {
    StoreError::InvalidValue { table, column }
}

pub(super) fn sealed(row: &SqliteRow, column: &'static str) -> Result<SealedValue> {
    row.try_get(column)
        .map(SealedValue::from_bytes)
        .map_err(store_error)
}

/// Reads a sealed value; `None` for a null.
pub(super) fn optional_sealed(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<SealedValue>> {
    let sealed: Option<Vec<u8>> = row.try_get(column).map_err(store_error)?;
    Ok(sealed.map(SealedValue::from_bytes))
}

pub(super) fn timestamp(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<Timestamp> {
    optional_timestamp(row, table, column)?.ok_or(invalid(table, column))
}

/// Reads a time; `None` for a null.
pub(super) fn optional_timestamp(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<Option<Timestamp>> {
    let seconds: Option<i64> = row.try_get(column).map_err(store_error)?;
    seconds
        .map(|seconds| u64::try_from(seconds).map(Timestamp::from_secs))
        .transpose()
        .map_err(|_| invalid(table, column))
}
