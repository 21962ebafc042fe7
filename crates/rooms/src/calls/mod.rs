//! The calls that this node has.
//!
//! Each call is one task that drives the state machine ([`actor`]) and one that keeps its record
//! alive and writes what must outlast it ([`keeper`]). Everything reaches a call through its inbox,
//! which is bounded: who floods a call waits for it.

mod actor;
mod keeper;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
    time::Duration,
};

use anteroom_call::{Command, ConnectionId, Join, LinkState, OpaqueUserId};
use anteroom_service::{Problem, problems};
use anteroom_store::{
    CallEra, CallKey, CallRecord, LinkAddress, OpaqueRoomId, StartEraOutcome, TransactionName,
    UserId,
};
use rand_core::Rng as _;
use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Node,
    peek::Present,
    rooms::{Core, failed, link_state},
    socket::outbox::Outbox,
};

/// How long a record holds without being renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// How often it is renewed.
pub(crate) const RENEWAL: Duration = Duration::from_secs(10);
/// How long a call may take to end when the node stops.
const CLOSING: Duration = Duration::from_secs(10);
/// Messages that may wait for a call.
const INBOX: usize = 256;

/// What a call is told.
pub(crate) enum ToCall {
    Join {
        join: Join,
        outbox: Outbox,
        /// Told once the call has taken the join; dropped if the call has ended.
        taken: oneshot::Sender<()>,
    },
    Command {
        connection: ConnectionId,
        command: Command,
    },
    Disconnected {
        connection: ConnectionId,
    },
    LinkChanged(LinkState),
    Peek {
        user: OpaqueUserId,
        reply: oneshot::Sender<Present>,
    },
}

/// A call of this node. Clones are the same call.
#[derive(Clone)]
pub(crate) struct Handle {
    era: CallEra,
    inbox: mpsc::Sender<ToCall>,
    /// Tells the call to send everybody away.
    end: Arc<Notify>,
    /// Whether the call is over and its record gone.
    finished: watch::Receiver<bool>,
}

impl Handle {
    /// Gives the join to the call; gives it back if the call has ended.
    pub(crate) async fn join(&self, join: Join, outbox: Outbox) -> bool {
        let (taken, answer) = oneshot::channel();
        let message = ToCall::Join {
            join,
            outbox,
            taken,
        };
        self.inbox.send(message).await.is_ok() && answer.await.is_ok()
    }

    /// Whether the call still takes messages.
    pub(crate) async fn send(&self, message: ToCall) -> bool {
        self.inbox.send(message).await.is_ok()
    }

    /// Completes when the call is over and another can start in the room.
    pub(crate) async fn finished(&self) {
        // An error means that the call's tasks are gone, which is an end too.
        let _ = self.finished.clone().wait_for(|finished| *finished).await;
    }
}

/// Where somebody who wants to join is to go.
pub(crate) enum Entry {
    Here(Handle),
    Elsewhere(Box<Node>),
    UnknownLink,
    Closed,
}

type Slot = Arc<Mutex<Option<Handle>>>;

/// The calls of this node by room.
#[derive(Default)]
pub(crate) struct Calls {
    /// A room's slot is locked while a call in it starts or ends.
    slots: SyncMutex<HashMap<OpaqueRoomId, Slot>>,
    closing: CancellationToken,
}

impl Calls {
    /// The call of a link's room; starts an era if none is on.
    ///
    /// # Errors
    /// What is gone for now.
    pub(crate) async fn enter(
        &self,
        core: &Arc<Core>,
        address: &LinkAddress,
        user: &OpaqueUserId,
    ) -> Result<Entry, Problem> {
        let slot = self.slot(&address.room);
        let mut call = slot.lock().await;
        if let Some(handle) = &*call {
            return Ok(Entry::Here(handle.clone()));
        }
        if self.closing.is_cancelled() {
            return Err(Problem::new(&problems::UNAVAILABLE));
        }
        let entry = start(core, address, user, &slot).await;
        match &entry {
            Ok(Entry::Here(handle)) => {
                *call = Some(handle.clone());
                // The closing may have begun in between and not have seen this call.
                if self.closing.is_cancelled() {
                    handle.end.notify_one();
                }
            }
            _ => {
                drop(call);
                self.forget(&address.room, &slot);
            }
        }
        entry
    }

