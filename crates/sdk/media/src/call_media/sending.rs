//! The sending of frames: what is sealed and sent, and what is left out.

use core::time::Duration;
use std::{collections::BTreeMap, time::Instant};

use anteroom_e2ee::SealError;
use anteroom_protocol::media::{Source, Wanted};

use super::CallMedia;
use crate::{
    connection::WriteError,
    event::is_wanted,
    frame::{OpusPacket, Vp8Frame, is_key_frame},
    layer::Layer,
};

/// The maximum length of a packet of sound: with the seal it is one datagram.
const MAX_SOUND: usize = 1_000;
/// The maximum length of a frame of a picture.
const MAX_PICTURE: usize = 1024 * 1024;
/// The maximum time that a packet of sound plays.
const MAX_DURATION: Duration = Duration::from_millis(120);
/// The silence after which the sound goes on by the clock.
const PAUSE: Duration = Duration::from_millis(200);

/// The reason why a frame is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There is no connection, or the source was not negotiated.
    #[error("{0}")]
    Write(WriteError),
    /// The device is in no group, whose keys seal frames, or they are used up.
    #[error("{0}")]
    Seal(SealError),
    /// The device may not send, because most of the others are not confirmed.
    #[error("nothing is sent while most others in the call are not confirmed")]
    Unconfirmed,
    /// The frame has no bytes, or too many.
    #[error(
        "a packet of sound has 1 to 1,000 bytes and plays at most 120 ms, a picture has 1 byte to 1 MiB"
    )]
    Size,
    /// The source is a picture, and the frame sound, or the other way round.
    #[error("the source has frames of another kind")]
    Kind,
    /// The media of the call have ended.
    #[error("the media of the call have ended")]
    Over,
}

/// The outcome of a frame that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// It was sealed and sent.
    Sent,
    /// Nobody sees or hears it: it was left out.
    Unwatched,
    /// Frames before it were left out: a key frame has to be first.
    AwaitsKeyFrame,
}

/// The state of what is sent.
#[derive(Debug)]
pub(super) struct SendState {
    wanted: Wanted,
    is_stopped: bool,
    /// The pictures that are sent, and whether each waits for a key frame.
    pictures: BTreeMap<(Source, Layer), bool>,
    sounds: BTreeMap<Source, SoundClock>,
}

/// The clock of a source of sound, in ticks of 48 kHz.
#[derive(Clone, Copy, Debug)]
struct SoundClock {
    next: u64,
    /// The moment at which the last packet has been played.
    end: Instant,
}

impl Default for SendState {
    /// Everything is wanted, as long as the room service has not said otherwise.
    fn default() -> Self {
        Self {
            wanted: Wanted::ALL,
            is_stopped: false,
            pictures: BTreeMap::new(),
            sounds: BTreeMap::new(),
        }
    }
}

impl SendState {
    pub(super) fn allow(&mut self, may_send: bool) {
        self.is_stopped = !may_send;
    }

    /// Takes what is wanted. Returns the pictures that have to begin with a key frame.
    pub(super) fn want(&mut self, wanted: Wanted) -> Vec<(Source, Layer)> {
        let before = core::mem::replace(&mut self.wanted, wanted);
        let pictures = self.pictures.keys().copied();
        let begin = pictures.filter(|(source, layer)| {
            is_wanted(wanted, *source, *layer) && !is_wanted(before, *source, *layer)
        });
        begin.collect()
    }

    /// Returns whether a picture is sent, and wanted.
    pub(super) fn sends(&self, source: Source, layer: Layer) -> bool {
        self.pictures.contains_key(&(source, layer)) && is_wanted(self.wanted, source, layer)
    }

    /// Takes note that frames are left out now.
    pub(super) fn interrupt(&mut self) {
        for awaits in self.pictures.values_mut() {
            *awaits = true;
        }
    }
}

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

impl SendState {
    /// Returns the time of the next packet of a source, and whether a pause was before it: then the time has gone on
    /// by the clock.
    fn advance_clock(&mut self, source: Source, duration: Duration, now: Instant) -> (u64, bool) {
        let before = self.sounds.get(&source).copied();
        let pause = before.map(|clock| now.saturating_duration_since(clock.end));
        let pause = pause.filter(|pause| *pause > PAUSE);
        let ticks = before.map_or(0, |clock| clock.next) + pause.map_or(0, ticks);
        let begin = match before {
            Some(clock) if pause.is_none() => clock.end,
            _ => now,
        };
        let clock = SoundClock {
            next: ticks + self::ticks(duration),
            // Who sends faster than it plays does not run ahead for long.
            end: (begin + duration).min(now + 2 * PAUSE),
        };
        self.sounds.insert(source, clock);
        (ticks, before.is_none() || pause.is_some())
    }
}

/// Returns the ticks of 48 kHz of a time.
fn ticks(time: Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    micros / 1_000 * 48 + micros % 1_000 * 48 / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_counts_by_what_it_plays_and_after_a_pause_by_the_clock() {
        let mut state = SendState::default();
        let frame = Duration::from_millis(20);
        let start = Instant::now();
        for number in 0..100 {
            let expected = (u64::from(number) * 960, number == 0);
            // Late by half of a packet each second time.
            let now = start + frame * number + frame / 2 * (number % 2);
            assert_eq!(state.advance_clock(Source::Audio, frame, now), expected);
        }
        let now = start + frame * 100 + Duration::from_secs(1);
        let (ticks, is_start) = state.advance_clock(Source::Audio, frame, now);
        assert!(is_start);
        assert_eq!(ticks, 100 * 960 + 48_000);
        assert_eq!(
            state.advance_clock(Source::ScreenAudio, frame, now),
            (0, true)
        );
    }
}
