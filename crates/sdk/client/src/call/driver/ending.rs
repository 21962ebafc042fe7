//! The end of a call.

use anteroom_client_core::call::{command::Command, participation::ParticipationEffect};
use tokio::time::timeout;

use super::{Driver, Interruption, SessionCommand, departure::Departure};
use crate::{
    CallEvent, EndReason, GroupError,
    call::socket::{PARTING, Socket},
};

impl Driver {
    /// Ends a departure once all commands have gone out, the members have what this person has signed, and the room
    /// service has answered.
    pub(super) async fn depart(
        &mut self,
        socket: &mut Socket,
        departure: Option<&mut Departure>,
    ) -> Result<(), Interruption> {
        let Some(departure) = departure else {
            return Ok(());
        };
        let participation = &self.participation;
        // An admin that leaves before its removal is committed leaves somebody in.
        let awaits_members = participation.has_texts() || participation.has_pending_statements();
        departure.wait_for_members(awaits_members);
        if awaits_members || participation.has_copies() || !self.commands.is_empty() {
            return Ok(());
        }
        departure.wait_for_answers();
        if self.participation.awaits_pong() {
            return Ok(());
        }
        if departure.takes_last_ping() {
            // Its answer follows those to all commands.
            return self.send(socket, Command::Ping).await;
        }
        match self.participation.is_settled() {
            true => Err(Interruption::Over(EndReason::Left)),
            false => Ok(()),
        }
    }

    /// Reads what has come over a connection that takes no message any more: the end of the call may be there.
    pub(super) async fn read_rest(&mut self, socket: &mut Socket) -> Interruption {
        let reading = async {
            while let Ok(message) = socket.receive().await {
                self.handle_message(&message).await?;
            }
            Ok(())
        };
        match timeout(PARTING, reading).await {
            Ok(Err(interruption)) => interruption,
            Ok(Ok(())) | Err(_) => Interruption::Lost,
        }
    }

    /// Sends `leave`, and reads until the room service closes the connection.
    pub(super) async fn leave(&mut self, mut socket: Socket) {
        let parting = async {
            self.send(&mut socket, Command::Leave).await?;
            while let Ok(message) = socket.receive().await {
                self.handle_message(&message).await?;
            }
            Ok::<(), Interruption>(())
        };
        // If that fails the connection is gone anyway.
        if timeout(PARTING, parting).await.is_ok() {
            socket.close().await;
        }
    }

    /// Tells of each text that goes out no more, and of each removal that is not known to be done.
    pub(super) async fn give_up(&mut self) {
        // A text that comes later is refused, and not taken by a queue that nobody reads.
        self.commands.close();
        let mut is_unanswered = self.participation.has_unanswered();
        self.participation.give_up_texts();
        let now = self.time().moment;
        self.participation.give_up_removals(now);
        while let Ok(Some(effect)) = self.participation.poll_effect() {
            match effect {
                ParticipationEffect::Event(event) => self.emit(event).await,
                ParticipationEffect::Publish(change) => self.publish(change),
                ParticipationEffect::Send(_) | ParticipationEffect::Media(_) => {}
            }
        }
        while let Some(command) = self.commands.next(true, true).await {
            match command {
                SessionCommand::Call(_, Command::Say(text)) => {
                    let error = GroupError::Over;
                    self.emit(CallEvent::NotSaid { text, error }).await;
                }
                SessionCommand::Event(event) => self.emit(event).await,
                SessionCommand::Call(_, command) => is_unanswered |= command.is_request(),
                SessionCommand::Reconnect | SessionCommand::Media(_) => {}
            }
        }
        if is_unanswered {
            self.emit(CallEvent::Unanswered).await;
        }
    }
}
