//! Input of events into the call's state machine, and execution of its outputs.

use anteroom_call::{ConnectionId, Input, LeaveReason, Message, Output};
use anteroom_runtime::OperationOutcome;

use super::CallActor;
use crate::domain::{
    calls::{
        outbound::OutboundMessage,
        send_queue::{ClosingFrame, PushOutcome},
    },
    message_operations::outcome_of,
};

impl CallActor {
    /// Handles an input and executes the outputs.
    pub(super) async fn handle(&mut self, input: Input) {
        self.drive(input, None).await;
    }

    /// Handles an input of a connection and executes the outputs. Returns the outcome that the call
    /// reports to the connection.
    pub(super) async fn answer(
        &mut self,
        connection: ConnectionId,
        input: Input,
    ) -> OperationOutcome {
        let outcome = self.drive(input, Some(connection)).await;
        outcome.unwrap_or(OperationOutcome::Succeeded)
    }

    async fn drive(
        &mut self,
        input: Input,
        caller: Option<ConnectionId>,
    ) -> Option<OperationOutcome> {
        let mut missed = Vec::new();
        let outcome = self.handle_one(input, caller, &mut missed).await;
        while let Some(connection) = missed.pop() {
            let input = Input::RosterMissed(connection);
            self.handle_one(input, None, &mut missed).await;
        }
        outcome
    }

    /// Handles one input and executes its outputs. Adds to `missed` the connections that missed changes
    /// of the roster.
    async fn handle_one(
        &mut self,
        input: Input,
        caller: Option<ConnectionId>,
        missed: &mut Vec<ConnectionId>,
    ) -> Option<OperationOutcome> {
        let now = self.context.timeline.moment();
        self.call.as_mut()?.handle(now, input);
        let (mut commands, mut outputs) = (Vec::new(), Vec::new());
        loop {
            match self.call.as_mut()?.poll_output() {
                Output::Media(command) => commands.push(command),
                Output::Wait(until) => {
                    self.until = until;
                    break;
                }
                output => outputs.push(output),
            }
        }
        let mut outcome = None;
        // Devices are told after the media: those that are gone send and receive nothing by then.
        if !commands.is_empty() {
            for device in self.carry_out(commands).await {
                if caller.is_some() && caller == self.call.as_ref()?.media_connection(device) {
                    outcome = Some(OperationOutcome::Failed);
                }
            }
        }
        for output in outputs {
            match output {
                Output::Send { to, message } => {
                    if caller == Some(to) {
                        outcome = outcome_of(&message).or(outcome);
                    }
                    let text = match &message {
                        Message::Joined(joined) => {
                            OutboundMessage::joined(joined, self.media.config())
                        }
                        message => self.commit_texts.encode(message),
                    };
                    self.push([to], &text, missed);
                    if matches!(message, Message::Joined(_) | Message::Admitted { .. }) {
                        self.tell_newest_media(to);
                    }
                }
                Output::Broadcast { to, message } => {
                    self.push(to, &OutboundMessage::of_call(&message), missed);
                }
                Output::Dropped(connection) => {
                    if caller == Some(connection) {
                        outcome = Some(OperationOutcome::Refused);
                    }
                }
                Output::Close { connection, reason } => {
                    if let Some(send_queue) = self.send_queues.remove(&connection) {
                        send_queue.close(closing(reason));
                    }
                }
                // Before the start there is nothing to store. After it, the receiver exists for as
                // long as the call.
                Output::Fact(fact) => {
                    if let Some(lease) = &self.lease {
                        drop(lease.facts.send(fact).await);
                    }
                }
                // They are taken out above.
                Output::Media(_) | Output::Wait(_) => {}
            }
        }
        outcome
    }

    /// Adds a message to the queues of connections, and to `missed` those that missed changes of
    /// the roster.
    fn push(
        &self,
        to: impl IntoIterator<Item = ConnectionId>,
        message: &OutboundMessage,
        missed: &mut Vec<ConnectionId>,
    ) {
        for to in to {
            if let Some(send_queue) = self.send_queues.get(&to)
                && send_queue.push(message.clone()) == PushOutcome::RosterMissed
            {
                missed.push(to);
            }
        }
    }
}

/// Returns the close code and words for a connection that the call closes.
const fn closing(reason: LeaveReason) -> ClosingFrame {
    let (code, words) = match reason {
        LeaveReason::Refused => (1000, "refused"),
        LeaveReason::Left => (1000, "left"),
        LeaveReason::Denied => (1000, "denied"),
        LeaveReason::Removed => (1000, "removed"),
        LeaveReason::Blocked => (1000, "blocked"),
        LeaveReason::Replaced => (1000, "replaced"),
        LeaveReason::Displaced => (1000, "displaced"),
        LeaveReason::Dismissed => (1000, "dismissed"),
        LeaveReason::Ended => (1000, "ended"),
        LeaveReason::Silent | LeaveReason::TimedOut => (4000, "silent"),
    };
    ClosingFrame { code, words }
}
