//! The frames in packets that were opened.

use crate::opened_packets::{OpenedPacket, opened_packets};

/// The frames of a sender, in the order in which they came.
pub(crate) struct TappedStreams {
    pub(crate) sounds: Vec<Vec<u8>>,
    pub(crate) pictures: Vec<Vec<u8>>,
}

/// The numbers by which packets name codecs.
#[derive(Clone, Copy)]
pub(crate) struct PayloadTypes {
    sound: u8,
    picture: u8,
}

impl PayloadTypes {
    /// Finds the numbers in an offer.
    pub(crate) fn of_offer(offer: &str) -> Self {
        let number = |codec: &str| {
            let lines = offer.lines();
            let mut maps = lines.filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '));
            let (number, _) = maps.find(|(_, name)| name.starts_with(codec)).unwrap();
            number.parse().unwrap()
        };
        Self {
            sound: number("opus/"),
            picture: number("VP8/"),
        }
    }
}

impl TappedStreams {
    /// Returns the frames that the tap has taken so far.
    pub(crate) fn tapped(types: PayloadTypes) -> Self {
        let packets = opened_packets();
        let of_type = |number: u8| {
            let packets = packets.iter();
            packets.filter(move |packet| packet.header[1] & 0x7f == number)
        };
        let sounds = of_type(types.sound).map(payload).map(<[u8]>::to_vec);
        Self {
            sounds: sounds.filter(|sound| !sound.is_empty()).collect(),
            pictures: pictures(of_type(types.picture)),
        }
    }
}

/// Returns the payload without its padding.
fn payload(packet: &OpenedPacket) -> &[u8] {
    let payload = packet.payload.as_slice();
    if packet.header[0] & 0x20 == 0 {
        return payload;
    }
    let padding = usize::from(*payload.last().unwrap());
    &payload[..payload.len() - padding]
}

/// Puts pictures together: the last packet of each has the marker.
fn pictures<'a>(packets: impl Iterator<Item = &'a OpenedPacket>) -> Vec<Vec<u8>> {
    let (mut pictures, mut picture) = (Vec::new(), Vec::new());
    for packet in packets {
        let payload = payload(packet);
        if payload.is_empty() {
            continue;
        }
        picture.extend(&payload[descriptor_length(payload)..]);
        if packet.header[1] & 0x80 != 0 {
            pictures.push(core::mem::take(&mut picture));
        }
    }
    pictures
}

/// Returns the length of the descriptor of VP8 (RFC 7741, section 4.2).
fn descriptor_length(payload: &[u8]) -> usize {
    if payload[0] & 0x80 == 0 {
        return 1;
    }
    let extension = payload[1];
    let has = |bit: u8| usize::from(extension & bit != 0);
    let is_long = extension & 0x80 != 0 && payload[2] & 0x80 != 0;
    2 + has(0x80) + usize::from(is_long) + has(0x40) + has(0x30)
}
