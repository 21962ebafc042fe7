//! A room before its era starts: the checks of the database, and the start.

use std::sync::Arc;

use anteroom_call::{Call, Input, Join};
use anteroom_protocol::OpaqueUserId;
use tokio::sync::watch;

use super::CallActor;
use crate::{
    Node,
    domain::{
        calls::{
            lease::{self, Generation, LeaseTask},
            opening::{self, IdleRoom},
        },
        failure::JoinRefusal,
        link_state::link_state,
    },
};

impl CallActor {
    /// Checks and refreshes the room before a join, and starts the era if this join starts it.
    ///
    /// # Errors
    /// The join is refused, or belongs to another node.
    pub(super) async fn prepare_join(&mut self, join: &Join) -> Result<(), JoinRefusal> {
        let room = opening::read_idle_room(&self.context, &self.address).await;
        let room = self.end_if_gone(room).await?;
        // A closed link does not refuse a room that has members: one of them may resume.
        if self.call.is_none() && !room.link.is_open(self.context.rooms.now()) {
            self.over = true;
            return Err(JoinRefusal::Closed);
        }
        self.refresh(&room).await;
        let call = self.call.as_ref();
        if call.is_some_and(|call| call.would_start(join)) && !self.is_over() {
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
        let started = opening::start(&self.context, address, self.era, creator, stale).await;
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
        let room = opening::read_idle_room(&self.context, &self.address).await;
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
