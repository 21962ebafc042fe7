//! The state of what a device sends.

use core::time::Duration;
use std::{collections::BTreeMap, time::Instant};

use anteroom_e2ee::SealError;
use anteroom_protocol::media::{Source, Wanted};

use crate::{connection::WriteError, event::is_wanted, layer::Layer};

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
pub(crate) struct SendState {
    pub(crate) wanted: Wanted,
    pub(crate) is_stopped: bool,
    /// The pictures that are sent, and whether each waits for a key frame.
    pub(crate) pictures: BTreeMap<(Source, Layer), bool>,
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
    pub(crate) fn allow(&mut self, may_send: bool) {
        self.is_stopped = !may_send;
    }

    /// Takes what is wanted. Returns the pictures that have to begin with a key frame.
    pub(crate) fn want(&mut self, wanted: Wanted) -> Vec<(Source, Layer)> {
        let before = core::mem::replace(&mut self.wanted, wanted);
        let pictures = self.pictures.keys().copied();
        let begin = pictures.filter(|(source, layer)| {
            is_wanted(wanted, *source, *layer) && !is_wanted(before, *source, *layer)
        });
        begin.collect()
    }

    /// Returns whether a picture is sent, and wanted.
    pub(crate) fn sends(&self, source: Source, layer: Layer) -> bool {
        self.pictures.contains_key(&(source, layer)) && is_wanted(self.wanted, source, layer)
    }

    /// Takes note that frames are left out now.
    pub(crate) fn interrupt(&mut self) {
        for awaits in self.pictures.values_mut() {
            *awaits = true;
        }
    }

    /// Returns the time of the next packet of a source, and whether a pause was before it: then the time has gone on
    /// by the clock.
    pub(crate) fn advance_clock(
        &mut self,
        source: Source,
        duration: Duration,
        now: Instant,
    ) -> (u64, bool) {
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
            // A sender that is faster than its sound plays does not run ahead for long.
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
