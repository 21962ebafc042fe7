//! The task that drives one call.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anteroom_call::{Call, CloseReason, ConnectionId, Fact, Input, Moment, Output};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep_until},
};

use super::ToCall;
use crate::{
    peek::Present,
    rooms::Core,
    socket::{
        outbound::Outbound,
        outbox::{Closing, Outbox},
    },
    wire::ParticipantBody,
};

/// An era that nobody joins ends.
const FIRST_JOIN: Duration = Duration::from_secs(10);

/// A call, its clients' queues and where its facts go.
pub(super) struct Actor {
    pub(super) core: Arc<Core>,
    pub(super) call: Call,
    pub(super) inbox: mpsc::Receiver<ToCall>,
    pub(super) end: Arc<Notify>,
    pub(super) facts: mpsc::Sender<Fact>,
    pub(super) outboxes: HashMap<ConnectionId, Outbox>,
}

impl Actor {
    /// Runs until the era is over.
    pub(super) async fn run(mut self) {
        let mut joined = false;
        let mut until = Some(self.core.moment().plus(FIRST_JOIN));
        while !self.call.is_ended() {
            let alarm = self.alarm(until);
            let message = tokio::select! {
                message = self.inbox.recv() => message,
                () = self.end.notified() => None,
                () = sleep_until(alarm) => {
                    let input = if joined { Input::TimePassed } else { Input::End };
                    until = self.handle(input).await;
                    continue;
                }
            };
            until = match message {
                Some(ToCall::Join {
                    join,
                    outbox,
                    taken,
                }) => {
                    // A call that time has ended takes no more joins; another era does.
                    self.handle(Input::TimePassed).await;
                    if self.call.is_ended() {
                        break;
                    }
                    joined = true;
                    self.outboxes.insert(join.connection, outbox);
                    // Who does not wait for the answer has gone, and its connection with it.
                    let _ = taken.send(());
                    self.handle(Input::Join(join)).await
                }
                Some(ToCall::Command {
                    connection,
                    command,
                }) => {
                    self.handle(Input::Command {
                        connection,
                        command,
                    })
                    .await
                }
                Some(ToCall::Disconnected { connection }) => {
                    self.outboxes.remove(&connection);
                    self.handle(Input::Disconnected { connection }).await
                }
                Some(ToCall::LinkChanged(link)) if link == *self.call.link() => until,
                Some(ToCall::LinkChanged(link)) => self.handle(Input::LinkChanged(link)).await,
                Some(ToCall::Peek { user, reply }) => {
                    // Who no longer wants to know need not.
                    let _ = reply.send(self.present(&user));
                    until
                }
                None => self.handle(Input::End).await,
            };
        }
    }

    fn alarm(&self, until: Option<Moment>) -> Instant {
        const NEVER: Duration = Duration::from_secs(86_400);
        until.map_or_else(|| Instant::now() + NEVER, |at| self.core.instant_of(at))
    }

    /// Gives the call what has happened and does what it says. The result is when it wants to be
    /// woken.
    async fn handle(&mut self, input: Input) -> Option<Moment> {
        self.call.handle(self.core.moment(), input);
        loop {
            match self.call.poll_output() {
                Output::Send { to, message } => {
                    if let Some(outbox) = self.outboxes.get(&to) {
                        let Outbound { text, kind } = Outbound::of_call(&message);
                        outbox.push(text, kind);
                    }
                }
                Output::Broadcast { to, message } => {
                    let Outbound { text, kind } = Outbound::of_call(&message);
                    for outbox in to.iter().filter_map(|to| self.outboxes.get(to)) {
                        outbox.push(text.clone(), kind);
                    }
                }
                Output::Close { connection, reason } => {
                    if let Some(outbox) = self.outboxes.remove(&connection) {
                        outbox.close(closing(reason));
                    }
                }
                // The receiver outlives the call.
                Output::Fact(fact) => drop(self.facts.send(fact).await),
                Output::Wait { until } => return until,
            }
        }
    }

    fn present(&self, user: &anteroom_call::OpaqueUserId) -> Present {
        let roster = self.call.roster(self.call.audience_of(user));
        Present {
            active: roster.active.iter().map(ParticipantBody::from).collect(),
            pending: roster.pending.iter().map(ParticipantBody::from).collect(),
        }
    }
}

/// How a connection is closed that the call has done with.
const fn closing(reason: CloseReason) -> Closing {
    let (code, words) = match reason {
        CloseReason::Refused => (1000, "refused"),
        CloseReason::Left => (1000, "left"),
        CloseReason::Denied => (1000, "denied"),
        CloseReason::Removed => (1000, "removed"),
        CloseReason::Blocked => (1000, "blocked"),
        CloseReason::Replaced => (1000, "replaced"),
        CloseReason::Ended => (1000, "ended"),
        CloseReason::Silent => (4000, "silent"),
    };
    Closing { code, words }
}
