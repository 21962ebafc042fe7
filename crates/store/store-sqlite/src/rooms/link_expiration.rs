//! The expiration in `call_links`, which the start of an era moves.

use anteroom_protocol::Timestamp;
use anteroom_store::{BlindIndex, CallLinkRecord, ExpirationChange, StoreError};

use super::row::{self, link_columns};
use crate::{
    file::KeyedTransaction,
    row::{seconds, timestamp},
    statement::Statement as _,
};

const TABLE: &str = "call_links";

/// Sets the expiration of a link in which a call has started.
pub(super) async fn reset(
    keyed: &mut KeyedTransaction,
    room: BlindIndex,
    now: Timestamp,
) -> Result<(CallLinkRecord, ExpirationChange), StoreError> {
    const UPDATE: &str = concat!(
        "UPDATE call_links SET expiration = ?2, delete_at = ?3 WHERE room_index = ?1 RETURNING ",
        link_columns!()
    );
    let before = sqlx::query("SELECT expiration FROM call_links WHERE room_index = ?")
        .bind(room.as_bytes().as_slice())
        .row(&mut keyed.transaction)
        .await?;
    let expiration_change = ExpirationChange {
        from: timestamp(&before, TABLE, "expiration")?,
        to: now.plus(CallLinkRecord::VALIDITY),
    };
    let row = sqlx::query(UPDATE)
        .bind(room.as_bytes().as_slice())
        .bind(seconds(expiration_change.to, TABLE, "expiration")?)
        .bind(seconds(
            delete_at(expiration_change.to),
            TABLE,
            "delete_at",
        )?)
        .row(&mut keyed.transaction)
        .await?;
    Ok((row::link(&row)?.open(&keyed.keyring)?, expiration_change))
}

/// Restores the previous expiration of a link, unless it has changed since.
pub(super) async fn restore(
    keyed: &mut KeyedTransaction,
    room: BlindIndex,
    expiration_change: ExpirationChange,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE call_links SET expiration = ?2, delete_at = ?3
         WHERE room_index = ?1 AND expiration = ?4",
    )
    .bind(room.as_bytes().as_slice())
    .bind(seconds(expiration_change.from, TABLE, "expiration")?)
    .bind(seconds(
        delete_at(expiration_change.from),
        TABLE,
        "delete_at",
    )?)
    .bind(seconds(expiration_change.to, TABLE, "expiration")?)
    .changes(&mut keyed.transaction)
    .await
    .map(drop)
}

fn delete_at(expiration: Timestamp) -> Timestamp {
    expiration.plus(CallLinkRecord::RETENTION)
}
