//! The facts of packets.

use str0m::rtp::RtpPacket;

use crate::{
    audio_level::AudioLevel,
    device_handle::DeviceHandle,
    indexes::SlotIndex,
    rewriting::{PacketNumbers, SlotNumbers, Vp8Numbers},
    source::{Layer, Source},
    vp8::{PictureSize, Vp8Packet},
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

impl IncomingPacket {
    /// Reads a packet of a source. `None`: it is no part of a picture, as it must be.
    pub(crate) fn read(
        from: DeviceHandle,
        source: Source,
        layer: Layer,
        packet: &RtpPacket,
    ) -> Option<Self> {
        let vp8 = match source.is_video() {
            true => Some(Vp8Packet::parse(&packet.payload)?),
            false => None,
        };
        let level = packet.header.ext_vals.audio_level;
        Some(Self {
            from,
            source,
            layer,
            bytes: packet.payload.len(),
            level: level.map(AudioLevel::from_dbov),
            key_frame: vp8.and_then(|vp8| vp8.key_frame),
            numbers: PacketNumbers {
                sequence: *packet.seq_no,
                timestamp: packet.header.timestamp,
                vp8: vp8.map(Vp8Numbers::from).unwrap_or_default(),
            },
        })
    }
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
