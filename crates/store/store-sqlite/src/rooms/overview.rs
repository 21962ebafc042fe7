//! The operator's view of rooms: found by their id alone, listed, and counted.

use std::num::NonZeroU32;

use anteroom_protocol::Timestamp;
use anteroom_store::{
    BlindIndex, CallKey, LinkCursor, LinkPage, LinkWithCall, OpaqueRoomId, RoomsCounts,
    RoomsStorageKeys, StoreError, sealed::SealedCallLink,
};

use super::{
    calls, links,
    row::{self, call_columns, link_columns, live_call},
};
use crate::{
    file::KeyedTransaction,
    row::{count, optional_timestamp, seconds},
    statement::Statement as _,
};

const LINKS: &str = "call_links";

pub(super) async fn link_of_room(
    keyed: &mut KeyedTransaction,
    room: &OpaqueRoomId,
    now: Timestamp,
) -> Result<Option<LinkWithCall>, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        link_columns!(),
        ", ",
        call_columns!(),
        " FROM call_links LEFT JOIN calls ON call_index = ?3 AND ",
        live_call!(),
        " WHERE room_index = ?2 AND delete_at > ?1"
    );
    let keys = RoomsStorageKeys::of(&keyed.keyring);
    let call = keys.call_index(&CallKey::Link(room.clone()));
    let row = sqlx::query(SELECT)
        .bind(seconds(now, LINKS, "delete_at")?)
        .bind(keys.room_index(room).as_bytes().as_slice())
        .bind(call.as_bytes().as_slice())
        .optional_row(&mut keyed.transaction)
        .await?;
    row.map(|row| links::opened_with_call(&row, &keyed.keyring, now))
        .transpose()
}

/// Reads a page of links with their calls. The key of a call is derived from the room's id, so that
/// no SQL join is possible: each link's call is read separately.
pub(super) async fn links(
    keyed: &mut KeyedTransaction,
    after: Option<LinkCursor>,
    limit: NonZeroU32,
    now: Timestamp,
) -> Result<LinkPage, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        link_columns!(),
        " FROM call_links WHERE room_index > ?2 AND delete_at > ?1 ORDER BY room_index LIMIT ?3"
    );
    let after = after.map_or_else(Vec::new, |cursor| cursor.index().as_bytes().to_vec());
    let sealed: Vec<SealedCallLink> = sqlx::query(SELECT)
        .bind(seconds(now, LINKS, "delete_at")?)
        .bind(after)
        .bind(i64::from(limit.get()))
        .rows(&mut keyed.transaction)
        .await?
        .iter()
        .map(row::link)
        .collect::<Result<_, _>>()?;
    let is_full = u32::try_from(sealed.len()).is_ok_and(|length| length == limit.get());
    let last: Option<BlindIndex> = sealed.last().map(|link| link.index);
    let mut links = Vec::with_capacity(sealed.len());
    for link in sealed {
        let link = link.open(&keyed.keyring)?.as_of(now);
        let key = CallKey::Link(link.room.clone());
        let call = calls::live(keyed, &key, now).await?;
        links.push(LinkWithCall { link, call });
    }
    Ok(LinkPage {
        links,
        next: last.filter(|_| is_full).map(LinkCursor::after),
    })
}

pub(super) async fn newest_link(
    keyed: &mut KeyedTransaction,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT max(created) AS created FROM call_links")
        .row(&mut keyed.transaction)
        .await?;
    optional_timestamp(&row, LINKS, "created")
}

pub(super) async fn counts(
    keyed: &mut KeyedTransaction,
    now: Timestamp,
) -> Result<RoomsCounts, StoreError> {
    const SELECT: &str = concat!(
        "SELECT (SELECT count(*) FROM call_links WHERE delete_at > ?1) AS links,
                (SELECT count(*) FROM call_links WHERE delete_at > ?1 AND revoked = 1) AS revoked,
                (SELECT count(*) FROM call_links WHERE delete_at > ?1 AND expiration <= ?1) AS expired,
                (SELECT count(*) FROM calls WHERE ",
        live_call!(),
        ") AS calls"
    );
    let row = sqlx::query(SELECT)
        .bind(seconds(now, LINKS, "delete_at")?)
        .row(&mut keyed.transaction)
        .await?;
    let number = |column| count(&row, LINKS, column);
    Ok(RoomsCounts {
        links: number("links")?,
        revoked_links: number("revoked")?,
        expired_links: number("expired")?,
        calls: number("calls")?,
    })
}
