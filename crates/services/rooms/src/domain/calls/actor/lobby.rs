//! A room before its era starts: the checks of the database, and the start.

use std::sync::Arc;

use anteroom_call::{Call, Input, Join};
use anteroom_protocol::OpaqueUserId;

use super::CallActor;
use crate::{
    Node,
    domain::{
        calls::{
            lease::{self, Generation, NewCall},
            messages::CallJoinOutcome,
            opening::{self, IdleRoom, RoomState, StartOutcome},
        },
        failure::DecisionFailure,
        link_state::link_state,
    },
};

impl CallActor {
    /// Checks and refreshes the room before a join, and starts the era if this join starts it.
    /// Returns the answer if the join is refused, or belongs to another node.
    pub(super) async fn open(&mut self, join: &Join) -> Option<CallJoinOutcome> {
        let room = match opening::look(&self.context, &self.address).await {
            Ok(RoomState::Idle(room)) => room,
            Ok(RoomState::Elsewhere(node)) => {
                self.move_to(&node);
                return Some(CallJoinOutcome::Elsewhere(node));
            }
            Ok(RoomState::UnknownLink) => {
                self.finish(Input::End).await;
                return Some(CallJoinOutcome::UnknownLink);
            }
            Err(_) => return Some(CallJoinOutcome::Unavailable),
        };
        // A closed link does not refuse a room that has members: one of them may resume.
        if self.call.is_none() && !room.link.is_open(self.context.now()) {
            self.over = true;
            return Some(CallJoinOutcome::Closed);
        }
        self.refresh(&room).await;
        let starts = self
            .call
            .as_ref()
            .is_some_and(|call| call.would_start(join));
        if !starts || self.is_over() {
            return None;
        }
        match self.start(&join.user, &room).await {
            Ok(refusal) => refusal,
            Err(_) => Some(CallJoinOutcome::Unavailable),
        }
    }

    async fn start(
        &mut self,
        creator: &OpaqueUserId,
        room: &IdleRoom,
    ) -> Result<Option<CallJoinOutcome>, DecisionFailure> {
        let (address, stale) = (&self.address, room.stale.as_ref());
        let started = opening::start(&self.context, address, self.era, creator, stale);
        let (record, link) = match started.await? {
            StartOutcome::Here(started) => *started,
            StartOutcome::Elsewhere(node) => {
                self.move_to(&node);
                return Ok(Some(CallJoinOutcome::Elsewhere(node)));
            }
            StartOutcome::UnknownLink => {
                self.finish(Input::End).await;
                return Ok(Some(CallJoinOutcome::UnknownLink));
            }
            StartOutcome::Closed => return Ok(Some(CallJoinOutcome::Closed)),
        };
        let generation = Generation::of(&link);
        let link = link_state(&link);
        self.lease = Some(lease::spawn(NewCall {
            context: Arc::clone(&self.context),
            record,
            address: self.address.clone(),
            link: link.clone(),
            generation,
            end: Arc::clone(&self.end),
        }));
        self.handle(Input::LinkChanged(link)).await;
        Ok(None)
    }

    /// Checks the room, unless its era has started. Returns whether the database could be read.
    pub(super) async fn look(&mut self) -> bool {
        if self.lease.is_some() || self.call.is_none() {
            return true;
        }
        match opening::look(&self.context, &self.address).await {
            Ok(RoomState::Idle(room)) => self.refresh(&room).await,
            Ok(RoomState::Elsewhere(node)) => self.move_to(&node),
            Ok(RoomState::UnknownLink) => self.finish(Input::End).await,
            Err(_) => return false,
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
            let limits = self.context.settings.limits;
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
