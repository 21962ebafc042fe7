//! Datagrams over TCP (RFC 4571): two bytes of length in network order, then the datagram. Both ends of a connection
//! for media read it so.

use core::fmt;

/// The maximum length of a frame: connections send no larger datagrams.
pub const MAX_FRAME: usize = 2_000;

/// The length of the header.
const HEADER: usize = 2;

/// The room for bytes that have come: four frames of the maximum length.
const ROOM: usize = 4 * (HEADER + MAX_FRAME);

/// A frame is longer than frames are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a datagram over TCP is longer than {MAX_FRAME} bytes")]
pub struct FrameTooLong;

/// Returns a datagram with its header.
///
/// # Errors
/// It is too long.
pub fn framed(datagram: &[u8]) -> Result<Vec<u8>, FrameTooLong> {
    let length = u16::try_from(datagram.len()).map_err(|_| FrameTooLong)?;
    if datagram.len() > MAX_FRAME {
        return Err(FrameTooLong);
    }
    Ok([&length.to_be_bytes(), datagram].concat())
}

/// The bytes of a connection that have come, and are not taken yet.
pub struct FrameReader {
    bytes: Box<[u8]>,
    /// The place of the first byte that is not taken.
    start: usize,
    /// The place after the last byte that has come.
    end: usize,
}

impl Default for FrameReader {
    /// No byte has come.
    fn default() -> Self {
        Self {
            bytes: vec![0; ROOM].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }
}

impl FrameReader {
    /// Returns the room for more bytes. There is some, once all frames that are whole have been taken.
    pub fn room(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Notes that so many bytes have come into the room.
    pub fn advance(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.bytes.len());
    }

    /// Takes the next frame that is whole.
    ///
    /// # Errors
    /// The frame is too long.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameTooLong> {
        let come = self.bytes.get(self.start..self.end).unwrap_or_default();
        let Some((header, rest)) = come.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*header));
        if length > MAX_FRAME {
            return Err(FrameTooLong);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let begin = self.start + HEADER;
        self.start = begin + length;
        Ok(self.bytes.get(begin..begin + length))
    }
}

impl fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameReader({} bytes)", self.end - self.start)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(chunks: &[&[u8]]) -> Result<Vec<Vec<u8>>, FrameTooLong> {
        let mut reader = FrameReader::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            let room = reader.room();
            room[..chunk.len()].copy_from_slice(chunk);
            reader.advance(chunk.len());
            while let Some(frame) = reader.next_frame()? {
                frames.push(frame.to_vec());
            }
        }
        Ok(frames)
    }

    #[test]
    fn frames_come_whole_however_they_are_cut() {
        let stream = [0, 3, 1, 2, 3, 0, 0, 0, 1, 9];
        let expected = vec![vec![1, 2, 3], vec![], vec![9]];
        assert_eq!(frames(&[&stream]), Ok(expected.clone()));
        for cut in 0..stream.len() {
            let (first, second) = stream.split_at(cut);
            assert_eq!(frames(&[first, second]), Ok(expected.clone()), "{cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(frames(&bytes), Ok(expected));
    }

    #[test]
    fn a_frame_of_the_maximum_length_fits_and_a_longer_one_is_refused() {
        let longest = u16::try_from(MAX_FRAME).unwrap();
        for (length, fits) in [(longest, true), (longest + 1, false), (u16::MAX, false)] {
            let mut stream = length.to_be_bytes().to_vec();
            stream.resize(HEADER + MAX_FRAME, 7);
            let result = frames(&[&stream]);
            assert_eq!(
                result.is_ok_and(|frames| frames.len() == 1),
                fits,
                "{length}"
            );
        }
    }

    #[test]
    fn what_one_end_frames_the_other_end_reads() {
        for length in [0, 3, MAX_FRAME] {
            let datagram = vec![5; length];
            let framed = framed(&datagram).unwrap();
            assert_eq!(frames(&[&framed]), Ok(vec![datagram]));
        }
        assert_eq!(framed(&[5; MAX_FRAME + 1]), Err(FrameTooLong));
    }

    #[test]
    fn there_is_always_room_after_whole_frames_are_taken() {
        let mut stream = u16::try_from(MAX_FRAME).unwrap().to_be_bytes().to_vec();
        stream.resize(HEADER + MAX_FRAME, 7);
        let many = stream.repeat(50);
        let mut reader = FrameReader::default();
        let mut rest = many.as_slice();
        let mut count = 0;
        while !rest.is_empty() {
            let room = reader.room();
            let length = room.len().min(rest.len());
            assert!(length > 0);
            let (now, later) = rest.split_at(length);
            room[..length].copy_from_slice(now);
            rest = later;
            reader.advance(length);
            while reader.next_frame().unwrap().is_some() {
                count += 1;
            }
        }
        assert_eq!(count, 50);
    }

    /// The frames of a stream, without any reader.
    fn naive(mut stream: &[u8]) -> (Vec<Vec<u8>>, bool) {
        let mut frames = Vec::new();
        while let [high, low, rest @ ..] = stream {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if length > MAX_FRAME {
                return (frames, true);
            }
            if rest.len() < length {
                break;
            }
            frames.push(rest[..length].to_vec());
            stream = &rest[length..];
        }
        (frames, false)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Any bytes, in any parts, are the frames that they are without parts.
        #[test]
        fn any_stream_in_any_parts_is_the_same_frames(
            frames in proptest::collection::vec((0_usize..2_100, any::<bool>()), 0..12),
            garbage in proptest::collection::vec(any::<u8>(), 0..40),
            parts in proptest::collection::vec(1_usize..5_000, 1..12),
        ) {
            let mut stream = Vec::new();
            for (length, is_short) in frames {
                let length = if is_short { length % 16 } else { length };
                stream.extend(u16::try_from(length).unwrap().to_be_bytes());
                stream.resize(stream.len() + length, 3);
            }
            stream.extend(garbage);
            let mut reader = FrameReader::default();
            let mut taken = Vec::new();
            let mut is_too_long = false;
            let mut rest = stream.as_slice();
            for part in parts.iter().cycle() {
                if rest.is_empty() || is_too_long {
                    break;
                }
                let room = reader.room();
                let length = (*part).min(room.len()).min(rest.len());
                prop_assert!(length > 0);
                room[..length].copy_from_slice(&rest[..length]);
                rest = &rest[length..];
                reader.advance(length);
                loop {
                    match reader.next_frame() {
                        Ok(Some(frame)) => taken.push(frame.to_vec()),
                        Ok(None) => break,
                        Err(FrameTooLong) => {
                            is_too_long = true;
                            break;
                        }
                    }
                }
            }
            prop_assert_eq!((taken, is_too_long), naive(&stream));
        }
    }
}
