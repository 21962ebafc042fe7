//! The operator's view of rooms: found by their id alone, listed, and counted.

use std::num::NonZeroU32;

use anteroom_protocol::Timestamp;
use anteroom_store::{
    BlindIndex, CallKey, CallReader as _, LinkCursor, LinkPage, LinkWithCall, OpaqueRoomId,
    RoomsCounts, RoomsReader, RoomsRepository, ServerParamsRecord, sealed::SealedCallLink,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{
    links,
    row::{self, call_columns, link_columns, live_call},
    schema::RoomsTransaction,
};
use crate::{
    error::Result,
    row::{number, optional_timestamp, seconds},
    statement::Statement as _,
};

const LINKS: &str = "call_links";

#[async_trait]
impl RoomsReader for RoomsTransaction {
    async fn link_of_room(
        &mut self,
        room: &OpaqueRoomId,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>> {
        const SELECT: &str = concat!(
            "SELECT ",
            link_columns!(),
            ", ",
            call_columns!(),
            " FROM call_links LEFT JOIN calls ON call_index = ?3 AND ",
            live_call!(),
            " WHERE room_index = ?2 AND delete_at > ?1"
        );
        let call = self.call_index(&CallKey::Link(room.clone()));
        let row = sqlx::query(SELECT)
            .bind(seconds(now, LINKS, "delete_at")?)
            .bind(self.room_index(room).as_bytes().to_vec())
            .bind(call.as_bytes().as_slice())
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| links::opened_with_call(&row, &self.keyring, now))
            .transpose()
    }

    /// Reads a page of links with their calls. The key of a call is derived from the room's id, so
    /// that no SQL join is possible: each link's call is read separately.
    async fn links(
        &mut self,
        after: Option<LinkCursor>,
        limit: NonZeroU32,
        now: Timestamp,
    ) -> Result<LinkPage> {
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
            .rows(&mut self.transaction)
            .await?
            .iter()
            .map(row::link)
            .collect::<Result<_, _>>()?;
        let is_full = u32::try_from(sealed.len()).is_ok_and(|length| length == limit.get());
        let last: Option<BlindIndex> = sealed.last().map(|link| link.index);
        let mut links = Vec::with_capacity(sealed.len());
        for link in sealed {
            let link = link.open(&self.keyring)?.as_of(now);
            let key = CallKey::Link(link.room.clone());
            let call = self.call(&key, now).await?;
            links.push(LinkWithCall { link, call });
        }
        Ok(LinkPage {
            links,
            next: last.filter(|_| is_full).map(LinkCursor::after),
        })
    }

    async fn newest_link(&mut self) -> Result<Option<Timestamp>> {
        let row = sqlx::query("SELECT max(created) AS created FROM call_links")
            .row(&mut self.transaction)
            .await?;
        optional_timestamp(&row, LINKS, "created")
    }

    async fn counts(&mut self, now: Timestamp) -> Result<RoomsCounts> {
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
            .row(&mut self.transaction)
            .await?;
        let number = |column| number(&row, LINKS, column);
        Ok(RoomsCounts {
            links: number("links")?,
            revoked_links: number("revoked")?,
            expired_links: number("expired")?,
            calls: number("calls")?,
        })
    }
}

#[async_trait]
impl RoomsRepository for RoomsTransaction {
    async fn replace_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        self.overwrite_server_params(record, rng).await
    }

    async fn save(self: Box<Self>) -> Result<()> {
        self.transaction.commit().await
    }
}
