//! The start of a call's era, which changes the link too.

use anteroom_protocol::{EraId, Timestamp};
use anteroom_store::{
    CallKey, CallRecord, Epoch, ExpirationChange, LinkAddress, MediaAddress, RoomsStorageKeys,
    StartEraOutcome, StoreError, sealed::SealedCall,
};
use rand_core::CryptoRng;

use super::{calls, link_expiration, links};
use crate::{file::KeyedTransaction, row::seconds, statement::Statement as _};

pub(super) async fn start(
    keyed: &mut KeyedTransaction,
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
    let sealed = SealedCall::seal(call, &keyed.keyring, rng)?;
    let link = match &call.key {
        CallKey::Link(room) => Some(LinkAddress {
            room: room.clone(),
            epoch,
        }),
        CallKey::Group(_) => None,
    };
    let room = link
        .as_ref()
        .map(|link| RoomsStorageKeys::of(&keyed.keyring).room_index(&link.room));
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
        .changes(&mut keyed.transaction)
        .await?;
    if started > 0 {
        let reset = match room {
            Some(room) => Some(link_expiration::reset(keyed, room, now).await?),
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
            let found = links::one_with_call(keyed, &address, now).await?;
            let Some(found) = found else {
                return Ok(StartEraOutcome::UnknownLink);
            };
            if !found.link.is_open(now) {
                return Ok(StartEraOutcome::ClosedLink(found.link));
            }
            (Some(found.link), found.call)
        }
        None => (None, calls::live(keyed, &call.key, now).await?),
    };
    running
        .map(|call| StartEraOutcome::Running { call, link })
        // No other writer runs during this transaction. An absent row means that the backend's
        // isolation has failed.
        .ok_or_else(|| StoreError::Unavailable {
            source: "the room changed within the transaction".into(),
        })
}

/// Removes the record of an era that did not start, and restores the link's expiration.
pub(super) async fn abandon(
    keyed: &mut KeyedTransaction,
    key: &CallKey,
    era: EraId,
    expiration_change: Option<ExpirationChange>,
) -> Result<bool, StoreError> {
    let is_removed = calls::end(keyed, key, era).await?;
    if let (true, CallKey::Link(room), Some(expiration_change)) =
        (is_removed, key, expiration_change)
    {
        let room = RoomsStorageKeys::of(&keyed.keyring).room_index(room);
        link_expiration::restore(keyed, room, expiration_change).await?;
    }
    Ok(is_removed)
}
