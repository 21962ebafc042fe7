//! The commands about media, where the call has some.

use anteroom_protocol::media::PerSource;

use super::Participation;
use crate::call::{
    encryption::Effect,
    event::CallEvent,
    media::{MediaCommand, MediaNotice},
};

impl Participation {
    /// Sends a command about media, unless the call has none for the device.
    pub(super) fn command_media(&mut self, command: MediaCommand) {
        if let MediaCommand::Publish(sources) = &command {
            self.said_media.sources = *sources;
        }
        let (command, again) = match command {
            MediaCommand::View(view) => (MediaCommand::View(self.said_media.view(view)), None),
            MediaCommand::Offer {
                session,
                offer,
                slots,
            } => {
                let again = self.said_media.offer(session, slots);
                let slots = Vec::new();
                let offer = MediaCommand::Offer {
                    session,
                    offer,
                    slots,
                };
                (offer, again.map(MediaCommand::View))
            }
            command => (command, None),
        };
        if self.has_media() && matches!(command, MediaCommand::Publish(_)) && !self.is_active() {
            // It is said when the device comes into the call.
            return;
        }
        if self.has_media() {
            let commands = std::iter::once(command).chain(again);
            let sent = commands.map(|command| Effect::Send(command.into_message()));
            self.effects.extend(sent);
        } else {
            self.tell(CallEvent::Media(MediaNotice::Unsupported));
        }
    }

    /// Takes note that the device was let in.
    pub(super) fn admit(&mut self) {
        let state = self.resume_state.as_mut();
        let was_active = state.is_none_or(|state| std::mem::replace(&mut state.is_active, true));
        self.publish_again(was_active);
    }

    /// Says at a new seat what the device sends. The room service keeps that of a seat that was resumed.
    pub(super) fn publish_again(&mut self, same_seat: bool) {
        if !same_seat {
            self.said_media.forget_view();
        }
        if !same_seat
            && self.has_media()
            && self.is_active()
            && self.said_media.sources != PerSource::default()
        {
            let publish = MediaCommand::Publish(self.said_media.sources);
            self.effects.push_back(Effect::Send(publish.into_message()));
        }
    }

    fn is_active(&self) -> bool {
        let state = self.resume_state.as_ref();
        state.is_some_and(|state| state.is_active)
    }

    fn has_media(&self) -> bool {
        let state = self.resume_state.as_ref();
        state.is_some_and(|state| state.has_media)
    }
}
