//! The room service's file: one module for each kind of row.

mod approvals;
mod calls;
mod deleted_links;
mod eras;
mod links;
mod overview;
mod row;
mod schema;
mod zkparams;

use anteroom_protocol::Timestamp;
use anteroom_store::{
    Availability, LinkAddress, LinkWithCall, RoomsDatabase, RoomsReader, RoomsRepository,
    RoomsStorageKeys, TransactionName,
};
use async_trait::async_trait;

use self::schema::RoomsTransaction;
pub use self::schema::{RoomsSchema, SqliteRooms};
use super::{error::Result, lookups::FastLookup};

#[async_trait]
impl RoomsDatabase for SqliteRooms {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn RoomsRepository>> {
        Ok(RoomsTransaction::boxed(
            self.file.begin_writing(name).await?,
        ))
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn RoomsReader>> {
        Ok(RoomsTransaction::boxed(
            self.file.begin_reading(name).await?,
        ))
    }

    async fn link_with_call(
        &self,
        name: TransactionName,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>> {
        let keyring = self.file.keyring_cache.last_seen();
        let attempt = || links::fast_lookup(&self.file.lookups, &keyring, address, now);
        match self.file.look_up(name, attempt).await? {
            FastLookup::Found(row) => links::opened_with_call(&row, &keyring, now).map(Some),
            FastLookup::Absent => Ok(None),
            FastLookup::StaleKeys => self.read(name).await?.link_with_call(address, now).await,
        }
    }

    async fn ready(&self) -> Result<Availability> {
        self.file.ready().await
    }

    fn storage_keys(&self) -> RoomsStorageKeys {
        RoomsStorageKeys::of(&self.file.keyring_cache.last_seen())
    }
}
