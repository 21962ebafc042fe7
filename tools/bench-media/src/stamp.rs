//! The bytes of a packet: those that a server reads, and the stamp of when and in which window it was written.

use core::time::Duration;

/// The bytes before the stamp: the descriptor of a packet of VP8, and the first bytes of a key frame.
const BEFORE: usize = 16;

/// The bytes of the stamp: the number of the window, and nanoseconds.
const LENGTH: usize = 12;

/// The first bytes of a key frame of 320 x 180.
const KEY_FRAME: [u8; 10] = [0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0];

/// The first bytes of another frame.
const DELTA_FRAME: [u8; 10] = [0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The stamp of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The number of the window. 0: none.
    pub(crate) window: u32,
    /// The time since the start of the load.
    pub(crate) written: Duration,
}

impl Stamp {
    /// Makes a packet of sound.
    pub(crate) fn sound(self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length.max(BEFORE + LENGTH)];
        self.put(&mut bytes);
        bytes
    }

    /// Makes a packet of the picture with a number.
    pub(crate) fn picture(
        self,
        length: usize,
        number: u32,
        is_first: bool,
        is_key: bool,
    ) -> Vec<u8> {
        let mut bytes = self.sound(length);
        let [.., high, low] = number.to_be_bytes();
        let descriptor = [
            if is_first { 0x90 } else { 0x80 },
            0xe0,
            0x80 | high,
            low,
            low,
            0x20,
        ];
        let frame = match (is_first, is_key) {
            (false, _) => [0x55; 10],
            (true, true) => KEY_FRAME,
            (true, false) => DELTA_FRAME,
        };
        for (byte, value) in bytes.iter_mut().zip(descriptor.into_iter().chain(frame)) {
            *byte = value;
        }
        bytes
    }

    fn put(self, bytes: &mut [u8]) {
        let nanoseconds = u64::try_from(self.written.as_nanos()).unwrap_or(u64::MAX);
        let window = self.window.to_be_bytes();
        let stamp = window.into_iter().chain(nanoseconds.to_be_bytes());
        for (byte, value) in bytes.iter_mut().skip(BEFORE).zip(stamp) {
            *byte = value;
        }
    }

    /// Reads the stamp of a packet.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (window, rest) = bytes.get(BEFORE..)?.split_first_chunk()?;
        let nanoseconds = rest.first_chunk()?;
        Some(Self {
            window: u32::from_be_bytes(*window),
            written: Duration::from_nanos(u64::from_be_bytes(*nanoseconds)),
        })
    }
}

#[cfg(test)]
mod tests {
    use anteroom_sfu::vp8::{PictureSize, Vp8Packet};

    use super::*;

    #[test]
    fn a_server_reads_key_frames_and_the_load_reads_stamps() {
        let stamp = Stamp {
            window: 7,
            written: Duration::from_nanos(1_234_567_890_123),
        };
        let size = PictureSize {
            width: 320,
            height: 180,
        };
        for (is_first, is_key, expected) in [
            (true, true, Some(size)),
            (true, false, None),
            (false, true, None),
        ] {
            let bytes = stamp.picture(1_200, 40_000, is_first, is_key);
            assert_eq!(bytes.len(), 1_200);
            assert_eq!(Stamp::read(&bytes), Some(stamp));
            let packet = Vp8Packet::parse(&bytes).unwrap();
            assert_eq!(packet.key_frame, expected);
            assert_eq!(packet.picture_id.unwrap().value, 40_000 & 0x7fff);
        }
        assert_eq!(Stamp::read(&stamp.sound(80)), Some(stamp));
        assert_eq!(Stamp::read(&[0; 27]), None);
    }
}
