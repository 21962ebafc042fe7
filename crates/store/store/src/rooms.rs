//! The traits of the room service's database.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::{EraId, Timestamp};
use async_trait::async_trait;
use rand_core::CryptoRng;

use crate::{
    availability::Availability,
    call_link::{
        CallLinkRecord, CreateLinkOutcome, DeleteLinkOutcome, Epoch, LinkAddress, LinkUpdate,
        OpaqueRoomId, UpdateLinkOutcome, UserId,
    },
    call_record::{
        CallCursor, CallKey, CallPage, CallRecord, ExpirationChange, LinkWithCall, NodeName,
        StartEraOutcome,
    },
    error::StoreError,
    issuer::TransactionName,
    keys::{PasskeyHash, RoomsStorageKeys},
    overview::{LinkCursor, RoomsCounts},
    server_params::{ServerParamsReader, ServerParamsRecord, ServerParamsRepository},
};

/// The room service's database, which starts transactions.
///
/// A repository is one transaction. It is rolled back on drop. [`RoomsRepository::save`] commits
/// its changes.
#[async_trait]
pub trait RoomsDatabase: fmt::Debug + Send + Sync {
    /// Starts a transaction that may write.
    ///
    /// Writing transactions are serial, across processes too: the rows that one reads do not change
    /// until it ends. Keep them short, and use [`Self::read`] for reads alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached or stays busy.
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn RoomsRepository>, StoreError>;

    /// Starts a transaction that reads one consistent state. Writers do not block it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached.
    async fn read(&self, name: TransactionName) -> Result<Box<dyn RoomsReader>, StoreError>;

