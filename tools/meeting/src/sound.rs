//! Frames of sound with a mark: packets of a recorded tone (Opus, 440 Hz, 16 kbit/s, 20 ms), and in the padding of
//! each, which decoders leave out (RFC 6716, section 3.2.5), whose it is and when it was said.

use std::{io::Cursor, time::Duration};

use anteroom_client::media::{AudioLevel, OpusPacket, packet_duration};
use anteroom_media_files::MediaFile;
use anyhow::{Context as _, Result, ensure};

/// The time that a packet plays.
pub(crate) const FRAME: Duration = Duration::from_millis(20);

/// The recorded tone (Ogg Opus).
const TONE: &[u8] = include_bytes!("tone.opus");

/// The bytes of a mark.
const MARK: usize = 12;

/// A packet of nothing, as encoders send it in a silence (configuration 31).
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// The mark of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The number of the participant.
    pub(crate) speaker: u32,
    /// The number of the turn, from 1; 0 outside of turns.
    pub(crate) turn: u32,
    /// The number of the frame in the turn.
    pub(crate) frame: u32,
}

impl Mark {
    pub(crate) fn to_bytes(self) -> [u8; MARK] {
        let mut bytes = [0; MARK];
        let numbers = [self.speaker, self.turn, self.frame].map(u32::to_be_bytes);
        for (place, byte) in bytes.iter_mut().zip(numbers.as_flattened()) {
            *place = *byte;
        }
        bytes
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.as_chunks::<4>().0 {
            [speaker, turn, frame] => Some(Self {
                speaker: u32::from_be_bytes(*speaker),
                turn: u32::from_be_bytes(*turn),
                frame: u32::from_be_bytes(*frame),
            }),
            _ => None,
        }
    }
}

/// The tone.
pub(crate) struct Tone(Vec<Vec<u8>>);

impl Tone {
    /// Reads the recording.
    pub(crate) fn read() -> Result<Self> {
        let mut file = MediaFile::read(Cursor::new(TONE))?;
        let mut packets = Vec::new();
        while let Some(frame) = file.next_frame()? {
            let first = frame.data.first().copied().unwrap_or(u8::MAX);
            // The file ends within its last packet. The others have one length.
            if first & 3 == 0 && packet_duration(&frame.data) == Some(FRAME) {
                packets.push(frame.data);
            }
        }
        ensure!(!packets.is_empty(), "the tone is empty");
        Ok(Self(packets))
    }

    /// Returns a packet of so many frames of the tone with a mark, as loud as words are: with dips.
    pub(crate) fn packet(&self, mark: Mark, frames: u32) -> Result<OpusPacket> {
        let mut data = Vec::new();
        for number in mark.frame..mark.frame + frames {
            let place = usize::try_from(number)? % self.0.len();
            let packet = self.0.get(place).and_then(|packet| packet.split_first());
            let (first, sound) = packet.context("no packet")?;
            if data.is_empty() {
                // Frames of one length, with padding (code 3).
                data = vec![first | 3, 0x40 | u8::try_from(frames)?, u8::try_from(MARK)?];
            }
            data.extend(sound);
        }
        data.extend(mark.to_bytes());
        let level = match mark.frame % 10 {
            8 | 9 => 50,
            _ => 22,
        };
        OpusPacket::new(data, AudioLevel::below_loudest(level)).context("no packet of Opus")
    }
}

/// Returns the packet of a silence.
pub(crate) fn silence() -> Option<OpusPacket> {
    OpusPacket::new(SILENCE.to_vec(), AudioLevel::SILENCE)
}

/// Returns the mark of a packet of the tone.
pub(crate) fn mark(packet: &[u8]) -> Option<Mark> {
    let is_marked = matches!(packet, [first, count, length, ..]
        if first & 3 == 3 && count & 0xc0 == 0x40 && usize::from(*length) == MARK);
    let start = packet.len().checked_sub(MARK)?;
    is_marked.then(|| Mark::of_bytes(packet.get(start..)?))?
}

/// Returns the number of frames of a packet of the tone.
pub(crate) fn frames(packet: &[u8]) -> u32 {
    packet.get(1).map_or(0, |count| (count & 0x3f).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_the_tone_carry_their_mark() {
        let tone = Tone::read().unwrap();
        for frame in [0, 7, 99, 100_000] {
            let sent = Mark {
                speaker: 22,
                turn: 70_000,
                frame,
            };
            for frames in [1, 2] {
                let packet = tone.packet(sent, frames).unwrap();
                assert_eq!(packet.duration, FRAME * frames);
                assert_eq!(mark(&packet.data), Some(sent));
                assert_eq!(super::frames(&packet.data), frames);
            }
        }
        assert_eq!(mark(&silence().unwrap().data), None);
        assert_eq!(mark(&[]), None);
    }
}
