//! The calls and the lobbies of this node.
//!
//! Each room with a client has one task that drives the state machine ([`actor`]). An era starts
//! when a device becomes active. From then on a second task renews the call's record and writes the
//! facts that the database keeps ([`lease`]). Before that nothing is stored, and the first task
//! itself reads the room from the database ([`opening`]). Every message reaches a room through its
//! inbox, which is bounded: a client that floods a call waits for room in it.

mod actor;
mod end;
mod lease;
mod opening;
pub(crate) mod outbound;
pub(crate) mod send_queue;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
    time::Duration,
};

use anteroom_call::{Command, ConnectionId, Join};
use anteroom_http_server::{Problem, problems};
use anteroom_protocol::{EraId, OpaqueUserId};
use anteroom_runtime::{OperationOutcome, RunningOperation};
use anteroom_store::{CallRecord, LinkAddress, OpaqueRoomId};
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use self::{actor::CallActor, end::EndSignal};
use crate::{
    Node, domain::calls::send_queue::SendQueue, domain::participants::PeekParticipants,
    state::RoomsState,
};

/// The maximum number of messages that wait for a call.
const INBOX: usize = 256;
/// The maximum wait for the end of a call.
const ENDING: Duration = Duration::from_secs(5);

/// A message to a room's task.
pub(crate) enum CallMessage {
    Join {
        /// Boxed, because it is the largest variant and not the most frequent one.
        join: Box<Join>,
        send_queue: SendQueue,
        /// Receives the outcome of the join. Dropped if the call has ended.
        reply: oneshot::Sender<CallJoinOutcome>,
    },
    Command {
        connection: ConnectionId,
        command: Command,
        /// Ended with the outcome that the call reports.
        operation: Option<RunningOperation>,
    },
    Disconnected {
        connection: ConnectionId,
    },
    /// Reads the stored link, and signals the caller once the call knows it.
    Look(LookReply),
    Peek {
        user: OpaqueUserId,
        /// Whether the link is open for joins.
        link_is_open: bool,
        reply: oneshot::Sender<PeekParticipants>,
    },
}

/// Signals that the call knows the stored link. Dropped if the link cannot be read.
pub(crate) type LookReply = oneshot::Sender<()>;

/// The outcome of a join.
pub(crate) enum CallJoinOutcome {
    /// The call has handled the join and answers it.
    Here {
        /// Whether the device joined as an admin.
        is_admin: bool,
        /// The outcome by the call's answer.
        outcome: OperationOutcome,
    },
    /// Another node has the room's call.
    Elsewhere(Box<Node>),
    UnknownLink,
    /// The link is closed, and the room has no members.
    Closed,
    /// The user has joined the lobby too often.
    RateLimited,
    /// The database does not answer.
    Unavailable,
}

/// A room with a client, at this node. Clones are the same room.
#[derive(Clone)]
pub(crate) struct CallHandle {
    era: EraId,
    inbox: mpsc::Sender<CallMessage>,
    /// Signals the room's task to end the call.
    end: Arc<EndSignal>,
    /// Whether the call is over and its record is removed.
    finished: watch::Receiver<bool>,
}

impl CallHandle {
    /// Gives the join to the call. Returns `None` if the call has ended.
    pub(crate) async fn join(&self, join: Join, send_queue: SendQueue) -> Option<CallJoinOutcome> {
        let (reply, answer) = oneshot::channel();
        let message = CallMessage::Join {
            join: Box::new(join),
            send_queue,
            reply,
        };
        self.inbox.send(message).await.ok()?;
        answer.await.ok()
    }

    /// Sends the call a message. Returns `false` if the call has ended.
    pub(crate) async fn send(&self, message: CallMessage) -> bool {
        self.inbox.send(message).await.is_ok()
    }

    /// Returns whether the call still accepted messages a moment ago.
    pub(crate) fn is_open(&self) -> bool {
        !self.inbox.is_closed()
    }

    /// Lets the call read the stored link, which another node may have changed. Later messages are
    /// decided by that link. Returns whether the link could be read.
    pub(crate) async fn look(&self) -> bool {
        let (reply, answer) = oneshot::channel();
        self.send(CallMessage::Look(reply)).await && answer.await.is_ok()
    }

    /// Completes when the call is over and another can start in the room.
    pub(crate) async fn finished(&self) {
        // An error means that the call's tasks have ended, so that the call is over too.
        let _ = self.finished.clone().wait_for(|finished| *finished).await;
    }
}

/// The call of a room, if it has one.
type RoomEntry = Arc<Mutex<Option<CallHandle>>>;

