//! The table `calls`.

use std::num::NonZeroU32;

use anteroom_protocol::{EraId, Timestamp};
use anteroom_store::{
    BlindIndex, CallCursor, CallKey, CallPage, CallRecord, Epoch, ExpirationChange, Keyring,
    LinkAddress, MediaAddress, NodeName, RoomsStorageKeys, StartEraOutcome, StoreError,
    sealed::SealedCall,
};
use rand_core::CryptoRng;

use super::{
    link_expiration, links,
    row::{self, call_columns, live_call},
};
use crate::{error::store_error, row::seconds, transaction::FileTransaction};

pub(super) async fn live(
    connection: &mut FileTransaction,
    keyring: &Keyring,
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
        .bind(index(keyring, key))
        .fetch_optional(connection)
        .await
        .map_err(store_error)?
        .map(|row| row::call(&row)?.open(keyring))
        .transpose()
}

pub(super) async fn of_node(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    node: &NodeName,
) -> Result<Vec<CallRecord>, StoreError> {
    const SELECT: &str = concat!("SELECT ", call_columns!(), " FROM calls WHERE node = ?");
    sqlx::query(SELECT)
        .bind(node.as_str())
        .fetch_all(connection)
        .await
        .map_err(store_error)?
        .iter()
        .map(|row| row::call(row)?.open(keyring))
        .collect()
}

pub(super) async fn lapsed(
    connection: &mut FileTransaction,
    keyring: &Keyring,
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
        .fetch_all(connection)
        .await
        .map_err(store_error)?
        .iter()
        .map(|row| row::call(row)?.open(keyring))
        .collect()
}

pub(super) async fn page(
    connection: &mut FileTransaction,
    keyring: &Keyring,
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
        .fetch_all(connection)
        .await
        .map_err(store_error)?
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
            .map(|call| call.open(keyring))
            .collect::<Result<_, _>>()?,
    })
}

pub(super) async fn start(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    call: &CallRecord,
    epoch: Option<Epoch>,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<StartEraOutcome, StoreError> {
    // Writes the room's only record if there is none or its lease is over; for a link's room (?9)
    // also only if the link of this epoch is open.
    const START: &str = "INSERT INTO calls
             (call_index, call_key, era_id, creator, node, media, started, lease_until)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
         WHERE ?9 IS NULL OR EXISTS (
             SELECT 1 FROM call_links
             WHERE room_index = ?9 AND epoch IS ?10 AND revoked = 0 AND expiration > ?11)
         ON CONFLICT (call_index) DO UPDATE
         SET call_key = excluded.call_key, era_id = excluded.era_id, creator = excluded.creator,
             node = excluded.node, media = excluded.media, started = excluded.started,
             lease_until = excluded.lease_until
         WHERE calls.lease_until <= ?11";
    let sealed = SealedCall::seal(call, keyring, rng)?;
    let link = match &call.key {
        CallKey::Link(room) => Some(LinkAddress {
            room: room.clone(),
            epoch,
        }),
        CallKey::Group(_) => None,
    };
    let room = link
        .as_ref()
        .map(|link| RoomsStorageKeys::of(keyring).room_index(&link.room));
    let lease_until = sealed
        .lease_until
        .map(|end| seconds(end, "calls", "lease_until"))
        .transpose()?;
    let started = sqlx::query(START)
        .bind(sealed.index.as_bytes().as_slice())
        .bind(sealed.key.as_bytes())
        .bind(sealed.era.as_bytes().as_slice())
        .bind(sealed.creator.as_bytes())
        .bind(sealed.node.as_str())
        .bind(sealed.media.as_ref().map(MediaAddress::as_str))
        .bind(seconds(sealed.started, "calls", "started")?)
        .bind(lease_until)
        .bind(room.map(|index| index.as_bytes().to_vec()))
        .bind(links::number(epoch))
        .bind(moment(now)?)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?
        .rows_affected();
    if started > 0 {
        let reset = match room {
            Some(room) => Some(link_expiration::reset(connection, keyring, room, now).await?),
            None => None,
        };
        let (link, expiration_change) = reset.unzip();
        return Ok(StartEraOutcome::Started {
            call: call.clone(),
            link,
            expiration_change,
        });
    }
    let (link, running) = match link {
        Some(address) => {
            let found = links::one_with_call(connection, keyring, &address, now).await?;
            let Some(found) = found else {
                return Ok(StartEraOutcome::UnknownLink);
            };
            if !found.link.is_open(now) {
                return Ok(StartEraOutcome::ClosedLink(found.link));
            }
            (Some(found.link), found.call)
        }
        None => (None, live(connection, keyring, &call.key, now).await?),
    };
    running
        .map(|call| StartEraOutcome::Running { call, link })
        // No other writer runs during this transaction. An absent row means that the backend's
        // isolation has failed.
        .ok_or_else(|| StoreError::Unavailable {
            source: "the room changed within the transaction".into(),
        })
}

pub(super) async fn renew(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    key: &CallKey,
    era: EraId,
    node: &NodeName,
    lease_until: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query(
        "UPDATE calls SET lease_until = ?1 WHERE call_index = ?2 AND era_id = ?3 AND node = ?4",
    )
    .bind(moment(lease_until)?)
    .bind(index(keyring, key))
    .bind(era.as_bytes().as_slice())
    .bind(node.as_str())
    .execute(connection)
    .await
    .map(|done| done.rows_affected() > 0)
    .map_err(store_error)
}

pub(super) async fn end(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    key: &CallKey,
    era: EraId,
) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM calls WHERE call_index = ? AND era_id = ?")
        .bind(index(keyring, key))
        .bind(era.as_bytes().as_slice())
        .execute(connection)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(store_error)
}