    /// Reads a link and the call in its room; `None` if the link does not exist.
    ///
    /// Equivalent to [`LinkReader::link_with_call`] in a transaction of its own. Most requests
    /// need this and nothing else, so that a backend may have a faster way.
    ///
    /// # Errors
    /// Those of [`RoomsReader`], and [`StoreError::Unavailable`] if the database cannot be reached.
    async fn link_with_call(
        &self,
        name: TransactionName,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError> {
        self.read(name).await?.link_with_call(address, now).await
    }

    /// Returns whether the database can be read and whether it saves changes. Takes at most two
    /// seconds, and needs no other traffic.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Damaged`] if it cannot be read.
    async fn ready(&self) -> Result<Availability, StoreError>;

    /// Returns the keys that the service itself uses: for passkey hashes, blind indexes and
    /// pseudonyms.
    ///
    /// Another process may create newer ones, so that the caller must not keep them beyond a
    /// request. The transactions of this database load newer keys when they start.
    fn storage_keys(&self) -> RoomsStorageKeys;
}

/// The read methods of a transaction, by kind of row. Missing rows are `Ok(None)` or an empty list.
///
/// `now` decides which rows are valid: a link past its `delete_at` counts as missing, and so does a
/// call whose lease is over.
///
/// All methods fail with [`StoreError::Unavailable`] or [`StoreError::Database`] if the database
/// does, and with [`StoreError::Sealed`] or [`StoreError::InvalidValue`] for a row that was changed
/// since it was written.
#[async_trait]
pub trait RoomsReader: LinkReader + ApprovalReader + CallReader + ServerParamsReader {
    /// Reads the link of a room, of any epoch, and the call in the room; `None` if the room has no
    /// link.
    async fn link_of_room(
        &mut self,
        room: &OpaqueRoomId,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError>;

    /// Reads a page of all links with the calls in their rooms, of up to `limit` links. A link that
    /// exists from the first page to the last is on one of them.
    async fn links(
        &mut self,
        after: Option<LinkCursor>,
        limit: NonZeroU32,
        now: Timestamp,
    ) -> Result<LinkPage, StoreError>;

    /// Returns the creation time of the newest link; `None` if there are no links.
    async fn newest_link(&mut self) -> Result<Option<Timestamp>, StoreError>;

    /// Counts the rows that are valid at `now`.
    async fn counts(&mut self, now: Timestamp) -> Result<RoomsCounts, StoreError>;
}

/// A page of a listing of all links.
#[derive(Clone, Debug)]
pub struct LinkPage {
    /// The links.
    pub links: Vec<LinkWithCall>,
    /// The position of the next page; `None` after the last.
    pub next: Option<LinkCursor>,
}

/// The write methods of a transaction, by kind of row. [`Self::save`] commits the changes.
///
/// `rng` is the source of the nonces of sealed values. An outcome other than success has changed
/// nothing, and the transaction stays usable after the errors that a method names.
#[async_trait]
pub trait RoomsRepository:
    RoomsReader
    + LinkRepository
    + ApprovalRepository
    + CallRepository
    + EraRepository
    + ServerParamsRepository
{
    /// Overwrites the row of server params whose content is damaged. The new params must be generic
    /// and have the same id. Returns whether the row exists.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for params of another kind than generic ones.
    async fn replace_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Commits the transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Database`]. No change is saved then.
    async fn save(self: Box<Self>) -> Result<(), StoreError>;
}

/// Reads links.
#[async_trait]
pub trait LinkReader: Send {
    /// Reads a link.
    async fn link(
        &mut self,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<CallLinkRecord>, StoreError>;

    /// Reads a link and the call in its room, in a single query; `None` if the link does not exist.
    async fn link_with_call(
        &mut self,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError>;
}

/// Writes links.
#[async_trait]
pub trait LinkRepository: LinkReader {
    /// Creates a link, unless its room has one, of any epoch, or another room has its zkparams. A
    /// link past its `delete_at` does not count and is removed. A room whose link was deleted
    /// accepts, until the `delete_at` of that link, only the same passkey and zkparams.
    async fn create_link(
        &mut self,
        link: &CallLinkRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<CreateLinkOutcome, StoreError>;

    /// Changes a link if the passkey is right. The restrictions do not change during a call, unless
    /// the update ends the call; the same restrictions are no change. An update that ends the call
    /// removes its record.
    async fn update_link(
        &mut self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        update: &LinkUpdate,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<UpdateLinkOutcome, StoreError>;

    /// Deletes a link with its approvals if the passkey is right, unless it has a call. With
    /// `end_call` it deletes the record of the call too.
    async fn delete_link(
        &mut self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        end_call: bool,
        now: Timestamp,
    ) -> Result<DeleteLinkOutcome, StoreError>;

    /// Deletes up to `limit` links that are past their `delete_at`, and up to `limit` records of
    /// deleted links. Returns the number of links.
    async fn purge_links(&mut self, now: Timestamp, limit: NonZeroU32) -> Result<u64, StoreError>;
}

/// Reads the approvals of users.
#[async_trait]
pub trait ApprovalReader: Send {
    /// Reads the approved users of a room's link, in no particular order; empty also if the link
    /// does not exist.
    async fn approved_users(&mut self, room: &OpaqueRoomId) -> Result<Vec<UserId>, StoreError>;
}

/// Writes the approvals of users.
#[async_trait]
pub trait ApprovalRepository: ApprovalReader {
    /// Approves a user for a room's link. Returns whether the approval is new; `false` also if the
    /// link does not exist.
    async fn add_approval(
        &mut self,
        room: &OpaqueRoomId,
        user: &UserId,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Removes the approval of a user. Returns whether it existed.
    async fn remove_approval(
        &mut self,
        room: &OpaqueRoomId,
        user: &UserId,
    ) -> Result<bool, StoreError>;

    /// Replaces the approved users of a room's link. Returns whether the link exists. Repeated
    /// users count once.
    async fn replace_approvals(
        &mut self,
        room: &OpaqueRoomId,
        users: &[UserId],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;
}

/// Reads the records of calls.
#[async_trait]
pub trait CallReader: Send {
    /// Reads the call in a room.
    async fn call(
        &mut self,
        key: &CallKey,
        now: Timestamp,
    ) -> Result<Option<CallRecord>, StoreError>;

    /// Reads the call records of a node, live or not, in no particular order.
    async fn calls_of_node(&mut self, node: &NodeName) -> Result<Vec<CallRecord>, StoreError>;

    /// Reads up to `limit` records whose lease is over, the oldest first.
    async fn lapsed_calls(
        &mut self,
        now: Timestamp,
        limit: NonZeroU32,
    ) -> Result<Vec<CallRecord>, StoreError>;

    /// Reads a page of all records, live or not, of up to `limit` records. A record that exists
    /// from the first page to the last is on one of them.
    async fn calls(
        &mut self,
        after: Option<CallCursor>,
        limit: NonZeroU32,
    ) -> Result<CallPage, StoreError>;
}

/// Changes the records of calls.
#[async_trait]
pub trait CallRepository: CallReader {
    /// Renews the lease of an era, if the room's record still names this era and node. Returns
    /// whether it does; if not, the call is lost. A lease that is over can be renewed if no other
    /// node has taken the room.
    async fn renew_era(
        &mut self,
        key: &CallKey,
        era: EraId,
        node: &NodeName,
        lease_until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes the record of an era, if the room's record still names this era. Returns whether it
    /// did.
    async fn end_era(&mut self, key: &CallKey, era: EraId) -> Result<bool, StoreError>;

    /// Shortens leases that last beyond `latest`, which a clock that was ahead has written. Returns
    /// their number.
    async fn trim_leases(&mut self, latest: Timestamp) -> Result<u64, StoreError>;

    /// Removes up to `limit` records whose lease is over. Returns their number.
    async fn remove_lapsed_calls(
        &mut self,
        now: Timestamp,
        limit: NonZeroU32,
    ) -> Result<u64, StoreError>;
}

/// Starts eras of calls, which changes the link too.
#[async_trait]
pub trait EraRepository: CallRepository {
    /// Starts an era, unless the room has one. A link's room needs an open link of this epoch,
    /// whose expiration is reset. For a group's room `epoch` has no effect.
    async fn start_era(
        &mut self,
        call: &CallRecord,
        epoch: Option<Epoch>,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<StartEraOutcome, StoreError>;

    /// Removes the record of an era that did not start, if the room's record still names this era,
    /// and restores the link's expiration. Returns whether it did.
    async fn abandon_era(
        &mut self,
        key: &CallKey,
        era: EraId,
        expiration_change: Option<ExpirationChange>,
    ) -> Result<bool, StoreError>;
}