/// The calls of this node, by room.
#[derive(Default)]
pub(crate) struct Calls {
    /// A room's entry is locked while its task starts or ends.
    entries: SyncMutex<HashMap<OpaqueRoomId, RoomEntry>>,
    closing: CancellationToken,
}

impl Calls {
    /// Returns the task of a link's room, and starts it if there is none.
    ///
    /// # Errors
    /// 503 when the node stops.
    pub(crate) async fn enter(
        &self,
        state: &Arc<RoomsState>,
        address: &LinkAddress,
    ) -> Result<CallHandle, Problem> {
        let entry = self.entry(&address.room);
        let mut call = entry.lock().await;
        if let Some(handle) = &*call {
            return Ok(handle.clone());
        }
        if self.closing.is_cancelled() {
            drop(call);
            self.forget(&address.room, &entry);
            return Err(Problem::new(&problems::UNAVAILABLE));
        }
        let handle = spawn(state, address, &entry);
        *call = Some(handle.clone());
        // `close` may have run before this call was in its entry, and not have ended it.
        if self.closing.is_cancelled() {
            handle.end.stop();
        }
        Ok(handle)
    }

    /// Returns the members of the call as `user` may see them; `None` if this node does not have
    /// the call.
    pub(crate) async fn participants(
        &self,
        call: &CallRecord,
        user: &OpaqueUserId,
        link_is_open: bool,
    ) -> Option<PeekParticipants> {
        let handle = self.running(call.key.room()).await?;
        if handle.era != call.era {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        let user = user.clone();
        let peek = CallMessage::Peek {
            user,
            link_is_open,
            reply,
        };
        handle.send(peek).await;
        answer.await.ok()
    }

    /// Lets the room's task, if this node has one, read the link after it was changed or deleted.
    pub(crate) async fn link_changed(&self, room: &OpaqueRoomId) {
        if let Some(handle) = self.running(room).await {
            handle.look().await;
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
        let entries: Vec<RoomEntry> = self.entries().values().map(Arc::clone).collect();
        let mut ending = Vec::new();
        for entry in entries {
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
        self.entries().retain(|_, entry| {
            let used = Arc::strong_count(entry) > 1;
            used || entry.try_lock().map_or(true, |call| call.is_some())
        });
    }

    async fn running(&self, room: &OpaqueRoomId) -> Option<CallHandle> {
        let entry = self.entries().get(room).map(Arc::clone)?;
        let handle = entry.lock().await;
        handle.clone()
    }

    fn entry(&self, room: &OpaqueRoomId) -> RoomEntry {
        Arc::clone(self.entries().entry(room.clone()).or_default())
    }

    /// Drops the entry of a room without a call, unless another task uses it.
    fn forget(&self, room: &OpaqueRoomId, entry: &RoomEntry) {
        let mut entries = self.entries();
        // The map holds one reference, and the caller another.
        let unused = Arc::strong_count(entry) <= 2;
        if unused && entry.try_lock().is_ok_and(|call| call.is_none()) {
            entries.remove(room);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<OpaqueRoomId, RoomEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the task of a room.
fn spawn(state: &Arc<RoomsState>, address: &LinkAddress, entry: &RoomEntry) -> CallHandle {
    let era = EraId::random(&mut *state.entropy.rng());
    let (inbox, messages) = mpsc::channel(INBOX);
    let (finish, finished) = watch::channel(false);
    let end = Arc::<EndSignal>::default();
    let actor = CallActor::new(state, address.clone(), era, messages, Arc::clone(&end));
    let (state, entry, room) = (Arc::clone(state), Arc::clone(entry), address.room.clone());
    tokio::spawn(async move {
        actor.run().await;
        *entry.lock().await = None;
        state.calls.forget(&room, &entry);
        // A failure to send means that no task waits for the end.
        let _ = finish.send(true);
    });
    CallHandle {
        era,
        inbox,
        end,
        finished,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_go_with_their_last_user() {
        let calls = Calls::default();
        let room = OpaqueRoomId::parse("ab").unwrap();
        let (entry, other) = (calls.entry(&room), calls.entry(&room));
        // Another task is about to use the entry. Without it, that task would start a second call
        // beside the first.
        calls.forget(&room, &entry);
        calls.remove_finished();
        assert!(Arc::ptr_eq(&entry, &calls.entry(&room)));
        drop(other);
        calls.remove_finished();
        assert_eq!(calls.entries().len(), 1);
        calls.forget(&room, &entry);
        assert_eq!(calls.entries().len(), 0);
        // The entry remains after a read-only use.
        drop(calls.entry(&room));
        calls.remove_finished();
        assert_eq!(calls.entries().len(), 0);
    }
}
