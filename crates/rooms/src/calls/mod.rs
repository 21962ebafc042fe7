//! The calls that this node has, and the lobbies of those to come.
//!
//! A room in which somebody is has one task that drives the state machine ([`actor`]). From the
//! start of the era, which is when somebody becomes active, there is a second one that keeps the
//! call's record alive and writes what must outlast the call ([`keeper`]); before that nothing is
//! stored, and the first task itself looks after the room ([`opening`]). Everything reaches a room
//! through its inbox, which is bounded: who floods a call waits for it.

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

/// Messages that may wait for a call.
const INBOX: usize = 256;
/// How long the end of a call is waited for.
const ENDING: Duration = Duration::from_secs(5);

/// What a room is told.
pub(crate) enum ToCall {
    Join {
        /// Boxed, for it is the largest and not the most frequent.
        join: Box<Join>,
        outbox: Outbox,
        /// Told what has become of the join; dropped if the call has ended.
        taken: oneshot::Sender<Taken>,
    },
    Command {
        connection: ConnectionId,
        command: Command,
        /// Ended with what the call says to it.
        operation: Option<RunningOperation>,
    },
    Disconnected {
        connection: ConnectionId,
    },
    /// Look at the link as it is stored; told when the call knows it.
    Look(Looked),
    Peek {
        user: OpaqueUserId,
        /// Whether the link lets anybody in.
        link_is_open: bool,
        reply: oneshot::Sender<Present>,
    },
}

/// Told once the call knows the link as it is stored; dropped if that cannot be read.
pub(crate) type Looked = oneshot::Sender<()>;

/// What has become of a join.
pub(crate) enum Taken {
    /// The call has taken it and answers it.
    Here {
        /// Whether it joined as an admin.
        is_admin: bool,
        /// The outcome by the call's answer.
        outcome: OperationOutcome,
    },
    /// Another node has the room's call.
    Elsewhere(Box<Node>),
    UnknownLink,
    /// The link is closed, and nobody is there.
    Closed,
    /// The user has come to the lobby too often.
    RateLimited,
    /// The database cannot say.
    Unavailable,
}

/// A room in which somebody is, at this node. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Handle {
    era: CallEra,
    inbox: mpsc::Sender<ToCall>,
    /// Tells the room to send everybody away.
    end: Arc<EndSignal>,
    /// Whether the call is over and its record gone.
    finished: watch::Receiver<bool>,
}

impl Handle {
    /// Gives the join to the call; `None` if the call has ended.
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

    /// Gives the call a message; `false` if it has ended.
    pub(crate) async fn send(&self, message: ToCall) -> bool {
        self.inbox.send(message).await.is_ok()
    }

    /// Whether the call still takes messages, as far as can be known.
    pub(crate) fn is_open(&self) -> bool {
        !self.inbox.is_closed()
    }

    /// Lets the call look at the link as it is stored, which another node may have changed: what
    /// comes after this is decided by what stood there. Says whether it could be read.
    pub(crate) async fn look(&self) -> bool {
        let (looked, answer) = oneshot::channel();
        self.send(ToCall::Look(looked)).await && answer.await.is_ok()
    }

    /// Completes when the call is over and another can start in the room.
    pub(crate) async fn finished(&self) {
        // An error means that the call's tasks are gone, which is an end too.
        let _ = self.finished.clone().wait_for(|finished| *finished).await;
    }
}

type Slot = Arc<Mutex<Option<Handle>>>;

/// The calls of this node by room.
#[derive(Default)]
pub(crate) struct Calls {
    /// A room's slot is locked while its task starts or ends.
    slots: SyncMutex<HashMap<OpaqueRoomId, Slot>>,
    closing: CancellationToken,
}

impl Calls {
    /// The task of a link's room; starts it if nobody is there.
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
        // The closing may have begun in between and not have seen this call.
        if self.closing.is_cancelled() {
            handle.end.stop();
        }
        Ok(handle)
    }

    /// Who is in the call, as `user` may see it; `None` if this node does not have the call.
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

    /// Lets whoever is in the room at this node know that its link has changed or is gone.
    pub(crate) async fn link_changed(&self, room: &OpaqueRoomId) {
        if let Some(handle) = self.running(room).await {
            handle.look().await;
        }
    }

    /// Sends everybody away who is in the room at this node, or waits there.
    pub(crate) async fn end(&self, room: &OpaqueRoomId) {
        if let Some(handle) = self.running(room).await {
            handle.end.dismiss();
            // A call whose tasks hang ends later: its record is gone already.
            let _ = timeout(ENDING, handle.finished()).await;
        }
    }

    /// Completes when the node begins to stop.
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

    /// Drops the slots of rooms without a call that nobody is about to use.
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

    /// Drops the slot of a room without a call, unless somebody is about to use it.
    fn forget(&self, room: &OpaqueRoomId, slot: &Slot) {
        let mut slots = self.slots();
        // One is in the map and one is the caller's.
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
        // Nobody may be waiting.
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
        // Another is about to use it, and would start a second call beside the first.
        calls.forget(&room, &slot);
        calls.sweep();
        assert!(Arc::ptr_eq(&slot, &calls.slot(&room)));
        drop(other);
        calls.sweep();
        assert_eq!(calls.slots().len(), 1);
        calls.forget(&room, &slot);
        assert_eq!(calls.slots().len(), 0);
        // Who only looked has left it.
        drop(calls.slot(&room));
        calls.sweep();
        assert_eq!(calls.slots().len(), 0);
    }
}
