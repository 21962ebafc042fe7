//! The start of a call's era, which changes the link too.

use anteroom_protocol::{EraId, Timestamp};
use anteroom_store::{
    BlindIndex, CallKey, CallLinkRecord, CallReader as _, CallRecord, CallRepository as _, Epoch,
    EraRepository, ExpirationChange, LinkAddress, LinkReader as _, MediaAddress, StartEraOutcome,
    StoreError, sealed::SealedCall,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{
    row::{self, link_columns},
    schema::RoomsTransaction,
};
use crate::{
    error::Result,
    row::{seconds, timestamp},
    statement::Statement as _,
};

const LINKS: &str = "call_links";

#[async_trait]
impl EraRepository for RoomsTransaction {
    async fn start_era(
        &mut self,
        call: &CallRecord,
        epoch: Option<Epoch>,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<StartEraOutcome> {
        // Writes the room's only record if there is none or its lease is over; for a link's room
        // (?9) also only if the link of this epoch is open.
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
        let sealed = SealedCall::seal(call, &self.keyring, rng)?;
        let link = match &call.key {
            CallKey::Link(room) => Some(LinkAddress {
                room: room.clone(),
                epoch,
            }),
            CallKey::Group(_) => None,
        };
        let room = link.as_ref().map(|link| self.room_index(&link.room));
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
            .bind(epoch.map(|epoch| i64::from(epoch.as_u32())))
            .bind(seconds(now, "calls", "lease_until")?)
            .changes(&mut self.transaction)
            .await?;
        if started > 0 {
            let reset = match room {
                Some(room) => Some(self.reset_expiration(room, now).await?),
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
                let found = self.link_with_call(&address, now).await?;
                let Some(found) = found else {
                    return Ok(StartEraOutcome::UnknownLink);
                };
                if !found.link.is_open(now) {
                    return Ok(StartEraOutcome::ClosedLink(found.link));
                }
                (Some(found.link), found.call)
            }
            None => (None, self.call(&call.key, now).await?),
        };
        running
            .map(|call| StartEraOutcome::Running { call, link })
            // No other writer runs during this transaction. An absent row means that the backend's
            // isolation has failed.
            .ok_or_else(|| StoreError::Unavailable {
                source: "the room changed within the transaction".into(),
            })
    }

    async fn abandon_era(
        &mut self,
        key: &CallKey,
        era: EraId,
        expiration_change: Option<ExpirationChange>,
    ) -> Result<bool> {
        let is_removed = self.end_era(key, era).await?;
        if let (true, CallKey::Link(room), Some(expiration_change)) =
            (is_removed, key, expiration_change)
        {
            self.restore_expiration(self.room_index(room), expiration_change)
                .await?;
        }
        Ok(is_removed)
    }
}

impl RoomsTransaction {
    /// Sets the expiration of a link in which a call has started.
    async fn reset_expiration(
        &mut self,
        room: BlindIndex,
        now: Timestamp,
    ) -> Result<(CallLinkRecord, ExpirationChange)> {
        const UPDATE: &str = concat!(
            "UPDATE call_links SET expiration = ?2, delete_at = ?3 WHERE room_index = ?1 RETURNING ",
            link_columns!()
        );
        let before = sqlx::query("SELECT expiration FROM call_links WHERE room_index = ?")
            .bind(room.as_bytes().as_slice())
            .row(&mut self.transaction)
            .await?;
        let expiration_change = ExpirationChange {
            from: timestamp(&before, LINKS, "expiration")?,
            to: now.plus(CallLinkRecord::VALIDITY),
        };
        let row = sqlx::query(UPDATE)
            .bind(room.as_bytes().as_slice())
            .bind(seconds(expiration_change.to, LINKS, "expiration")?)
            .bind(delete_at(expiration_change.to)?)
            .row(&mut self.transaction)
            .await?;
        Ok((row::link(&row)?.open(&self.keyring)?, expiration_change))
    }

    /// Restores the previous expiration of a link, unless it has changed since.
    async fn restore_expiration(
        &mut self,
        room: BlindIndex,
        expiration_change: ExpirationChange,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE call_links SET expiration = ?2, delete_at = ?3
             WHERE room_index = ?1 AND expiration = ?4",
        )
        .bind(room.as_bytes().as_slice())
        .bind(seconds(expiration_change.from, LINKS, "expiration")?)
        .bind(delete_at(expiration_change.from)?)
        .bind(seconds(expiration_change.to, LINKS, "expiration")?)
        .changes(&mut self.transaction)
        .await
        .map(drop)
    }
}

/// Returns the end of a link's record, as the column's integer.
fn delete_at(expiration: Timestamp) -> Result<i64> {
    seconds(
        expiration.plus(CallLinkRecord::RETENTION),
        LINKS,
        "delete_at",
    )
}
