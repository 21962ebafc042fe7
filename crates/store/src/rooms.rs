//! The room service's database, as the room service sees it.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::{ParamsId, Timestamp};
use async_trait::async_trait;
use rand_core::CryptoRng;

use crate::{
    availability::Availability,
    call_link::{
        CallLinkRecord, CreateLinkOutcome, DeleteLinkOutcome, Epoch, LinkAddress, LinkUpdate,
        OpaqueRoomId, UpdateLinkOutcome, UserId,
    },
    call_record::{
        CallCursor, CallEra, CallKey, CallPage, CallRecord, LinkWithCall, MovedExpiration,
        NodeName, StartEraOutcome,
    },
    error::StoreError,
    issuer::TransactionName,
    keys::{PasskeyHash, RoomsKeys},
    overview::{LinkCursor, RoomsCounts},
    server_params::{ServerParamsRecord, StoredServerParams},
};

/// The room service's database: where transactions begin.
///
/// A repository is one transaction. Dropped, it is rolled back; only [`RoomsRepository::save`]
/// makes its changes last.
#[async_trait]
pub trait RoomsDatabase: fmt::Debug + Send + Sync {
    /// Begins a transaction that may write.
    ///
    /// Writing transactions go one after the other, also over processes: what one reads stays
    /// true until it ends. Keep them short, and use [`Self::read`] where nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached or stays busy.
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn RoomsRepository>, StoreError>;

    /// Begins a transaction that only reads, from one consistent state. Writers do not hold it up.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached.
    async fn read(&self, name: TransactionName) -> Result<Box<dyn RoomsReader>, StoreError>;

    /// A link and the call that is on in its room; `None` if there is no such link.
    ///
    /// As [`RoomsReader::link_with_call`] in a transaction of its own. It is what most requests ask
    /// and nothing else, so a backend may have a shorter way for it.
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

    /// Whether the database can be read, and whether it saves changes: within two seconds, also when
    /// nothing else asks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Damaged`] if it cannot be read.
    async fn ready(&self) -> Result<Availability, StoreError>;

    /// The keys of this database that the service itself works with: passkey hashes, blind indexes
    /// and pseudonyms. They need no database at hand.
    ///
    /// Another process may make newer ones: ask again for each request. The transactions of this
    /// database notice them when they begin.
    fn service_keys(&self) -> RoomsKeys;
}

