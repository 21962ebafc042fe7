//! The room service's rows.

use anteroom_protocol::{EraId, GuestAdmission, Restrictions};
use anteroom_store::{
    BlindIndex, Epoch, MediaAddress, NodeName, PasskeyHash,
    sealed::{SealedApproval, SealedCall, SealedCallLink},
};
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    error::{Result, store_error},
    row::{array, invalid, number, optional_sealed, optional_timestamp, sealed, timestamp},
};

const CALL_LINKS: &str = "call_links";
const APPROVALS: &str = "approvals";
const CALLS: &str = "calls";

/// The select list that [`link`] reads.
macro_rules! link_columns {
    () => {
        "call_links.room_index, call_links.room_id, call_links.epoch, call_links.passkey_hash, \
         call_links.zkparams, call_links.restrictions, call_links.guests, call_links.name, \
         call_links.revoked, call_links.created, call_links.expiration, call_links.delete_at, \
         call_links.ended_calls, call_links.admin_statement"
    };
}

/// The select list that [`call`] reads.
macro_rules! call_columns {
    () => {
        "calls.call_index, calls.call_key, calls.era_id, calls.creator, calls.node, calls.media, \
         calls.started, calls.lease_until"
    };
}

/// The condition under which a row of `calls` is live at `?1`.
macro_rules! live_call {
    () => {
        "(calls.lease_until IS NULL OR calls.lease_until > ?1)"
    };
}

pub(super) use {call_columns, link_columns, live_call};

pub(super) fn link(row: &SqliteRow) -> Result<SealedCallLink> {
    let restrictions: &str = row.try_get("restrictions").map_err(store_error)?;
    let guests: &str = row.try_get("guests").map_err(store_error)?;
    let epoch: Option<i64> = row.try_get("epoch").map_err(store_error)?;
    Ok(SealedCallLink {
        index: BlindIndex::from_bytes(array(row, CALL_LINKS, "room_index")?),
        room: sealed(row, "room_id")?,
        epoch: epoch
            .map(|number| {
                u32::try_from(number)
                    .map(Epoch::new)
                    .map_err(|_| invalid(CALL_LINKS, "epoch"))
            })
            .transpose()?,
        passkey_hash: PasskeyHash::from_bytes(array(row, CALL_LINKS, "passkey_hash")?),
        zkparams: sealed(row, "zkparams")?,
        restrictions: Restrictions::from_word(restrictions)
            .ok_or(invalid(CALL_LINKS, "restrictions"))?,
        guests: GuestAdmission::from_word(guests).ok_or(invalid(CALL_LINKS, "guests"))?,
        name: sealed(row, "name")?,
        revoked: number::<u32>(row, CALL_LINKS, "revoked")? != 0,
        created: timestamp(row, CALL_LINKS, "created")?,
        expiration: timestamp(row, CALL_LINKS, "expiration")?,
        delete_at: timestamp(row, CALL_LINKS, "delete_at")?,
        ended_calls: number(row, CALL_LINKS, "ended_calls")?,
        admin_statement: optional_sealed(row, "admin_statement")?,
    })
}

pub(super) fn approval(row: &SqliteRow) -> Result<SealedApproval> {
    Ok(SealedApproval {
        room: BlindIndex::from_bytes(array(row, APPROVALS, "room_index")?),
        user_index: BlindIndex::from_bytes(array(row, APPROVALS, "user_index")?),
        user: sealed(row, "user_id")?,
    })
}

pub(super) fn call(row: &SqliteRow) -> Result<SealedCall> {
    let node: &str = row.try_get("node").map_err(store_error)?;
    let media: Option<&str> = row.try_get("media").map_err(store_error)?;
    Ok(SealedCall {
        index: BlindIndex::from_bytes(array(row, CALLS, "call_index")?),
        key: sealed(row, "call_key")?,
        era: EraId::from_bytes(array(row, CALLS, "era_id")?),
        creator: sealed(row, "creator")?,
        node: NodeName::parse(node).map_err(|_| invalid(CALLS, "node"))?,
        media: media
            .map(|address| MediaAddress::parse(address).map_err(|_| invalid(CALLS, "media")))
            .transpose()?,
        started: timestamp(row, CALLS, "started")?,
        lease_until: optional_timestamp(row, CALLS, "lease_until")?,
    })
}

/// Reads the joined call of a row; `None` if the join found none.
pub(super) fn joined_call(row: &SqliteRow) -> Result<Option<SealedCall>> {
    let index: Option<&[u8]> = row.try_get("call_index").map_err(store_error)?;
    index.map(|_| call(row)).transpose()
}
