//! The media of the room's call: commands of the call, and events for its devices.

use anteroom_call::{Call, ConnectionId, ErrorCode, Input, MediaCommand, Message};
use anteroom_protocol::{DemuxId, media::Source};

use super::CallActor;
use crate::{
    MediaEvent, MediaUnavailable,
    domain::calls::{call_media::CommandFailure, outbound::OutboundMessage},
};

impl CallActor {
    /// Carries the commands of one input of the call out, and awaits all that they end together. Returns the devices
    /// whose requests failed.
    pub(super) async fn carry_out(&mut self, commands: Vec<MediaCommand>) -> Vec<DemuxId> {
        let now = self.context.timeline.moment();
        let (mut ends, mut failed) = (Vec::new(), Vec::new());
        for command in commands {
            let Some(call) = &self.call else { break };
            match self.media.carry_out(command, call, now) {
                Ok(end) => ends.extend(end),
                Err(failure) => failed.extend(self.tell_command_failure(&failure)),
            }
        }
        if !ends.is_empty()
            && let Err(failure) = self.media.ended(ends, now).await
        {
            failed.extend(self.tell_command_failure(&failure));
        }
        failed
    }

    /// Tells the devices that a failure of a command concerns. Returns the device whose request failed.
    fn tell_command_failure(&self, failure: &CommandFailure) -> Option<DemuxId> {
        let (device, code, message) = match failure {
            CommandFailure::Refused(device, reason) => (*device, reason.code(), reason.message()),
            CommandFailure::Unavailable(device, reason) => {
                (*device, reason.code(), reason.message())
            }
            CommandFailure::Ended => {
                self.tell_failure();
                return None;
            }
        };
        self.tell_error(device, code, message);
        Some(device)
    }

    /// Handles an event of the media. `None`: they have ended by themselves.
    pub(super) async fn handle_media(&mut self, event: Option<MediaEvent>) {
        let is_carried = |device| {
            self.call
                .as_ref()
                .is_some_and(|call| call.has_media(device))
        };
        match event {
            Some(MediaEvent::Answer {
                device,
                session,
                answer,
            }) => {
                if is_carried(device) {
                    self.media.note_answer(device, session);
                }
                self.tell(device, OutboundMessage::media_answer(session, answer));
            }
            Some(MediaEvent::OfferRefused { device, reason }) => {
                self.tell_error(device, reason.code(), reason.message());
            }
            // A device that is gone by now has no states.
            Some(MediaEvent::Slots { device, slots }) if is_carried(device) => {
                let message = OutboundMessage::slots(&slots);
                self.media.keep_slots(device, message.clone());
                self.tell(device, message);
            }
            Some(MediaEvent::Send { device, wanted }) if is_carried(device) => {
                let message = OutboundMessage::wanted(wanted);
                self.media.keep_wanted(device, message.clone());
                self.tell(device, message);
            }
            Some(MediaEvent::Disconnected { device }) if is_carried(device) => {
                let reason = MediaUnavailable::Disconnected;
                let message = OutboundMessage::error(reason.code(), reason.message());
                self.media.note_end(device, message.clone());
                self.tell(device, message);
            }
            Some(
                MediaEvent::Slots { .. }
                | MediaEvent::Send { .. }
                | MediaEvent::Disconnected { .. },
            ) => {}
            Some(MediaEvent::SourceDropped { device, source }) => {
                self.tell_error(device, "source_dropped", over_limit(source));
                self.handle(Input::SourceDropped { device, source }).await;
            }
            Some(MediaEvent::RequestDropped { device }) => {
                let error = Message::Error(ErrorCode::RateLimited);
                self.tell(device, OutboundMessage::of_call(&error));
            }
            Some(MediaEvent::Speakers(speakers)) => {
                let message = OutboundMessage::speakers(&speakers);
                self.media.keep_speakers(message.clone());
                self.tell_all(&message);
            }
            Some(MediaEvent::Failed) | None => {
                self.media.fail(self.context.timeline.moment());
                self.tell_failure();
            }
        }
    }

    /// Sends the newest states of the media to a device that has just come in or come back.
    pub(super) fn tell_newest_media(&self, connection: ConnectionId) {
        let call = self.call.as_ref();
        let device = call.and_then(|call| {
            call.device_of(connection)
                .filter(|one| call.has_media(*one))
        });
        if let Some(device) = device {
            for message in self.media.newest(device) {
                self.tell(device, message);
            }
        }
    }

    /// Tells all devices with media that they have ended. The call goes on.
    fn tell_failure(&self) {
        let reason = MediaUnavailable::Failed;
        self.tell_all(&OutboundMessage::error(reason.code(), reason.message()));
    }

    fn tell_error(&self, device: DemuxId, code: &'static str, message: &'static str) {
        self.tell(device, OutboundMessage::error(code, message));
    }

    /// Sends a message to a device, unless its connection is lost.
    fn tell(&self, device: DemuxId, message: OutboundMessage) {
        let call = self.call.as_ref();
        let connection = call.and_then(|call| call.media_connection(device));
        if let Some(send_queue) = connection.and_then(|to| self.send_queues.get(&to)) {
            // A message about media is no roster, so that its outcome needs no handling.
            let _ = send_queue.push(message);
        }
    }

    fn tell_all(&self, message: &OutboundMessage) {
        let connections = self.call.iter().flat_map(Call::media_connections);
        for send_queue in connections.filter_map(|to| self.send_queues.get(&to)) {
            let _ = send_queue.push(message.clone());
        }
    }
}

/// Returns the text for a person whose source was beyond its limit for too long.
const fn over_limit(source: Source) -> &'static str {
    match source {
        Source::Audio => {
            "Your microphone sent more than it may for ten seconds, so it is dropped. Send less, and publish it anew."
        }
        Source::Camera => {
            "Your camera sent more than it may for ten seconds, so it is dropped. Send less, and publish it anew."
        }
        Source::Screen => {
            "Your screen sent more than it may for ten seconds, so it is dropped. Send less, and publish it anew."
        }
        Source::ScreenAudio => {
            "Your screen's sound sent more than it may for ten seconds, so it is dropped. Send less, and publish it anew."
        }
    }
}
