//! The schema of the room service's file.

use anteroom_store::{
    BlindIndex, CallKey, KeyOwner, OpaqueRoomId, RoomsStorageKeys, TransactionName,
};

use super::zkparams;
use crate::{
    database::{Schema, SqliteDatabase, SqliteTransaction},
    error::Result,
    file::FileSchema,
    migrations,
};

/// The schema of the room service's file.
#[derive(Clone, Copy, Debug)]
pub enum RoomsSchema {}

impl Schema for RoomsSchema {
    const FILE: FileSchema = FileSchema {
        owner: KeyOwner::Rooms,
        migrations: migrations::ROOMS,
        application_id: 0x416e_526f,
        holds_any: "SELECT EXISTS (SELECT 1 FROM keys)
             OR EXISTS (SELECT 1 FROM server_params)
             OR EXISTS (SELECT 1 FROM call_links)
             OR EXISTS (SELECT 1 FROM deleted_links)
             OR EXISTS (SELECT 1 FROM approvals)
             OR EXISTS (SELECT 1 FROM calls)",
        transient_deletions: &["DELETE FROM calls"],
    };

    /// Adds the index of the zkparams to links that an earlier version stored.
    async fn complete(database: &SqliteRooms) -> Result<()> {
        const NAME: TransactionName = TransactionName::new("index zkparams");
        let mut keyed = database.file.begin_writing(NAME).await?;
        if zkparams::index(&mut keyed).await? > 0 {
            keyed.transaction.commit().await?;
        }
        Ok(())
    }
}

/// The room service's database in an SQLite file.
pub type SqliteRooms = SqliteDatabase<RoomsSchema>;

/// A transaction on the room service's file.
pub(super) type RoomsTransaction = SqliteTransaction<RoomsSchema>;

impl RoomsTransaction {
    /// Returns the key of a link's rows.
    pub(super) fn room_index(&self, room: &OpaqueRoomId) -> BlindIndex {
        RoomsStorageKeys::of(&self.keyring).room_index(room)
    }

    /// Returns the key of a call's row.
    pub(super) fn call_index(&self, key: &CallKey) -> BlindIndex {
        RoomsStorageKeys::of(&self.keyring).call_index(key)
    }
}
