//! The calls and the lobbies of this node.
//!
//! Each room with a client has one task that drives the state machine ([`actor`]). An era starts
//! when a device becomes active. From then on a second task renews the call's record and writes the
//! facts that the database keeps ([`keeper`]). Before that nothing is stored, and the first task
//! itself reads the room from the database ([`opening`]). Every message reaches a room through its
//! inbox, which is bounded: a client that floods a call waits for room in it.

mod actor;
mod end;
mod keeper;
mod opening;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
    time::Duration,
};

use anteroom_call::{Command, ConnectionId, Join, OpaqueUserId};
use anteroom_service::{OperationOutcome, Problem, RunningOperation, problems};
use anteroom_store::{CallEra, CallRecord, LinkAddress, OpaqueRoomId};
use rand_core::Rng as _;
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use self::{actor::Actor, end::EndSignal};
use crate::{Node, peek::Present, rooms::Core, socket::outbox::Outbox};

/// The maximum number of messages that wait for a call.
const INBOX: usize = 256;
/// The maximum wait for the end of a call.
const ENDING: Duration = Duration::from_secs(5);

/// A message to a room's task.
pub(crate) enum ToCall {
    Join {
        /// Boxed, because it is the largest variant and not the most frequent one.
        join: Box<Join>,
        outbox: Outbox,
        /// Receives the outcome of the join. Dropped if the call has ended.
        taken: oneshot::Sender<Taken>,
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
    Look(Looked),
    Peek {
        user: OpaqueUserId,
        /// Whether the link is open for joins.
        link_is_open: bool,
        reply: oneshot::Sender<Present>,
    },
}

/// Signals that the call knows the stored link. Dropped if the link cannot be read.
pub(crate) type Looked = oneshot::Sender<()>;

/// The outcome of a join.
pub(crate) enum Taken {
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
pub(crate) struct Handle {
    era: CallEra,
    inbox: mpsc::Sender<ToCall>,
    /// Signals the room's task to end the call.
    end: Arc<EndSignal>,
    /// Whether the call is over and its record is removed.
    finished: watch::Receiver<bool>,
}

impl Handle {
    /// Gives the join to the call. Returns `None` if the call has ended.
    pub(crate) async fn join(&self, join: Join, outbox: Outbox) -> Option<Taken> {
        let (taken, answer) = oneshot::channel();
        let message = ToCall::Join {
            join: Box::new(join),
            outbox,
            taken,
        };
        self.inbox.send(message).await.ok()?;
        answer.await.ok()
    }

    /// Sends the call a message. Returns `false` if the call has ended.
    pub(crate) async fn send(&self, message: ToCall) -> bool {
        self.inbox.send(message).await.is_ok()
    }

    /// Returns whether the call still accepted messages a moment ago.
    pub(crate) fn is_open(&self) -> bool {
        !self.inbox.is_closed()
    }

    /// Lets the call read the stored link, which another node may have changed. Later messages are
    /// decided by that link. Returns whether the link could be read.
    pub(crate) async fn look(&self) -> bool {
        let (looked, answer) = oneshot::channel();
        self.send(ToCall::Look(looked)).await && answer.await.is_ok()
    }

    /// Completes when the call is over and another can start in the room.
    pub(crate) async fn finished(&self) {
        // An error means that the call's tasks have ended, so that the call is over too.
        let _ = self.finished.clone().wait_for(|finished| *finished).await;
    }
}

type Slot = Arc<Mutex<Option<Handle>>>;

/// The calls of this node, by room.
#[derive(Default)]
pub(crate) struct Calls {
    /// A lock on a room's slot is held while its task starts or ends.
    slots: SyncMutex<HashMap<OpaqueRoomId, Slot>>,
    closing: CancellationToken,
}

impl Calls {
    /// Returns the task of a link's room, and starts it if there is none.
    ///
    /// # Errors
    /// 503 when the node stops.
    pub(crate) async fn enter(
        &self,
        core: &Arc<Core>,
        address: &LinkAddress,
    ) -> Result<Handle, Problem> {
        let slot = self.slot(&address.room);
        let mut call = slot.lock().await;
        if let Some(handle) = &*call {
            return Ok(handle.clone());
        }
        if self.closing.is_cancelled() {
            drop(call);
            self.forget(&address.room, &slot);
            return Err(Problem::new(&problems::UNAVAILABLE));
        }
        let handle = spawn(core, address, &slot);
        *call = Some(handle.clone());
        // `close` may have run before this call was in its slot, and not have ended it.
        if self.closing.is_cancelled() {
            handle.end.stop();
        }
        Ok(handle)
    }

