//! The resealing of values under the newest data key.
//!
//! The columns are those of [`sealed_columns`]. Their names are constants, so that statements built
//! from them are safe.

use std::num::NonZeroU32;

use anteroom_store::{
    KeyOwner, Keyring, SealedValue,
    keys::{Column, KeyId, ResealCursor, SealedValues},
    sealed::{RowPart, SealedColumn, sealed_columns},
};
use rand_core::CryptoRng;
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};
use zeroize::Zeroizing;

use super::{
    error::{Result, store_error},
    file::KeyedTransaction,
    row::{invalid, number},
    statement::Statement as _,
    transaction::FileTransaction,
};

/// A batch of values under older keys, unsealed.
pub(super) struct StaleBatch {
    pub(super) opened: Vec<StaleValue>,
    pub(super) unreadable: u64,
    pub(super) next: Option<ResealCursor>,
}

/// A value and its sealed form in the file.
pub(super) struct StaleValue {
    column: Column,
    rowid: i64,
    row: Vec<u8>,
    sealed: SealedValue,
    opened: Zeroizing<Vec<u8>>,
}

/// Counts the sealed values, and those under older keys than the newest.
pub(super) async fn count(
    connection: &mut FileTransaction,
    keyring: &Keyring,
) -> Result<SealedValues> {
    let newest = SealedValue::prefix(keyring.sealer().first());
    let mut counted = SealedValues::default();
    for SealedColumn { column, .. } in sealed_columns(keyring.owner()) {
        let (table, name) = (column.table(), column.name());
        let statement = format!(
            "SELECT count({name}) AS values_count,
                 count(*) FILTER (WHERE substr({name}, 1, {length}) <> ?) AS stale_count
             FROM {table}",
            length = SealedValue::PREFIX_LENGTH,
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(newest.as_slice())
            .row(&mut *connection)
            .await?;
        counted.all += number::<u64>(&row, table, "values_count")?;
        counted.stale += number::<u64>(&row, table, "stale_count")?;
    }
    Ok(counted)
}

/// Returns whether any value is sealed under a key.
pub(super) async fn seals_any(
    connection: &mut FileTransaction,
    owner: KeyOwner,
    key: KeyId,
) -> Result<bool> {
    let prefix = SealedValue::prefix(key);
    for SealedColumn { column, .. } in sealed_columns(owner) {
        let statement = format!(
            "SELECT EXISTS (SELECT 1 FROM {table} WHERE substr({name}, 1, {length}) = ?)",
            table = column.table(),
            name = column.name(),
            length = SealedValue::PREFIX_LENGTH,
        );
        let found: bool = sqlx::query(AssertSqlSafe(statement))
            .bind(prefix.as_slice())
            .scalar(&mut *connection)
            .await?;
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads the next values that are not under the newest key, from one column at most.
pub(super) async fn read_batch(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    after: Option<ResealCursor>,
    limit: NonZeroU32,
) -> Result<StaleBatch> {
    let after = after.unwrap_or(ResealCursor {
        column: 0,
        row: i64::MIN,
    });
    let mut batch = StaleBatch {
        opened: Vec::new(),
        unreadable: 0,
        next: None,
    };
    let columns = sealed_columns(keyring.owner());
    let Some(sealed_column) = columns.get(after.column) else {
        return Ok(batch);
    };
    let rows = stale_rows(connection, sealed_column, keyring, after.row, limit).await?;
    let mut last = after.row;
    for row in &rows {
        let rowid = row.try_get("row_number").map_err(store_error)?;
        last = rowid;
        let sealed: Vec<u8> = row.try_get("sealed").map_err(store_error)?;
        let (key, sealed) = (
            bound_to(row, sealed_column)?,
            SealedValue::from_bytes(sealed),
        );
        match keyring.sealer().open(sealed_column.column, &key, &sealed) {
            Ok(opened) => batch.opened.push(StaleValue {
                column: sealed_column.column,
                rowid,
                row: key,
                sealed,
                opened,
            }),
            Err(_) => batch.unreadable += 1,
        }
    }
    let is_full = u32::try_from(rows.len()).is_ok_and(|rows| rows >= limit.get());
    batch.next = if is_full {
        Some(ResealCursor { row: last, ..after })
    } else {
        (after.column + 1 < columns.len()).then_some(ResealCursor {
            column: after.column + 1,
            row: i64::MIN,
        })
    };
    Ok(batch)
}

impl StaleValue {
    /// Seals the value under the transaction's newest key, if the file still has its old form.
    /// Returns the number of values that changed.
    pub(super) async fn seal(
        &self,
        keyed: &mut KeyedTransaction,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<u64> {
        let (table, name) = (self.column.table(), self.column.name());
        let sealed = keyed
            .keyring
            .sealer()
            .seal(self.column, &self.row, &self.opened, rng)
            .map_err(|_| invalid(table, name))?;
        let statement = format!("UPDATE {table} SET {name} = ? WHERE rowid = ? AND {name} = ?");
        sqlx::query(AssertSqlSafe(statement))
            .bind(sealed.as_bytes())
            .bind(self.rowid)
            .bind(self.sealed.as_bytes())
            .changes(&mut keyed.transaction)
            .await
    }
}

async fn stale_rows(
    connection: &mut FileTransaction,
    sealed_column: &SealedColumn,
    keyring: &Keyring,
    after: i64,
    limit: NonZeroU32,
) -> Result<Vec<SqliteRow>> {
    let keys: String = sealed_column
        .row
        .iter()
        .map(|part| format!(", {}", part.name()))
        .collect();
    let statement = format!(
        "SELECT rowid AS row_number, {name} AS sealed{keys} FROM {table}
         WHERE rowid > ? AND substr({name}, 1, {length}) <> ? ORDER BY rowid LIMIT ?",
        name = sealed_column.column.name(),
        table = sealed_column.column.table(),
        length = SealedValue::PREFIX_LENGTH,
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(after)
        .bind(SealedValue::prefix(keyring.sealer().first()).as_slice())
        .bind(i64::from(limit.get()))
        .rows(connection)
        .await
}

/// Returns the key of the row that a value is bound to.
fn bound_to(row: &SqliteRow, sealed_column: &SealedColumn) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    for part in sealed_column.row {
        match *part {
            RowPart::Bytes(name) => {
                key.extend_from_slice(row.try_get::<&[u8], _>(name).map_err(store_error)?);
            }
            RowPart::Text(name) => {
                let text: &str = row.try_get(name).map_err(store_error)?;
                key.extend_from_slice(text.as_bytes());
            }
            RowPart::Number(name) => {
                let number: u32 = number(row, sealed_column.column.table(), name)?;
                key.extend_from_slice(&number.to_be_bytes());
            }
        }
    }
    Ok(key)
}
