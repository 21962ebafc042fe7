//! The table `calls`.

use std::num::NonZeroU32;

use anteroom_protocol::{EraId, Timestamp};
use anteroom_store::{
    BlindIndex, CallCursor, CallKey, CallPage, CallRecord, Keyring, NodeName, RoomsStorageKeys,
    StoreError,
};

use super::row::{self, call_columns, live_call};
use crate::{file::KeyedTransaction, row::seconds, statement::Statement as _};

pub(super) async fn live(
    keyed: &mut KeyedTransaction,
    key: &CallKey,
    now: Timestamp,
) -> Result<Option<CallRecord>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        call_columns!(),
        " FROM calls WHERE call_index = ?2 AND ",
        live_call!()
    );
    sqlx::query(SELECT)
        .bind(moment(now)?)
        .bind(index(&keyed.keyring, key))
        .optional_row(&mut keyed.transaction)
        .await?
        .map(|row| row::call(&row)?.open(&keyed.keyring))
        .transpose()
}

pub(super) async fn of_node(
    keyed: &mut KeyedTransaction,
    node: &NodeName,
) -> Result<Vec<CallRecord>, StoreError> {
    const SELECT: &str = concat!("SELECT ", call_columns!(), " FROM calls WHERE node = ?");
    sqlx::query(SELECT)
        .bind(node.as_str())
        .rows(&mut keyed.transaction)
        .await?
        .iter()
        .map(|row| row::call(row)?.open(&keyed.keyring))
        .collect()
}

pub(super) async fn lapsed(
    keyed: &mut KeyedTransaction,
    now: Timestamp,
    limit: NonZeroU32,
) -> Result<Vec<CallRecord>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        call_columns!(),
        " FROM calls WHERE lease_until <= ?1 ORDER BY lease_until LIMIT ?2"
    );
    sqlx::query(SELECT)
        .bind(moment(now)?)
        .bind(i64::from(limit.get()))
        .rows(&mut keyed.transaction)
        .await?
        .iter()
        .map(|row| row::call(row)?.open(&keyed.keyring))
        .collect()
}

pub(super) async fn page(
    keyed: &mut KeyedTransaction,
    after: Option<CallCursor>,
    limit: NonZeroU32,
) -> Result<CallPage, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        call_columns!(),
        " FROM calls WHERE call_index > ?1 ORDER BY call_index LIMIT ?2"
    );
    let after = after.map_or_else(Vec::new, |cursor| cursor.index().as_bytes().to_vec());
    let sealed = sqlx::query(SELECT)
        .bind(after)
        .bind(i64::from(limit.get()))
        .rows(&mut keyed.transaction)
        .await?
        .iter()
        .map(row::call)
        .collect::<Result<Vec<_>, _>>()?;
    let is_full = u32::try_from(sealed.len()).is_ok_and(|length| length == limit.get());
    Ok(CallPage {
        next: sealed
            .last()
            .filter(|_| is_full)
            .map(|call| CallCursor::after(call.index)),
        calls: sealed
            .iter()
            .map(|call| call.open(&keyed.keyring))
            .collect::<Result<_, _>>()?,
    })
}

pub(super) async fn renew(
    keyed: &mut KeyedTransaction,
    key: &CallKey,
    era: EraId,
    node: &NodeName,
    lease_until: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query(
        "UPDATE calls SET lease_until = ?1 WHERE call_index = ?2 AND era_id = ?3 AND node = ?4",
    )
    .bind(moment(lease_until)?)
    .bind(index(&keyed.keyring, key))
    .bind(era.as_bytes().as_slice())
    .bind(node.as_str())
    .changes(&mut keyed.transaction)
    .await
    .map(|rows| rows > 0)
}

pub(super) async fn end(
    keyed: &mut KeyedTransaction,
    key: &CallKey,
    era: EraId,
) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM calls WHERE call_index = ? AND era_id = ?")
        .bind(index(&keyed.keyring, key))
        .bind(era.as_bytes().as_slice())
        .changes(&mut keyed.transaction)
        .await
        .map(|rows| rows > 0)
}

/// Shortens leases that last beyond `latest`.
pub(super) async fn trim_leases(
    keyed: &mut KeyedTransaction,
    latest: Timestamp,
) -> Result<u64, StoreError> {
    sqlx::query("UPDATE calls SET lease_until = ?1 WHERE lease_until > ?1")
        .bind(moment(latest)?)
        .changes(&mut keyed.transaction)
        .await
}

pub(super) async fn remove_lapsed(
    keyed: &mut KeyedTransaction,
    now: Timestamp,
    limit: NonZeroU32,
) -> Result<u64, StoreError> {
    sqlx::query(
        "DELETE FROM calls WHERE call_index IN (
             SELECT call_index FROM calls WHERE lease_until <= ?1 ORDER BY lease_until LIMIT ?2)",
    )
    .bind(moment(now)?)
    .bind(i64::from(limit.get()))
    .changes(&mut keyed.transaction)
    .await
}

/// Removes the record of a room, of any era.
pub(super) async fn remove_of_room(
    keyed: &mut KeyedTransaction,
    call: BlindIndex,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM calls WHERE call_index = ?")
        .bind(call.as_bytes().to_vec())
        .changes(&mut keyed.transaction)
        .await
        .map(drop)
}

/// Removes the record of a room if its lease is over. Its node could otherwise still renew the
/// call, and it would return under another link or other restrictions than it knows.
pub(super) async fn remove_lapsed_of_room(
    keyed: &mut KeyedTransaction,
    call: BlindIndex,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM calls WHERE call_index = ?1 AND lease_until <= ?2")
        .bind(call.as_bytes().to_vec())
        .bind(moment(now)?)
        .changes(&mut keyed.transaction)
        .await
        .map(drop)
}

fn index(keyring: &Keyring, key: &CallKey) -> Vec<u8> {
    RoomsStorageKeys::of(keyring)
        .call_index(key)
        .as_bytes()
        .to_vec()
}

fn moment(now: Timestamp) -> Result<i64, StoreError> {
    seconds(now, "calls", "lease_until")
}
