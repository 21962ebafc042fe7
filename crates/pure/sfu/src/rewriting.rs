//! One slot as one continuous RTP stream, whatever travels in it.
//!
//! 1. A new source or layer begins at the first packet of a key frame, sound between any two packets. Its
//!    sequence numbers continue after the last one sent, its timestamps after the last one by the time that
//!    has passed between the arrivals, one tick at least. The first packet of sound has the marker.
//! 2. All packets of it get the same offsets, so that losses and reordering stay what they were. Packets from
//!    before the switch are dropped.
//! 3. Picture ids and TL0PICIDX of VP8 continue likewise, in the width that the packet has.

use crate::{
    source::Source,
    time::Moment,
    vp8::{PictureId, Vp8Packet},
};

/// The number of the first packet of a slot. SRTP receivers take the first rollover counter to be 0, so it is
/// far below 65,536.
const FIRST_SEQUENCE: u64 = 1;

/// The numbers of a packet, as the sender made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketNumbers {
    /// The sequence number, extended by its rollovers.
    pub sequence: u64,
    /// The RTP timestamp.
    pub timestamp: u32,
    /// Those of VP8.
    pub vp8: Vp8Numbers,
}

/// The numbers that VP8 has in its payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vp8Numbers {
    /// The picture id.
    pub picture_id: Option<PictureId>,
    /// TL0PICIDX.
    pub tl0_index: Option<u8>,
}

impl From<Vp8Packet> for Vp8Numbers {
    fn from(packet: Vp8Packet) -> Self {
        Self {
            picture_id: packet.picture_id,
            tl0_index: packet.tl0_index,
        }
    }
}

/// The numbers of a packet in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotNumbers {
    /// The numbers.
    pub numbers: PacketNumbers,
    /// Whether the marker is set, whatever the sender had.
    pub has_marker: bool,
    /// Whether the packet begins another source or layer in the slot.
    pub is_switch: bool,
}

/// The stream of a slot. The module's documentation has the rules.
#[derive(Clone, Debug, Default)]
pub struct SlotStream {
    /// The highest numbers that were sent. `None`: nothing was.
    last: Option<LastNumbers>,
    /// The offsets of what travels in the slot. `None`: nothing does.
    offsets: Option<Offsets>,
}

/// The highest numbers sent, and the moment at which the latest timestamp was.
#[derive(Clone, Copy, Debug)]
struct LastNumbers {
    sequence: u64,
    timestamp: u32,
    at: Moment,
    picture_id: u16,
    tl0_index: u8,
}

/// The differences between the numbers in the slot and those of the sender, modulo their ranges.
#[derive(Clone, Copy, Debug)]
struct Offsets {
    /// The sender's sequence number of the switch. Lower ones are dropped.
    first: u64,
    sequence: u64,
    timestamp: u32,
    picture_id: u16,
    tl0_index: u8,
}

impl SlotStream {
    /// Begins with another source or layer at this packet: the first of a key frame, or any of a sound.
    pub fn switch(&mut self, source: Source, packet: PacketNumbers, now: Moment) -> SlotNumbers {
        let picture_id = packet.vp8.picture_id.map_or(0, |id| id.value);
        let tl0_index = packet.vp8.tl0_index.unwrap_or_default();
        let offsets = match self.last {
            None => Offsets {
                first: packet.sequence,
                sequence: FIRST_SEQUENCE.wrapping_sub(packet.sequence),
                timestamp: 0,
                picture_id: 0,
                tl0_index: 0,
            },
            Some(last) => {
                let ticks = ticks(source, last.at, now);
                Offsets {
                    first: packet.sequence,
                    sequence: last.sequence.wrapping_add(1).wrapping_sub(packet.sequence),
                    timestamp: last
                        .timestamp
                        .wrapping_add(ticks)
                        .wrapping_sub(packet.timestamp),
                    picture_id: last.picture_id.wrapping_add(1).wrapping_sub(picture_id),
                    tl0_index: last.tl0_index.wrapping_add(1).wrapping_sub(tl0_index),
                }
            }
        };
        self.offsets = Some(offsets);
        let numbers = offsets.apply(packet);
        self.last = Some(LastNumbers::after_switch(self.last, numbers, now));
        SlotNumbers {
            numbers,
            has_marker: !source.is_video(),
            is_switch: true,
        }
    }