/// What can be read in a transaction. Absent rows are `Ok(None)` or an empty list.
///
/// `now` decides what has run out: a link at its `delete_at` is absent, and so is a call whose
/// lease is over.
///
/// All methods fail with [`StoreError::Unavailable`] or [`StoreError::Database`] if the database
/// does, and with [`StoreError::Sealed`] or [`StoreError::InvalidValue`] for a row that is not as
/// it was written.
#[async_trait]
pub trait RoomsReader: Send {
    /// A link.
    async fn link(
        &mut self,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<CallLinkRecord>, StoreError>;

    /// A link and the call that is on in its room, in a single query; `None` if there is no such
    /// link.
    async fn link_with_call(
        &mut self,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError>;

    /// The link of a room, of whatever epoch, and the call that is on there; `None` if the room has no
    /// link.
    async fn link_of_room(
        &mut self,
        room: &OpaqueRoomId,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError>;

    /// All links with the calls that are on in their rooms, in parts of up to `limit`. A link that
    /// stands from the first part to the last is in one of them.
    async fn links(
        &mut self,
        after: Option<LinkCursor>,
        limit: NonZeroU32,
        now: Timestamp,
    ) -> Result<LinkPage, StoreError>;

    /// When the newest link was created; `None` without any link.
    async fn newest_link(&mut self) -> Result<Option<Timestamp>, StoreError>;

    /// Counts the rows that count at `now`.
    async fn counts(&mut self, now: Timestamp) -> Result<RoomsCounts, StoreError>;

    /// The users who are approved for a room's link, in no particular order; empty also if there
    /// is no such link.
    async fn approved_users(&mut self, room: &OpaqueRoomId) -> Result<Vec<UserId>, StoreError>;

    /// The call that is on in a room.
    async fn call(
        &mut self,
        key: &CallKey,
        now: Timestamp,
    ) -> Result<Option<CallRecord>, StoreError>;

    /// The records of a node, live or not, in no particular order.
    async fn calls_of_node(&mut self, node: &NodeName) -> Result<Vec<CallRecord>, StoreError>;

    /// Up to `limit` records whose lease is over, the oldest first.
    async fn lapsed_calls(
        &mut self,
        now: Timestamp,
        limit: NonZeroU32,
    ) -> Result<Vec<CallRecord>, StoreError>;

    /// All records, live or not, in parts of up to `limit`. A record that stands from the first
    /// part to the last is in one of them.
    async fn calls(
        &mut self,
        after: Option<CallCursor>,
        limit: NonZeroU32,
    ) -> Result<CallPage, StoreError>;

    /// All server params, live or not, by ascending start of validity.
    async fn server_params(&mut self) -> Result<Vec<ServerParamsRecord>, StoreError>;

    /// The same, with damaged ones apart instead of an error.
    async fn stored_server_params(&mut self) -> Result<StoredServerParams, StoreError>;
}

/// A part of all links.
#[derive(Clone, Debug)]
pub struct LinkPage {
    /// The links.
    pub links: Vec<LinkWithCall>,
    /// Where the next part begins; `None` after the last.
    pub next: Option<LinkCursor>,
}

/// What can be changed in a transaction: nothing lasts until [`Self::save`].
///
/// `rng` gives the nonces of sealed values. An outcome other than success has changed nothing, and
/// errors that are named do not spoil the transaction.
#[async_trait]
pub trait RoomsRepository: RoomsReader {
    /// Creates a link, unless its room has one, of whatever epoch, or another room has its
    /// zkparams. One that is past its `delete_at` does not count and goes. A room whose link was
    /// deleted takes until then only one of the same passkey and zkparams.
    ///
    /// # Errors
    /// Only those of the database.
    async fn create_link(
        &mut self,
        link: &CallLinkRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<CreateLinkOutcome, StoreError>;

    /// Changes a link for whoever has its passkey. The restrictions do not change while a call is
    /// on, unless the update ends it; naming those it has already is no change. An update that ends
    /// the call removes its record.
    ///
    /// # Errors
    /// Only those of the database.
    async fn update_link(
        &mut self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        update: &LinkUpdate,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<UpdateLinkOutcome, StoreError>;

    /// Deletes a link with its approvals, for whoever has its passkey, unless a call is on. With
    /// `end_call` the record of the call goes too.
    ///
    /// # Errors
    /// Only those of the database.
    async fn delete_link(
        &mut self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        end_call: bool,
        now: Timestamp,
    ) -> Result<DeleteLinkOutcome, StoreError>;

    /// Deletes up to `limit` links, and up to as many traces of deleted ones, that are past their
    /// `delete_at`, and says how many there were.
    ///
    /// # Errors
    /// Only those of the database.
    async fn purge_links(&mut self, now: Timestamp, limit: NonZeroU32) -> Result<u64, StoreError>;

    /// Approves a user for a room's link, and says whether that was news: `false` also if there is
    /// no such link.
    ///
    /// # Errors
    /// Only those of the database.
    async fn add_approval(
        &mut self,
        room: &OpaqueRoomId,
        user: &UserId,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Forgets that a user is approved, and says whether it was known.
    ///
    /// # Errors
    /// Only those of the database.
    async fn remove_approval(
        &mut self,
        room: &OpaqueRoomId,
        user: &UserId,
    ) -> Result<bool, StoreError>;

    /// Makes these the approved users of a room's link, and no others; says whether there is such
    /// a link. Repeated users count once.
    ///
    /// # Errors
    /// Only those of the database.
    async fn replace_approvals(
        &mut self,
        room: &OpaqueRoomId,
        users: &[UserId],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Starts an era, unless one is on in the room. In a link's room it takes an open link of this
    /// epoch, and resets its expiration; for a group's room `epoch` means nothing.
    ///
    /// # Errors
    /// Only those of the database.
    async fn start_era(
        &mut self,
        call: &CallRecord,
        epoch: Option<Epoch>,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<StartEraOutcome, StoreError>;

    /// Renews the lease of an era, if the room's record still names this era and node; says
    /// whether it does. If not, the call is lost. A lease that is over but that nobody has taken
    /// can be renewed.
    ///
    /// # Errors
    /// Only those of the database.
    async fn renew_era(
        &mut self,
        key: &CallKey,
        era: CallEra,
        node: &NodeName,
        lease_until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes the record of an era, if the room's record still names this era; says whether it
    /// did.
    ///
    /// # Errors
    /// Only those of the database.
    async fn end_era(&mut self, key: &CallKey, era: CallEra) -> Result<bool, StoreError>;

    /// Removes the record of an era that has not come about, if the room's record still names this
    /// era, and gives the link its expiration back; says whether it did.
    ///
    /// # Errors
    /// Only those of the database.
    async fn abandon_era(
        &mut self,
        key: &CallKey,
        era: CallEra,
        moved: Option<MovedExpiration>,
    ) -> Result<bool, StoreError>;

    /// Ends leases at `latest` that would last longer, which a clock that was ahead has written;
    /// says how many there were.
    ///
    /// # Errors
    /// Only those of the database.
    async fn trim_leases(&mut self, latest: Timestamp) -> Result<u64, StoreError>;

    /// Removes up to `limit` records whose lease is over, and says how many there were.
    ///
    /// # Errors
    /// Only those of the database.
    async fn remove_lapsed_calls(
        &mut self,
        now: Timestamp,
        limit: NonZeroU32,
    ) -> Result<u64, StoreError>;

    /// Adds server params, which can only be generic ones.
    ///
    /// # Errors
    /// [`StoreError::ServerParamsExist`] if params of this id are stored already,
    /// [`StoreError::InvalidValue`] for group params.
    async fn add_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError>;

    /// Writes server params, which can only be generic ones, over the row of the same id, whose
    /// content is damaged; says whether there was such a row.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for group params.
    async fn replace_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError>;

    /// Sets the first moment at which server params no longer hold, unless an earlier one is set
    /// already; says whether that was news.
    ///
    /// # Errors
    /// Only those of the database.
    async fn end_server_params(
        &mut self,
        id: ParamsId,
        not_after: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends the transaction: all its changes last from here on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Database`]: then none of them do.
    async fn save(self: Box<Self>) -> Result<(), StoreError>;
}
