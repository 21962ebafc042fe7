//! A room before its era starts: the checks of the database, and the start.

use std::sync::Arc;

use anteroom_call::{Call, Input, Join};
use anteroom_protocol::{EraId, OpaqueUserId};
use anteroom_runtime::ClientAddress;
use anteroom_store::{CallKey, CallLinkRecord, CallRecord, LinkAddress, StartEraOutcome, UserId};
use tokio::sync::watch;

use super::CallActor;
use crate::{
    Node,
    domain::{
        calls::{
            context::CallContext,
            lease::{self, Generation, LeaseTask},
        },
        failure::{DecisionFailure, JoinRefusal},
        link_state::link_state,
    },
};

impl CallActor {
    /// Checks and refreshes the room before a join, counts a guest, and starts the era if this join starts it.
    ///
    /// # Errors
    /// The join is refused, or belongs to another node.
    pub(super) async fn prepare_join(
        &mut self,
        join: &Join,
        client: ClientAddress,
    ) -> Result<(), JoinRefusal> {
        let room = read_idle_room(&self.context, &self.address).await;
        let room = self.end_if_gone(room).await?;
        // A closed link does not refuse a room that has members: one of them may resume.
        if self.call.is_none() && !room.link.is_open(self.context.rooms.now()) {
            self.over = true;
            return Err(JoinRefusal::Closed);
        }
        self.refresh(&room).await;
        if self.is_over() {
            return Ok(());
        }
        // A guest that is refused starts no era.
        self.count_guest(join, client).await?;
        let call = self.call.as_ref();
        if call.is_some_and(|call| call.would_start(join)) {
            self.start(&join.user, &room).await?;
        }
        Ok(())
    }

    /// Ends the room after a check or a start that found that its link is gone or that another node
    /// has its call.
    async fn end_if_gone<T>(&mut self, found: Result<T, JoinRefusal>) -> Result<T, JoinRefusal> {
        match &found {
            Err(JoinRefusal::Elsewhere(node)) => self.move_to(node),
            Err(JoinRefusal::UnknownLink) => self.finish(Input::End).await,
            _ => {}
        }
        found
    }

    async fn start(&mut self, creator: &OpaqueUserId, room: &IdleRoom) -> Result<(), JoinRefusal> {
        let (address, stale) = (&self.address, room.stale.as_ref());
        let started = start_era(&self.context, address, self.era, creator, stale).await;
        let (record, link) = self.end_if_gone(started).await?;
        let generation = Generation::of(&link);
        let link = link_state(&link);
        self.lease = Some(lease::spawn(LeaseTask {
            context: Arc::clone(&self.context),
            record,
            address: self.address.clone(),
            generation,
            link: watch::Sender::new(link.clone()),
            end: Arc::clone(&self.end),
        }));
        self.handle(Input::LinkChanged(link)).await;
        Ok(())
    }

    /// Checks the room, unless its era has started. Returns whether the database could be read.
    pub(super) async fn refresh_lobby(&mut self) -> bool {
        if self.lease.is_some() || self.call.is_none() {
            return true;
        }
        let room = read_idle_room(&self.context, &self.address).await;
        match self.end_if_gone(room).await {
            Ok(room) => self.refresh(&room).await,
            Err(JoinRefusal::Claim(_)) => return false,
            Err(_) => {}
        }
        true
    }

    /// Gives the lobby the link and the approvals from the database. A link of another generation
    /// ends the lobby.
    async fn refresh(&mut self, room: &IdleRoom) {
        let generation = Generation::of(&room.link);
        let known = *self.generation.get_or_insert(generation);
        if known != generation {
            self.finish(Input::Dismiss).await;
            return;
        }
        if self.call.is_none() {
            let limits = self.context.call_limits;
            let link = link_state(&room.link);
            self.call = Some(Call::new(self.era, link, room.approved.clone(), limits));
            self.handle(Input::TimePassed).await;
            return;
        }
        let approved = room.approved.clone();
        self.handle(Input::ApprovedUsers(approved)).await;
        let link = link_state(&room.link);
        self.handle(Input::LinkChanged(link)).await;
    }

