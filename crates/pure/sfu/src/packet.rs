//! The facts of packets.

use crate::{
    audio_level::AudioLevel,
    device_handle::DeviceHandle,
    indexes::SlotIndex,
    rewriting::{PacketNumbers, SlotNumbers},
    source::{Layer, Source},
    vp8::PictureSize,
};

/// A packet from a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncomingPacket {
    /// The sender.
    pub from: DeviceHandle,
    /// The source.
    pub source: Source,
    /// The layer; the low one of sounds.
    pub layer: Layer,
    /// The length in bytes.
    pub bytes: usize,
    /// The audio level. Of sounds only.
    pub level: Option<AudioLevel>,
    /// The size of the picture, if this is the first packet of a key frame.
    pub key_frame: Option<PictureSize>,
    /// The numbers.
    pub numbers: PacketNumbers,
}

/// A packet to a device: the payload is that of the incoming one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutgoingPacket {
    /// The viewer.
    pub to: DeviceHandle,
    /// The slot.
    pub slot: SlotIndex,
    /// The numbers in the slot.
    pub slot_numbers: SlotNumbers,
}
