//! The room service's transactions. Each method calls a function of its table's module.

use std::num::NonZeroU32;

use anteroom_protocol::{EraId, ParamsId, Timestamp};
use anteroom_store::{
    CallCursor, CallKey, CallLinkRecord, CallPage, CallRecord, CreateLinkOutcome,
    DeleteLinkOutcome, Epoch, ExpirationChange, LinkAddress, LinkCursor, LinkPage, LinkUpdate,
    LinkWithCall, NodeName, OpaqueRoomId, PasskeyHash, RoomsCounts, RoomsReader, RoomsRepository,
    ServerParamsKind, ServerParamsRecord, StartEraOutcome, StoreError, StoredServerParams,
    UpdateLinkOutcome, UserId,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{RoomsSchema, approvals, calls, eras, links, overview};
use crate::{database::SqliteTransaction, row::invalid, server_params};

#[async_trait]
impl RoomsReader for SqliteTransaction<RoomsSchema> {
    async fn link(
        &mut self,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<CallLinkRecord>, StoreError> {
        links::one(&mut self.keyed, address, now).await
    }

    async fn link_with_call(
        &mut self,
        address: &LinkAddress,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError> {
        links::one_with_call(&mut self.keyed, address, now).await
    }

    async fn link_of_room(
        &mut self,
        room: &OpaqueRoomId,
        now: Timestamp,
    ) -> Result<Option<LinkWithCall>, StoreError> {
        overview::link_of_room(&mut self.keyed, room, now).await
    }

    async fn links(
        &mut self,
        after: Option<LinkCursor>,
        limit: NonZeroU32,
        now: Timestamp,
    ) -> Result<LinkPage, StoreError> {
        overview::links(&mut self.keyed, after, limit, now).await
    }

    async fn newest_link(&mut self) -> Result<Option<Timestamp>, StoreError> {
        overview::newest_link(&mut self.keyed).await
    }

    async fn counts(&mut self, now: Timestamp) -> Result<RoomsCounts, StoreError> {
        overview::counts(&mut self.keyed, now).await
    }

    async fn approved_users(&mut self, room: &OpaqueRoomId) -> Result<Vec<UserId>, StoreError> {
        approvals::of_room(&mut self.keyed, room).await
    }

    async fn call(
        &mut self,
        key: &CallKey,
        now: Timestamp,
    ) -> Result<Option<CallRecord>, StoreError> {
        calls::live(&mut self.keyed, key, now).await
    }

    async fn calls_of_node(&mut self, node: &NodeName) -> Result<Vec<CallRecord>, StoreError> {
        calls::of_node(&mut self.keyed, node).await
    }

    async fn lapsed_calls(
        &mut self,
        now: Timestamp,
        limit: NonZeroU32,
    ) -> Result<Vec<CallRecord>, StoreError> {
        calls::lapsed(&mut self.keyed, now, limit).await
    }

    async fn calls(
        &mut self,
        after: Option<CallCursor>,
        limit: NonZeroU32,
    ) -> Result<CallPage, StoreError> {
        calls::page(&mut self.keyed, after, limit).await
    }

    async fn server_params(&mut self) -> Result<Vec<ServerParamsRecord>, StoreError> {
        server_params::all(&mut self.keyed).await
    }

    async fn stored_server_params(&mut self) -> Result<StoredServerParams, StoreError> {
        server_params::stored(&mut self.keyed).await
    }
}

#[async_trait]
impl RoomsRepository for SqliteTransaction<RoomsSchema> {
    async fn create_link(
        &mut self,
        link: &CallLinkRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<CreateLinkOutcome, StoreError> {
        links::create(&mut self.keyed, link, rng).await
    }

    async fn update_link(
        &mut self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        update: &LinkUpdate,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<UpdateLinkOutcome, StoreError> {
        links::update(&mut self.keyed, address, passkey, update, now, rng).await
    }

    async fn delete_link(
        &mut self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        end_call: bool,
        now: Timestamp,
    ) -> Result<DeleteLinkOutcome, StoreError> {
        links::delete(&mut self.keyed, address, passkey, end_call, now).await
    }

    async fn purge_links(&mut self, now: Timestamp, limit: NonZeroU32) -> Result<u64, StoreError> {
        links::purge(&mut self.keyed, now, limit).await
    }

    async fn add_approval(
        &mut self,
        room: &OpaqueRoomId,
        user: &UserId,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError> {
        approvals::add(&mut self.keyed, room, user, rng).await
    }

    async fn remove_approval(
        &mut self,
        room: &OpaqueRoomId,
        user: &UserId,
    ) -> Result<bool, StoreError> {
        approvals::remove(&mut self.keyed, room, user).await
    }

    async fn replace_approvals(
        &mut self,
        room: &OpaqueRoomId,
        users: &[UserId],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError> {
        approvals::replace(&mut self.keyed, room, users, rng).await
    }

    async fn start_era(
        &mut self,
        call: &CallRecord,
        epoch: Option<Epoch>,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<StartEraOutcome, StoreError> {
        eras::start(&mut self.keyed, call, epoch, now, rng).await
    }

    async fn renew_era(
        &mut self,
        key: &CallKey,
        era: EraId,
        node: &NodeName,
        lease_until: Timestamp,
    ) -> Result<bool, StoreError> {
        calls::renew(&mut self.keyed, key, era, node, lease_until).await
    }

    async fn end_era(&mut self, key: &CallKey, era: EraId) -> Result<bool, StoreError> {
        calls::end(&mut self.keyed, key, era).await
    }

    async fn abandon_era(
        &mut self,
        key: &CallKey,
        era: EraId,
        expiration_change: Option<ExpirationChange>,
    ) -> Result<bool, StoreError> {
        eras::abandon(&mut self.keyed, key, era, expiration_change).await
    }

    async fn trim_leases(&mut self, latest: Timestamp) -> Result<u64, StoreError> {
        calls::trim_leases(&mut self.keyed, latest).await
    }

    async fn remove_lapsed_calls(
        &mut self,
        now: Timestamp,
        limit: NonZeroU32,
    ) -> Result<u64, StoreError> {
        calls::remove_lapsed(&mut self.keyed, now, limit).await
    }

    async fn add_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        if record.kind != ServerParamsKind::Generic {
            return Err(invalid("server_params", "kind"));
        }
        server_params::add(&mut self.keyed, record, rng).await
    }

    async fn replace_server_params(
        &mut self,
        record: &ServerParamsRecord,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool, StoreError> {
        if record.kind != ServerParamsKind::Generic {
            return Err(invalid("server_params", "kind"));
        }
        server_params::replace(&mut self.keyed, record, rng).await
    }

    async fn end_server_params(
        &mut self,
        id: ParamsId,
        not_after: Timestamp,
    ) -> Result<bool, StoreError> {
        server_params::end(&mut self.keyed, id, not_after).await
    }

    async fn save(self: Box<Self>) -> Result<(), StoreError> {
        self.keyed.transaction.commit().await
    }
}