    /// Who is in the call, as `user` may see it; `None` if this node does not have the call.
    pub(crate) async fn present(&self, call: &CallRecord, user: &OpaqueUserId) -> Option<Present> {
        let handle = self.running(call.key.room()).await?;
        if handle.era != call.era {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        let user = user.clone();
        handle.send(ToCall::Peek { user, reply }).await;
        answer.await.ok()
    }

    /// Tells the room's call, if this node has it, that its link has changed.
    pub(crate) async fn link_changed(&self, room: &OpaqueRoomId, link: LinkState) {
        if let Some(handle) = self.running(room).await {
            handle.send(ToCall::LinkChanged(link)).await;
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
        let ended = async {
            for slot in slots {
                let handle = slot.lock().await.clone();
                if let Some(handle) = handle {
                    handle.end.notify_one();
                    handle.finished().await;
                }
            }
        };
        if tokio::time::timeout(CLOSING, ended).await.is_err() {
            tracing::warn!("calls did not end in time");
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

/// Starts an era if the database says that none is on.
async fn start(
    core: &Arc<Core>,
    address: &LinkAddress,
    user: &OpaqueUserId,
    slot: &Slot,
) -> Result<Entry, Problem> {
    const LOOK: TransactionName = TransactionName::new("look at room");
    const NAME: TransactionName = TransactionName::new("start era");
    let now = core.now();
    let found = core.read(LOOK).await?.link_with_call(address, now).await;
    let Some(found) = found.map_err(failed)? else {
        return Ok(Entry::UnknownLink);
    };
    if let Some(node) = found
        .call
        .as_ref()
        .and_then(|call| core.owner_elsewhere(call))
    {
        return Ok(Entry::Elsewhere(Box::new(node)));
    }
    if !found.link.is_open(now) {
        return Ok(Entry::Closed);
    }

    let mut rng = core.entropy.rng();
    let mut era = [0; 16];
    rng.fill_bytes(&mut era);
    let record = CallRecord {
        key: CallKey::Link(address.room.clone()),
        era: CallEra::from_bytes(era),
        creator: UserId::parse(user.as_str()).map_err(|_| Problem::new(&problems::INTERNAL))?,
        node: core.node.clone(),
        media: None,
        started: now,
        lease_until: Some(now.plus(LEASE.as_secs())),
    };
    let mut transaction = core.begin(NAME).await?;
    if let Some(stale) = &found.call {
        // It names this node, which has no such call: a run before this one has left it.
        transaction
            .end_era(&stale.key, stale.era)
            .await
            .map_err(failed)?;
    }
    let outcome = transaction
        .start_era(&record, address.epoch, now, &mut *rng)
        .await;
    match outcome.map_err(failed)? {
        StartEraOutcome::Started {
            call,
            link: Some(link),
        } => {
            let approved = transaction.approved_users(&address.room).await;
            let approved = approved.map_err(failed)?;
            transaction.save().await.map_err(failed)?;
            core.emit("call.started", &address.room, |event| event);
            let approved = approved
                .iter()
                .filter_map(|user| OpaqueUserId::parse(user.as_str()).ok());
            let new = keeper::NewCall {
                record: call,
                address: address.clone(),
                link: link_state(&link),
                approved: approved.collect(),
            };
            Ok(Entry::Here(keeper::spawn(core, new, slot)))
        }
        StartEraOutcome::Running { call, .. } => match core.owner_elsewhere(&call) {
            Some(node) => Ok(Entry::Elsewhere(Box::new(node))),
            // Begun by a twin of this node.
            None => Err(Problem::new(&problems::UNAVAILABLE)),
        },
        StartEraOutcome::Started { link: None, .. } | StartEraOutcome::UnknownLink => {
            Ok(Entry::UnknownLink)
        }
        StartEraOutcome::ClosedLink(_) => Ok(Entry::Closed),
    }
}
