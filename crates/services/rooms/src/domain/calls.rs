//! The calls and the lobbies of this node.
//!
//! Each room with a client has one task that drives the state machine ([`actor`]). An era starts
//! when a device becomes active. From then on a second task renews the call's record and writes the
//! facts that the database keeps ([`lease`]). Before that nothing is stored, and the first task
//! itself reads the room from the database. Every message reaches a room through its inbox, which
//! is bounded: a client that floods a call waits for room in it.

mod actor;
mod call_media;
mod commit_texts;
pub(crate) mod context;
pub(crate) mod handle;
mod lease;
pub(crate) mod outbound;
mod room_entries;
pub(crate) mod send_queue;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anteroom_call::PeekView;
use anteroom_protocol::{EraId, OpaqueUserId};
use anteroom_runtime::GuardedGauge;
use anteroom_store::{CallRecord, LinkAddress, OpaqueRoomId};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use self::{
    actor::CallActor,
    context::CallContext,
    handle::{CallHandle, CallMessage, EndSignal},
    room_entries::{RoomEntries, RoomEntry},
};

/// The maximum number of messages that wait for a call.
const INBOX: usize = 256;
/// The maximum wait for the end of a call.
const ENDING: Duration = Duration::from_secs(5);

/// The calls of this node, by room.
pub(crate) struct Calls {
    context: Arc<CallContext>,
    rooms: RoomEntries,
    closing: CancellationToken,
    /// The number of the next call in log lines.
    next_number: AtomicU64,
}

impl Calls {
    pub(crate) fn new(context: CallContext) -> Self {
        Self {
            context: Arc::new(context),
            rooms: RoomEntries::default(),
            closing: CancellationToken::new(),
            next_number: AtomicU64::new(1),
        }
    }

    /// The calls that this node has.
    pub(crate) fn live(&self) -> &GuardedGauge {
        &self.context.live
    }

    /// Returns the task of a link's room, and starts it if there is none. Returns `None` when the node
    /// stops.
    pub(crate) async fn handle_of(self: &Arc<Self>, address: &LinkAddress) -> Option<CallHandle> {
        let entry = self.rooms.entry(&address.room);
        let mut call = entry.lock().await;
        if let Some(handle) = &*call {
            return Some(handle.clone());
        }
        if self.closing.is_cancelled() {
            drop(call);
            self.rooms.forget(&address.room, &entry);
            return None;
        }
        let handle = self.spawn(address, &entry);
        *call = Some(handle.clone());
        // `close` may have run before this call was in its entry, and not have ended it.
        if self.closing.is_cancelled() {
            handle.end.stop();
        }
        Some(handle)
    }

    /// Returns the members of the call as `user` may see them; `None` if this node does not have
    /// the call.
    pub(crate) async fn peek(
        &self,
        call: &CallRecord,
        user: &OpaqueUserId,
        is_admitted: bool,
    ) -> Option<PeekView> {
        let handle = self.running(call.key.room()).await?;
        if handle.era != call.era {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        let user = user.clone();
        let peek = CallMessage::Peek {
            user,
            is_admitted,
            reply,
        };
        handle.send(peek).await;
        answer.await.ok()
    }

    /// Lets the room's task, if this node has one, read the link after it was changed or deleted.
    pub(crate) async fn link_changed(&self, room: &OpaqueRoomId) {
        if let Some(handle) = self.running(room).await {
            handle.refresh_link().await;
        }
    }

    /// Ends the call or lobby of the room at this node for all clients.
    pub(crate) async fn end(&self, room: &OpaqueRoomId) {
        if let Some(handle) = self.running(room).await {
            handle.end.dismiss();
            // A call whose tasks hang ends later. Its record is removed already.
            let _ = timeout(ENDING, handle.finished()).await;
        }
    }

    /// Completes when this node begins to stop.
    pub(crate) async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// Ends all calls and refuses new ones.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        let mut ending = Vec::new();
        for entry in self.rooms.all() {
            if let Some(handle) = entry.lock().await.clone() {
                handle.end.stop();
                ending.push(handle);
            }
        }
        for handle in ending {
            handle.finished().await;
        }
    }

    /// Drops the entries of rooms that have no call and no user.
    pub(crate) fn remove_finished(&self) {
        self.rooms.remove_finished();
    }

    async fn running(&self, room: &OpaqueRoomId) -> Option<CallHandle> {
        let entry = self.rooms.get(room)?;
        let handle = entry.lock().await;
        handle.clone()
    }

    /// Starts the task of a room.
    fn spawn(self: &Arc<Self>, address: &LinkAddress, entry: &RoomEntry) -> CallHandle {
        let context = &self.context;
        let era = EraId::random(&mut *context.rooms.entropy.rng());
        let (inbox, messages) = mpsc::channel(INBOX);
        let finished = CancellationToken::new();
        // Dropped with the task, so that a task that panics ends its call too.
        let finish = finished.clone().drop_guard();
        let end = Arc::<EndSignal>::default();
        let actor = CallActor::new(context, address.clone(), era, messages, Arc::clone(&end));
        let (calls, entry) = (Arc::clone(self), Arc::clone(entry));
        let room = address.room.clone();
        let span = self.next_span();
        let running = async move {
            actor.run().await;
            *entry.lock().await = None;
            calls.rooms.forget(&room, &entry);
            drop(finish);
        };
        tokio::spawn(running.instrument(span.clone()));
        CallHandle {
            era,
            inbox,
            end,
            finished,
            span,
        }
    }

    /// Returns the span of a new call. It is enabled at every level of the log, and belongs to no
    /// request. Its number counts the calls of this process, so that it tells nothing about the
    /// room.
    fn next_span(&self) -> Span {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        tracing::error_span!(parent: None, "call", number)
    }
}
