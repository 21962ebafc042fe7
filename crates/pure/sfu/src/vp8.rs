//! The clear bytes of a VP8 packet: its payload descriptor (RFC 7741, section 4.2), and the first bytes of a
//! key frame, which tell its size (RFC 6386, section 9.1).

/// The facts of a VP8 packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vp8Packet {
    /// The picture id with its width, if there is one.
    pub picture_id: Option<PictureId>,
    /// The running index of the lowest temporal layer (TL0PICIDX).
    pub tl0_index: Option<u8>,
    /// The temporal layer (TID).
    pub temporal_layer: Option<u8>,
    /// The size of the picture, if the packet is the first of a key frame.
    pub key_frame: Option<PictureSize>,
}

/// A picture id, of 7 or 15 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    /// The id.
    pub value: u16,
    /// Whether it has 15 bits.
    pub is_long: bool,
}

/// The size of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureSize {
    /// The width.
    pub width: u16,
    /// The height.
    pub height: u16,
}

impl Vp8Packet {
    /// Parses the payload of an RTP packet. `None`: it ends within its descriptor, has nothing after it, or has
    /// TL0PICIDX without a temporal layer.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut rest = Bytes(payload);
        let first = rest.next()?;
        let extension = if first & 0x80 == 0 { 0 } else { rest.next()? };
        if extension & 0x60 == 0x40 {
            return None;
        }
        let picture_id = if extension & 0x80 == 0 {
            None
        } else {
            let high = rest.next()?;
            Some(if high & 0x80 == 0 {
                PictureId {
                    value: u16::from(high),
                    is_long: false,
                }
            } else {
                PictureId {
                    value: u16::from_be_bytes([high & 0x7f, rest.next()?]),
                    is_long: true,
                }
            })
        };
        let tl0_index = if extension & 0x40 == 0 {
            None
        } else {
            Some(rest.next()?)
        };
        // The byte is there for the temporal layer or for the key index, each with its own bit.
        let layers = if extension & 0x30 == 0 {
            None
        } else {
            Some(rest.next()?)
        };
        let temporal_layer = layers
            .filter(|_| extension & 0x20 != 0)
            .map(|byte| byte >> 6);
        let Bytes(frame) = rest;
        let is_first = first & 0x10 != 0 && first & 0x07 == 0;
        frame.first()?;
        Some(Self {
            picture_id,
            tl0_index,
            temporal_layer,
            key_frame: if is_first { key_frame(frame) } else { None },
        })
    }
}

/// Returns the size of a key frame, of which these are the first bytes.
fn key_frame(frame: &[u8]) -> Option<PictureSize> {
    let header: &[u8; 10] = frame.first_chunk()?;
    let [
        tag,
        _,
        _,
        start @ ..,
        width_low,
        width_high,
        height_low,
        height_high,
    ] = header;
    let is_key_frame = tag & 1 == 0 && start == &[0x9d, 0x01, 0x2a];
    // The upper two bits are for scaling by the receiver.
    is_key_frame.then(|| PictureSize {
        width: u16::from_le_bytes([*width_low, *width_high & 0x3f]),
        height: u16::from_le_bytes([*height_low, *height_high & 0x3f]),
    })
}

/// The bytes that are left.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }
}