    /// Returns the members of the call as `user` may see them; `None` if this node does not have
    /// the call.
    pub(crate) async fn present(
        &self,
        call: &CallRecord,
        user: &OpaqueUserId,
        link_is_open: bool,
    ) -> Option<Present> {
        let handle = self.running(call.key.room()).await?;
        if handle.era != call.era {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        let user = user.clone();
        let peek = ToCall::Peek {
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
        let slots: Vec<Slot> = self.slots().values().map(Arc::clone).collect();
        let mut ending = Vec::new();
        for slot in slots {
            if let Some(handle) = slot.lock().await.clone() {
                handle.end.stop();
                ending.push(handle);
            }
        }
        for handle in ending {
            handle.finished().await;
        }
    }

    /// Drops the slots of rooms that have no call and no user.
    pub(crate) fn sweep(&self) {
        self.slots().retain(|_, slot| {
            let used = Arc::strong_count(slot) > 1;
            used || slot.try_lock().map_or(true, |call| call.is_some())
        });
    }

    async fn running(&self, room: &OpaqueRoomId) -> Option<Handle> {
        let slot = self.slots().get(room).map(Arc::clone)?;
        let handle = slot.lock().await;
        handle.clone()
    }

    fn slot(&self, room: &OpaqueRoomId) -> Slot {
        Arc::clone(self.slots().entry(room.clone()).or_default())
    }

    /// Drops the slot of a room without a call, unless another task uses it.
    fn forget(&self, room: &OpaqueRoomId, slot: &Slot) {
        let mut slots = self.slots();
        // The map holds one reference, and the caller another.
        let unused = Arc::strong_count(slot) <= 2;
        if unused && slot.try_lock().is_ok_and(|call| call.is_none()) {
            slots.remove(room);
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<OpaqueRoomId, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the task of a room.
fn spawn(core: &Arc<Core>, address: &LinkAddress, slot: &Slot) -> Handle {
    let mut era = [0; 16];
    core.entropy.rng().fill_bytes(&mut era);
    let era = CallEra::from_bytes(era);
    let (inbox, messages) = mpsc::channel(INBOX);
    let (finish, finished) = watch::channel(false);
    let end = Arc::<EndSignal>::default();
    let actor = Actor::new(core, address.clone(), era, messages, Arc::clone(&end));
    let (core, slot, room) = (Arc::clone(core), Arc::clone(slot), address.room.clone());
    tokio::spawn(async move {
        actor.run().await;
        *slot.lock().await = None;
        core.calls.forget(&room, &slot);
        // A failure to send means that no task waits for the end.
        let _ = finish.send(true);
    });
    Handle {
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
        let (slot, other) = (calls.slot(&room), calls.slot(&room));
        // Another task is about to use the slot. Without it, that task would start a second call
        // beside the first.
        calls.forget(&room, &slot);
        calls.sweep();
        assert!(Arc::ptr_eq(&slot, &calls.slot(&room)));
        drop(other);
        calls.sweep();
        assert_eq!(calls.slots().len(), 1);
        calls.forget(&room, &slot);
        assert_eq!(calls.slots().len(), 0);
        // The slot remains after a read-only use.
        drop(calls.slot(&room));
        calls.sweep();
        assert_eq!(calls.slots().len(), 0);
    }
}
