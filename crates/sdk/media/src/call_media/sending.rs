//! The sending of frames: what is sealed and sent, and what is left out.

use core::time::Duration;
use std::time::Instant;

use anteroom_protocol::media::Source;

use super::CallMedia;
use crate::{
    connection::WriteError,
    event::is_wanted,
    frame::{OpusPacket, Vp8Frame, is_key_frame},
    layer::Layer,
    send_state::{SendError, SendOutcome},
};

/// The maximum length of a packet of sound: with the seal it is one datagram.
const MAX_SOUND: usize = 1_000;
/// The maximum length of a frame of a picture.
const MAX_PICTURE: usize = 1024 * 1024;
/// The maximum time that a packet of sound plays.
const MAX_DURATION: Duration = Duration::from_millis(120);

impl CallMedia {
    /// Seals and sends a packet of sound.
    pub(crate) fn send_sound(
        &mut self,
        source: Source,
        packet: &OpusPacket,
        now: Instant,
    ) -> Result<SendOutcome, SendError> {
        if source.is_video() {
            return Err(SendError::Kind);
        }
        let length = packet.data.len();
        if length == 0 || length > MAX_SOUND || packet.duration > MAX_DURATION {
            return Err(SendError::Size);
        }
        if !is_wanted(self.sending.wanted, source, Layer::Low) {
            return Ok(SendOutcome::Unwatched);
        }
        let sealed = self.seal(source, &packet.data, now)?;
        let (ticks, is_start) = self.sending.advance_clock(source, packet.duration, now);
        let connection = self.connection.as_mut();
        let connection = connection.ok_or(SendError::Write(WriteError::NotConnected))?;
        let written = connection.write_sound(source, sealed, (ticks, is_start), packet.level, now);
        written.map_err(SendError::Write)?;
        self.keys.counts.sent += 1;
        Ok(SendOutcome::Sent)
    }

    /// Seals and sends a frame of a picture.
    pub(crate) fn send_picture(
        &mut self,
        source: Source,
        frame: &Vp8Frame,
        now: Instant,
    ) -> Result<SendOutcome, SendError> {
        if !source.is_video() {
            return Err(SendError::Kind);
        }
        if frame.data.is_empty() || frame.data.len() > MAX_PICTURE {
            return Err(SendError::Size);
        }
        let layer = match source {
            Source::Camera => frame.layer,
            _ => Layer::Low,
        };
        let sent = self.try_send_picture((source, layer), frame, now);
        let is_sent = sent == Ok(SendOutcome::Sent);
        self.sending.pictures.insert((source, layer), !is_sent);
        sent
    }

    fn try_send_picture(
        &mut self,
        (source, layer): (Source, Layer),
        frame: &Vp8Frame,
        now: Instant,
    ) -> Result<SendOutcome, SendError> {
        if !is_wanted(self.sending.wanted, source, layer) {
            return Ok(SendOutcome::Unwatched);
        }
        let pictures = &self.sending.pictures;
        let awaits = pictures.get(&(source, layer)).copied().unwrap_or(true);
        if awaits && !is_key_frame(&frame.data) {
            return Ok(SendOutcome::AwaitsKeyFrame);
        }
        let moment = self.moment(now);
        let sealed = self.seal(source, &frame.data, now)?;
        if self.keys.take_key_frame_request(moment) {
            self.want_key_frames();
        }
        let connection = self.connection.as_mut();
        let connection = connection.ok_or(SendError::Write(WriteError::NotConnected))?;
        let written = connection.write_picture((source, layer), sealed, frame.time, now);
        written.map_err(SendError::Write)?;
        self.keys.counts.sent += 1;
        Ok(SendOutcome::Sent)
    }

    fn seal(&mut self, source: Source, frame: &[u8], now: Instant) -> Result<Vec<u8>, SendError> {
        if !self.is_connected() {
            return Err(SendError::Write(WriteError::NotConnected));
        }
        if self.keys.is_in_group() && self.sending.is_stopped {
            return Err(SendError::Unconfirmed);
        }
        let moment = self.moment(now);
        let sealed = self.keys.seal(source, frame, moment);
        sealed.map_err(SendError::Seal)
    }
}
