//! The inputs of a call's media.

use anteroom_protocol::{DemuxId, OpaqueUserId};

pub use anteroom_protocol::media::{MuteOrder, MuteTarget, Subject};

use crate::{
    indexes::SlotIndex,
    source::{Layer, PerSource, Source},
};

/// An input. Devices are active ones: those that are not known are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A device becomes active. It sends and receives nothing before it is connected.
    Activate {
        /// The device.
        device: DemuxId,
        /// Its user.
        user: OpaqueUserId,
    },
    /// A device is active no longer: it left, was removed or blocked, or lost its seat.
    Deactivate(DemuxId),
    /// The connection of a device works, for the first time or as a new one. It replaces an older one.
    Connect {
        /// The device.
        device: DemuxId,
        /// The result of the negotiation.
        connection: Connection,
    },
    /// The connection of a device has more slots than before. Those that it had stay as they are.
    AddSlots {
        /// The device.
        device: DemuxId,
        /// The new ones, after those that it had.
        slots: Vec<SlotKind>,
    },
    /// The connection of a device works no longer.
    Disconnect(DemuxId),
    /// A device says what it wants to see and hear where.
    View {
        /// The device.
        device: DemuxId,
        /// The view, which replaces the last one.
        view: View,
    },
    /// A device says what it sends.
    Publish {
        /// The device.
        device: DemuxId,
        /// Each source.
        sources: PerSource<bool>,
    },
    /// An admin stops what others send. The caller has checked that it is one.
    Mute {
        /// The admin's device.
        by: DemuxId,
        /// The devices.
        target: MuteTarget,
        /// The source.
        source: Source,
        /// The order.
        order: MuteOrder,
    },
    /// The receiver of a device estimates its bandwidth (REMB).
    Estimate {
        /// The device.
        device: DemuxId,
        /// Bits a second.
        bits: u64,
    },
    /// The receiver of a device reports losses.
    Loss {
        /// The device.
        device: DemuxId,
        /// The share of the packets, in thousandths.
        thousandths: u32,
    },
    /// The receiver of a device cannot go on without a key frame (PLI).
    KeyFrameMissed {
        /// The device.
        device: DemuxId,
        /// The slot.
        slot: SlotIndex,
    },
    /// The largest layer that may travel in the call: the server lowers it while it has too much to do.
    Largest(Layer),
    /// Time has passed without another input.
    TimePassed,
}

/// The result of a negotiation with a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// The slots in which the device receives, in the order of its m-lines.
    pub slots: Vec<SlotKind>,
    /// The sources that it may send.
    pub sources: PerSource<Option<Sending>>,
    /// The codecs that it can decode.
    pub decodes: Vec<Codec>,
}

/// A source as it was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The number of layers, 1 to 3.
    pub layers: u8,
    /// The codec.
    pub codec: Codec,
}

/// The kind of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// For sound.
    Audio,
    /// For pictures.
    Video,
}

impl SlotKind {
    /// Returns whether a source can travel in such a slot.
    #[must_use]
    pub const fn fits(self, source: Source) -> bool {
        matches!(self, Self::Video) == source.is_video()
    }
}

/// A codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Opus.
    Opus,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// H.264.
    H264,
}

/// A device's wishes about its slots. Audio slots that are not named are filled by the active speakers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The wishes, one for a slot. Of several for one slot the last counts.
    pub wishes: Vec<Wish>,
    /// The devices that take no audio slot.
    pub audio_without: Vec<DemuxId>,
}

/// A device's wish about one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The slot.
    pub slot: SlotIndex,
    /// The device to be shown.
    pub subject: Subject,
    /// The source: of pictures in video slots, the screen's sound in audio slots.
    pub source: Source,
    /// The height in pixels. Of pictures only.
    pub height: u16,
}
