//! Giving the call what has happened, and doing what it says.

use anteroom_call::{CloseReason, ConnectionId, Input, Output};
use anteroom_service::OperationOutcome;

use super::Actor;
use crate::{
    operations::outcome_of,
    socket::{outbound::Outbound, outbox::Closing},
};

impl Actor {
    /// Gives the call what has happened and does what it says.
    pub(super) async fn handle(&mut self, input: Input) {
        self.drive(input, None).await;
    }

    /// Gives the call what a connection wants and does what it says; the outcome is the one that
    /// the connection is told.
    pub(super) async fn answer(
        &mut self,
        connection: ConnectionId,
        input: Input,
    ) -> OperationOutcome {
        let told = self.drive(input, Some(connection)).await;
        told.unwrap_or(OperationOutcome::Succeeded)
    }

    async fn drive(
        &mut self,
        input: Input,
        caller: Option<ConnectionId>,
    ) -> Option<OperationOutcome> {
        let call = self.call.as_mut()?;
        call.handle(self.core.moment(), input);
        let mut outcome = None;
        loop {
            match call.poll_output() {
                Output::Send { to, message } => {
                    if caller == Some(to) {
                        outcome = outcome_of(&message).or(outcome);
                    }
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
                // Before the start there is nothing to store; afterwards the receiver outlives the
                // call.
                Output::Fact(fact) => {
                    if let Some(kept) = &self.kept {
                        drop(kept.facts.send(fact).await);
                    }
                }
                Output::Wait { until } => {
                    self.until = until;
                    return outcome;
                }
            }
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
