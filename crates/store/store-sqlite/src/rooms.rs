//! The room service's file: one module for each kind of row.

mod approvals;
mod calls;
mod deleted_links;
mod eras;
mod link_expiration;
mod links;
mod overview;
mod repository;
mod row;
mod zkparams;

use anteroom_protocol::Timestamp;
use anteroom_store::{
    Availability, KeyOwner, LinkAddress, LinkWithCall, RoomsDatabase, RoomsReader, RoomsRepository,
    RoomsStorageKeys, StoreError, TransactionName,
};
use async_trait::async_trait;

use super::{
    database::{Schema, SqliteDatabase},
    file::FileSchema,
    lookups::FastLookup,
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
    async fn complete(database: &SqliteRooms) -> Result<(), StoreError> {
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

#[async_trait]
impl RoomsDatabase for SqliteRooms {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn RoomsRepository>, StoreError> {
        Ok(self.begin_writing(name).await?)
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn RoomsReader>, StoreError> {
        Ok(self.begin_reading(name).await?)
    }

    async fn link_with_call(
        &self,
        name: TransactionName,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError> {
        let keyring = self.file.keyring_cache.last_seen();
        let attempt = || links::fast_lookup(&self.file.lookups, &keyring, address, now);
        match self.file.look_up(name, attempt).await? {
            FastLookup::Found(row) => links::opened_with_call(&row, &keyring, now).map(Some),
            FastLookup::Absent => Ok(None),
            FastLookup::StaleKeys => self.read(name).await?.link_with_call(address, now).await,
        }
    }

    async fn ready(&self) -> Result<Availability, StoreError> {
        self.file.ready().await
    }

    fn storage_keys(&self) -> RoomsStorageKeys {
        RoomsStorageKeys::of(&self.file.keyring_cache.last_seen())
    }
}