    /// Redirects all clients of the room to the node that has the call.
    fn move_to(&mut self, node: &Node) {
        for (_, send_queue) in self.send_queues.drain() {
            send_queue.redirect(&node.socket_url());
        }
        self.over = true;
    }
}

/// A room without a call at any other node.
struct IdleRoom {
    link: CallLinkRecord,
    approved: Vec<OpaqueUserId>,
    /// A record that names this node, which has no such call: an earlier run of this node left it.
    stale: Option<CallRecord>,
}

/// Reads the state in the database of a room in which this node has no call.
async fn read_idle_room(
    context: &CallContext,
    address: &LinkAddress,
) -> Result<IdleRoom, JoinRefusal> {
    let mut reader = context.rooms.transactions.read("look at lobby").await?;
    let now = context.rooms.now();
    let found = reader.link_with_call(address, now).await?;
    let found = found.ok_or(JoinRefusal::UnknownLink)?;
    let call = found.call.as_ref();
    if let Some(node) = call.and_then(|call| context.rooms.node.owner_elsewhere(call)) {
        return Err(JoinRefusal::Elsewhere(Box::new(node)));
    }
    let approved = reader.approved_users(&address.room).await?;
    Ok(IdleRoom {
        link: found.link,
        approved: usable(context, &approved),
        stale: found.call,
    })
}

/// Returns the approved users that can join a call of a link. Media servers may store others: they
/// are counted and logged.
fn usable(context: &CallContext, approved: &[UserId]) -> Vec<OpaqueUserId> {
    let users: Vec<_> = approved
        .iter()
        .filter_map(|user| OpaqueUserId::parse(user.as_str()).ok())
        .collect();
    let unusable = approved.len().saturating_sub(users.len());
    if unusable > 0 {
        tracing::warn!(
            unusable,
            "a lobby ignores approvals of users that no link can have"
        );
        context
            .unusable_approvals
            .add(u64::try_from(unusable).unwrap_or(u64::MAX));
    }
    users
}

/// Starts the era in a room that was idle when it was last read. `stale` is the record that the start
/// replaces.
async fn start_era(
    context: &CallContext,
    address: &LinkAddress,
    era: EraId,
    creator: &OpaqueUserId,
    stale: Option<&CallRecord>,
) -> Result<(CallRecord, CallLinkRecord), JoinRefusal> {
    let now = context.rooms.now();
    let record = CallRecord {
        key: CallKey::Link(address.room.clone()),
        era,
        creator: UserId::from(creator),
        node: context.rooms.node.name.clone(),
        media: None,
        started: now,
        lease_until: Some(now.plus(context.leases.valid.as_secs())),
    };
    let mut rng = context.rooms.entropy.rng();
    let mut transaction = context.rooms.transactions.begin("start era").await?;
    if let Some(stale) = stale {
        transaction.end_era(&stale.key, stale.era).await?;
    }
    let epoch = address.epoch;
    let started = transaction.start_era(&record, epoch, now, &mut *rng);
    match started.await? {
        StartEraOutcome::Started {
            call,
            link: Some(link),
            ..
        } => {
            transaction.save().await?;
            context.rooms.events.emit("call.started", &address.room);
            Ok((call, link))
        }
        StartEraOutcome::Running { call, .. } => match context.rooms.node.owner_elsewhere(&call) {
            Some(node) => Err(JoinRefusal::Elsewhere(Box::new(node))),
            // Another process under the same node name has started an era.
            None => Err(DecisionFailure::Unavailable.into()),
        },
        StartEraOutcome::Started { link: None, .. } | StartEraOutcome::UnknownLink => {
            Err(JoinRefusal::UnknownLink)
        }
        StartEraOutcome::ClosedLink(_) => Err(JoinRefusal::Closed),
    }
}
