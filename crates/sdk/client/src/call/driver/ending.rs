//! The end of a call.

use anteroom_client_core::call::{command::Command, participation::ParticipationEffect};

use super::{Driver, SessionCommand, next_command};
use crate::{CallEvent, GroupError};

impl Driver {
    /// Tells of each text that goes out no more.
    pub(super) async fn give_up(&mut self) {
        // A text that comes later is refused, and not taken by a queue that nobody reads.
        self.commands.close();
        self.participation.give_up_texts();
        while let Ok(Some(effect)) = self.participation.poll_effect() {
            match effect {
                ParticipationEffect::Event(event) => self.emit(event).await,
                ParticipationEffect::Publish(change) => self.publish(change),
                ParticipationEffect::Send(_) => {}
            }
        }
        while let Some(command) = next_command(&mut self.early, &mut self.commands).await {
            match command {
                SessionCommand::Call(Command::Say(text)) => {
                    let error = GroupError::Over;
                    self.emit(CallEvent::NotSaid { text, error }).await;
                }
                SessionCommand::Event(event) => self.emit(event).await,
                SessionCommand::Call(_) | SessionCommand::Reconnect => {}
            }
        }
    }
}
