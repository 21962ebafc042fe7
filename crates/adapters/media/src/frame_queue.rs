//! The frames that wait for a TCP connection: whole ones, and a bounded number of bytes for a bounded time.

use core::time::Duration;
use std::{
    collections::VecDeque,
    io::{self, IoSlice, Write},
    time::Instant,
};

use str0m::net::DatagramSend;

/// The limits of what waits for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Bytes, with the headers of frames.
    pub bytes: usize,
    /// The time for which the oldest frame has waited.
    pub age: Duration,
}

impl Default for QueueLimits {
    /// 256 KiB, and 300 ms.
    fn default() -> Self {
        Self {
            bytes: 256 * 1_024,
            age: Duration::from_millis(300),
        }
    }
}

/// The number of slices that are written at once: two for a frame.
const SLICES: usize = 64;

/// The length of a header.
const HEADER: usize = 2;

struct Frame {
    header: [u8; HEADER],
    contents: DatagramSend,
    since: Instant,
}

impl Frame {
    fn length(&self) -> usize {
        HEADER + self.contents.len()
    }
}

/// The frames that wait for a connection.
#[derive(Default)]
pub(crate) struct FrameQueue {
    frames: VecDeque<Frame>,
    /// The bytes of all frames that are not written yet.
    bytes: usize,
    /// The number of bytes of the first frame that are written.
    written: usize,
}

impl FrameQueue {
    /// Adds a datagram. Returns whether there was room; if not, it is lost, as on any path that is too narrow.
    pub(crate) fn push(
        &mut self,
        contents: DatagramSend,
        now: Instant,
        limits: &QueueLimits,
    ) -> bool {
        let Ok(length) = u16::try_from(contents.len()) else {
            return false;
        };
        let is_late = self
            .frames
            .front()
            .is_some_and(|first| now.saturating_duration_since(first.since) > limits.age);
        let frame = Frame {
            header: length.to_be_bytes(),
            contents,
            since: now,
        };
        if is_late || self.bytes + frame.length() > limits.bytes {
            return false;
        }
        self.bytes += frame.length();
        self.frames.push_back(frame);
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Writes until nothing waits or the sink is full. A frame that is begun is always finished first.
    ///
    /// # Errors
    /// The sink fails otherwise.
    pub(crate) fn write_to(&mut self, sink: &mut impl Write) -> io::Result<()> {
        while !self.frames.is_empty() {
            match self.write_once(sink) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_once(&self, sink: &mut impl Write) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let parts = self.frames.iter();
        let parts = parts.flat_map(|frame| [&frame.header[..], &frame.contents[..]]);
        let mut skip = self.written;
        let mut count = 0;
        for (slice, part) in slices.iter_mut().zip(parts) {
            let rest = part.get(skip.min(part.len())..).unwrap_or_default();
            skip -= part.len() - rest.len();
            *slice = IoSlice::new(rest);
            count += 1;
        }
        sink.write_vectored(slices.get(..count).unwrap_or_default())
    }

    fn advance(&mut self, written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        self.written += written;
        while let Some(first) = self.frames.front() {
            if self.written < first.length() {
                return;
            }
            self.written -= first.length();
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sink that takes so many bytes at once, and so many in all.
    struct Narrow {
        bytes: Vec<u8>,
        at_once: usize,
        room: usize,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let length = bytes.len().min(self.at_once).min(self.room);
            self.bytes.extend(&bytes[..length]);
            self.room -= length;
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn datagram(number: u8, length: usize) -> DatagramSend {
        vec![number; length].into()
    }

    #[test]
    fn frames_beyond_the_limits_are_lost_whole_and_what_is_written_is_a_stream_of_whole_frames() {
        let limits = QueueLimits {
            bytes: 40,
            age: Duration::from_millis(300),
        };
        let start = Instant::now();
        for at_once in 1..=12 {
            let mut queue = FrameQueue::default();
            let mut sink = Narrow {
                bytes: Vec::new(),
                at_once,
                room: 0,
            };
            let mut expected = Vec::new();
            for number in 0..60_u8 {
                let now = start + Duration::from_millis(u64::from(number));
                let length = usize::from(number % 7);
                let is_queued = queue.push(datagram(number, length), now, &limits);
                if is_queued {
                    expected.extend(u16::try_from(length).unwrap().to_be_bytes());
                    expected.extend(vec![number; length]);
                }
                assert!(queue.bytes <= limits.bytes);
                sink.room = 3;
                queue.write_to(&mut sink).unwrap();
            }
            sink.room = usize::MAX;
            queue.write_to(&mut sink).unwrap();
            assert!(queue.is_empty());
            assert_eq!(queue.bytes, 0);
            assert_eq!(sink.bytes, expected);
            assert!(expected.len() < 60 * 5, "some are lost");
        }
    }

    #[test]
    fn frames_that_have_waited_too_long_let_no_more_in_until_they_are_written() {
        let limits = QueueLimits::default();
        let start = Instant::now();
        let mut queue = FrameQueue::default();
        assert!(queue.push(datagram(1, 100), start, &limits));
        assert!(queue.push(datagram(2, 100), start + limits.age, &limits));
        let late = start + limits.age + Duration::from_millis(1);
        assert!(!queue.push(datagram(3, 100), late, &limits));
        queue.write_to(&mut Vec::new()).unwrap();
        assert!(queue.push(datagram(4, 100), late, &limits));
        assert!(!queue.push(datagram(5, 70_000), late, &limits));
    }
}
