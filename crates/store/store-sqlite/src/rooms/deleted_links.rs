//! The table `deleted_links`, which keeps the rooms of deleted links from being taken by others.

use std::num::NonZeroU32;

use anteroom_protocol::Timestamp;
use anteroom_store::{BlindIndex, PasskeyHash};

use super::schema::RoomsTransaction;
use crate::{
    error::Result,
    row::{array, seconds},
    statement::Statement as _,
};

const TABLE: &str = "deleted_links";

/// The record of a deleted link, or the one that a new link would leave.
pub(super) struct DeletedLinkRow {
    pub(super) room: BlindIndex,
    pub(super) passkey: PasskeyHash,
    pub(super) zkparams: BlindIndex,
}

impl RoomsTransaction {
    /// Records that a link was deleted.
    pub(super) async fn add_deleted_link(
        &mut self,
        deleted: &DeletedLinkRow,
        delete_at: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT OR REPLACE INTO deleted_links (room_index, passkey_hash, zkparams_index, delete_at)
             VALUES (?, ?, ?, ?)",
        )
        .bind(deleted.room.as_bytes().as_slice())
        .bind(deleted.passkey.as_bytes().as_slice())
        .bind(deleted.zkparams.as_bytes().as_slice())
        .bind(seconds(delete_at, TABLE, "delete_at")?)
        .changes(&mut self.transaction)
        .await
        .map(drop)
    }

    /// Returns whether the deleted links allow the creation of a link at `created`. A deleted link
    /// of the same room allows only the same passkey and zkparams. One of another room does not
    /// allow its zkparams.
    pub(super) async fn allows_creation(
        &mut self,
        new: &DeletedLinkRow,
        created: i64,
    ) -> Result<bool> {
        let rows = sqlx::query(
            "SELECT room_index, passkey_hash, zkparams_index FROM deleted_links
             WHERE (room_index = ?1 OR zkparams_index = ?2) AND delete_at > ?3",
        )
        .bind(new.room.as_bytes().as_slice())
        .bind(new.zkparams.as_bytes().as_slice())
        .bind(created)
        .rows(&mut self.transaction)
        .await?;
        let mut is_allowed = true;
        for row in &rows {
            let index = |name| array(row, TABLE, name).map(BlindIndex::from_bytes);
            let passkey = PasskeyHash::from_bytes(array(row, TABLE, "passkey_hash")?);
            let is_same =
                index("room_index")? == new.room && index("zkparams_index")? == new.zkparams;
            is_allowed &= passkey.matches(&new.passkey) & is_same;
        }
        Ok(is_allowed)
    }

    /// Removes the record for a room.
    pub(super) async fn remove_deleted_link(&mut self, room: BlindIndex) -> Result<()> {
        sqlx::query("DELETE FROM deleted_links WHERE room_index = ?")
            .bind(room.as_bytes().as_slice())
            .changes(&mut self.transaction)
            .await
            .map(drop)
    }

    /// Removes the records of links that would have been purged by now.
    pub(super) async fn purge_deleted_links(
        &mut self,
        now: Timestamp,
        limit: NonZeroU32,
    ) -> Result<()> {
        sqlx::query(
            "DELETE FROM deleted_links WHERE room_index IN (
                 SELECT room_index FROM deleted_links WHERE delete_at <= ?1
                 ORDER BY delete_at LIMIT ?2)",
        )
        .bind(seconds(now, TABLE, "delete_at")?)
        .bind(i64::from(limit.get()))
        .changes(&mut self.transaction)
        .await
        .map(drop)
    }
}
