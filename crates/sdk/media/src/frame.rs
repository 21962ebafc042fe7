//! The encoded frames of sound and picture.

use core::time::Duration;

use anteroom_protocol::{DemuxId, GroupEpoch, media::Source, redacted_debug};
use zeroize::Zeroizing;

use crate::{layer::Layer, lines::SlotNumber, opus::packet_duration};

/// The loudness of a packet of sound, in decibels below the loudest possible, at most 127. The media server reads it,
/// to find who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AudioLevel(u8);

impl AudioLevel {
    /// No sound.
    pub const SILENCE: Self = Self(127);

    /// Creates a level of so many decibels below the loudest possible.
    #[must_use]
    pub fn below_loudest(decibels: u8) -> Self {
        Self(decibels.min(Self::SILENCE.0))
    }

    /// Returns the decibels below the loudest possible.
    #[must_use]
    pub const fn decibels(self) -> u8 {
        self.0
    }
}

/// A packet of Opus.
#[derive(Clone, PartialEq, Eq)]
pub struct OpusPacket {
    /// The packet as the encoder made it.
    pub data: Zeroizing<Vec<u8>>,
    /// The time that it plays.
    pub duration: Duration,
    /// Its loudness.
    pub level: AudioLevel,
}

redacted_debug!(OpusPacket);

impl OpusPacket {
    /// Creates a packet, whose bytes tell how long it plays; `None` for bytes that are no packet.
    #[must_use]
    pub fn new(data: Vec<u8>, level: AudioLevel) -> Option<Self> {
        Some(Self {
            duration: packet_duration(&data)?,
            data: data.into(),
            level,
        })
    }
}

/// A frame of VP8.
#[derive(Clone, PartialEq, Eq)]
pub struct Vp8Frame {
    /// The frame as the encoder made it.
    pub data: Zeroizing<Vec<u8>>,
    /// The time at which it is shown, since a start that the sender chose once for the source.
    pub time: Duration,
    /// The layer, of a camera.
    pub layer: Layer,
}

redacted_debug!(Vp8Frame);

/// Returns whether a frame of VP8 is a key frame: the lowest bit of its first byte is 0 (RFC 6386, section 9.1).
#[must_use]
pub fn is_key_frame(vp8: &[u8]) -> bool {
    vp8.first().is_some_and(|first| first & 1 == 0)
}

/// A frame that a member of the group has sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedFrame {
    /// The device whose leaf has sealed it. Every member can seal as any other: a false sender takes a member and the
    /// service together.
    pub sender: DemuxId,
    /// The leaf, in the tree of the epoch.
    pub leaf: u32,
    /// The epoch.
    pub epoch: GroupEpoch,
    /// The source that the sender has sealed it as.
    pub source: Source,
    /// The slot in which it came.
    pub slot: SlotNumber,
    /// The time at which it is played or shown, on the clock of its slot. Slots have clocks of their own.
    pub time: Duration,
    /// The number of packets that were lost in the slot just before it.
    pub lost: u64,
    /// Whether something is missing in the slot just before it: packets that were lost, frames that did not open, or
    /// frames that were not read in time. A picture is whole again with the next key frame.
    pub has_gap: bool,
    /// The loudness that the sender has told the media server, of sound.
    pub level: Option<AudioLevel>,
    /// The encoded frame.
    pub data: Zeroizing<Vec<u8>>,
}

redacted_debug!(ReceivedFrame);

impl ReceivedFrame {
    /// Returns whether the frame is a key frame of a picture.
    #[must_use]
    pub fn is_key_frame(&self) -> bool {
        self.source.is_video() && is_key_frame(&self.data)
    }
}