/// Removes the record of an era that did not start, and restores the link's expiration.
pub(super) async fn abandon(
    connection: &mut FileTransaction,
    keyring: &Keyring,
    key: &CallKey,
    era: EraId,
    expiration_change: Option<ExpirationChange>,
) -> Result<bool, StoreError> {
    let is_removed = end(connection, keyring, key, era).await?;
    if let (true, CallKey::Link(room), Some(expiration_change)) =
        (is_removed, key, expiration_change)
    {
        let room = RoomsStorageKeys::of(keyring).room_index(room);
        link_expiration::restore(connection, room, expiration_change).await?;
    }
    Ok(is_removed)
}

/// Shortens leases that last beyond `latest`.
pub(super) async fn trim_leases(
    connection: &mut FileTransaction,
    latest: Timestamp,
) -> Result<u64, StoreError> {
    sqlx::query("UPDATE calls SET lease_until = ?1 WHERE lease_until > ?1")
        .bind(moment(latest)?)
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(store_error)
}

pub(super) async fn remove_lapsed(
    connection: &mut FileTransaction,
    now: Timestamp,
    limit: NonZeroU32,
) -> Result<u64, StoreError> {
    sqlx::query(
        "DELETE FROM calls WHERE call_index IN (
             SELECT call_index FROM calls WHERE lease_until <= ?1 ORDER BY lease_until LIMIT ?2)",
    )
    .bind(moment(now)?)
    .bind(i64::from(limit.get()))
    .execute(connection)
    .await
    .map(|done| done.rows_affected())
    .map_err(store_error)
}

/// Removes the record of a room, of any era.
pub(super) async fn remove_of_room(
    connection: &mut FileTransaction,
    call: BlindIndex,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM calls WHERE call_index = ?")
        .bind(call.as_bytes().to_vec())
        .execute(connection)
        .await
        .map(drop)
        .map_err(store_error)
}

/// Removes the record of a room if its lease is over. Its node could otherwise still renew the
/// call, and it would return under another link or other restrictions than it knows.
pub(super) async fn remove_lapsed_of_room(
    connection: &mut FileTransaction,
    call: BlindIndex,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM calls WHERE call_index = ?1 AND lease_until <= ?2")
        .bind(call.as_bytes().to_vec())
        .bind(moment(now)?)
        .execute(connection)
        .await
        .map(drop)
        .map_err(store_error)
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