    /// Continues with a packet. `None`: it is from before the switch, or nothing travels in the slot.
    pub fn forward(&mut self, packet: PacketNumbers, now: Moment) -> Option<SlotNumbers> {
        let offsets = self.offsets?;
        if packet.sequence < offsets.first {
            return None;
        }
        let numbers = offsets.apply(packet);
        if let Some(last) = &mut self.last {
            last.note(numbers, now);
        }
        Some(SlotNumbers {
            numbers,
            has_marker: false,
            is_switch: false,
        })
    }

    /// Ends what travels in the slot. The next packet is one of a switch.
    pub const fn pause(&mut self) {
        self.offsets = None;
    }

    /// Returns whether something travels in the slot.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.offsets.is_some()
    }
}

impl Offsets {
    fn apply(&self, packet: PacketNumbers) -> PacketNumbers {
        let Vp8Numbers {
            picture_id,
            tl0_index,
        } = packet.vp8;
        let picture_id = picture_id.map(|id| PictureId {
            value: id.value.wrapping_add(self.picture_id) & mask(id.is_long),
            is_long: id.is_long,
        });
        PacketNumbers {
            sequence: packet.sequence.wrapping_add(self.sequence),
            timestamp: packet.timestamp.wrapping_add(self.timestamp),
            vp8: Vp8Numbers {
                picture_id,
                tl0_index: tl0_index.map(|index| index.wrapping_add(self.tl0_index)),
            },
        }
    }
}

impl LastNumbers {
    /// Returns the numbers after the first packet of a switch, which are the highest. Packets without VP8's
    /// numbers leave those as they were.
    fn after_switch(before: Option<Self>, numbers: PacketNumbers, now: Moment) -> Self {
        let id = numbers.vp8.picture_id.map(|id| id.value);
        let (old_id, old_index) = before.map_or((0, 0), |last| (last.picture_id, last.tl0_index));
        Self {
            sequence: numbers.sequence,
            timestamp: numbers.timestamp,
            at: now,
            picture_id: id.unwrap_or(old_id),
            tl0_index: numbers.vp8.tl0_index.unwrap_or(old_index),
        }
    }

    /// Keeps the higher numbers.
    fn note(&mut self, numbers: PacketNumbers, now: Moment) {
        self.sequence = self.sequence.max(numbers.sequence);
        if is_after(numbers.timestamp, self.timestamp, u32::MAX) {
            self.timestamp = numbers.timestamp;
            self.at = now;
        }
        if let Some(id) = numbers.vp8.picture_id {
            let mask = mask(id.is_long);
            if is_after(
                u32::from(id.value),
                u32::from(self.picture_id & mask),
                u32::from(mask),
            ) {
                self.picture_id = id.value;
            }
        }
        if let Some(index) = numbers.vp8.tl0_index
            && is_after(
                u32::from(index),
                u32::from(self.tl0_index),
                u32::from(u8::MAX),
            )
        {
            self.tl0_index = index;
        }
    }
}

/// Returns the mask of a picture id.
const fn mask(is_long: bool) -> u16 {
    if is_long { 0x7fff } else { 0x7f }
}

/// Returns whether a number comes after another one, in a range up to `mask`.
const fn is_after(number: u32, other: u32, mask: u32) -> bool {
    let ahead = number.wrapping_sub(other) & mask;
    ahead > 0 && ahead <= mask / 2
}

/// Returns the ticks of the time that has passed, at least one. A pause of hours wraps around as timestamps do.
fn ticks(source: Source, from: Moment, to: Moment) -> u32 {
    let ticks = to.since(from).as_micros() * u128::from(source.clock_rate()) / 1_000_000;
    let wrapped = ticks % (u128::from(u32::MAX) + 1);
    u32::try_from(wrapped).unwrap_or_default().max(1)
}
