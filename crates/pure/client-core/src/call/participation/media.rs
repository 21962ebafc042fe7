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
            self.published = *sources;
        }
        if self.has_media() && matches!(command, MediaCommand::Publish(_)) && !self.is_active() {
            // It is said when the device comes into the call.
            return;
        }
        if self.has_media() {
            self.effects.push_back(Effect::Send(command.into_message()));
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
        if !same_seat
            && self.has_media()
            && self.is_active()
            && self.published != PerSource::default()
        {
            let publish = MediaCommand::Publish(self.published);
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
