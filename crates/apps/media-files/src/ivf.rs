//! IVF: a header of 32 bytes, then each frame with its length (4 bytes) and its time (8), in little endian.

use core::time::Duration;
use std::io::{Read, Seek, SeekFrom, Write};

use crate::{
    error::FileError,
    frame::{FileFrame, FrameKind, MAX_FRAME},
};

const HEADER: usize = 32;
/// The place of the number of frames in the header.
const COUNT: u64 = 24;

/// Reads IVF.
pub(crate) struct IvfReader<R> {
    input: R,
    /// The seconds of a unit of time, as a fraction.
    unit: (u32, u32),
}

impl<R: Read> IvfReader<R> {
    /// Reads the header.
    pub(crate) fn new(mut input: R) -> Result<Self, FileError> {
        let mut header = [0; HEADER];
        input.read_exact(&mut header).map_err(cut)?;
        let at = |place: usize| -> [u8; 4] {
            let bytes = header.get(place..).and_then(<[u8]>::first_chunk);
            bytes.copied().unwrap_or_default()
        };
        if at(8) != *b"VP80" {
            return Err(FileError::Codec);
        }
        let [low, high, ..] = at(6);
        let rest = usize::from(u16::from_le_bytes([low, high])).checked_sub(HEADER);
        let rest = rest.ok_or(FileError::Damaged("its header is too short"))?;
        let mut rest = vec![0; rest];
        input.read_exact(&mut rest).map_err(cut)?;
        let (rate, scale) = (u32::from_le_bytes(at(16)), u32::from_le_bytes(at(20)));
        if rate == 0 || scale == 0 {
            return Err(FileError::Damaged("its times have no unit"));
        }
        Ok(Self {
            input,
            unit: (scale, rate),
        })
    }

    /// Reads the next frame. One that is cut off is the end.
    pub(crate) fn next_frame(&mut self) -> Result<Option<FileFrame>, FileError> {
        let mut header = [0; 12];
        match self.input.read_exact(&mut header) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let [a, b, c, d, time @ ..] = header;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > MAX_FRAME {
            return Err(FileError::Damaged("a frame is larger than 1 MiB"));
        }
        let mut data = vec![0; length];
        match self.input.read_exact(&mut data) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (scale, rate) = self.unit;
        let nanos = u128::from(u64::from_le_bytes(time)) * u128::from(scale) * 1_000_000_000;
        let nanos = u64::try_from(nanos / u128::from(rate));
        let nanos = nanos.map_err(|_| FileError::Damaged("a time is too large"))?;
        Ok(Some(FileFrame {
            kind: FrameKind::Picture,
            time: Duration::from_nanos(nanos),
            duration: Duration::ZERO,
            data,
        }))
    }
}

fn cut(error: std::io::Error) -> FileError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => FileError::Damaged("it ends within its header"),
        _ => FileError::Io(error),
    }
}

/// Writes IVF with VP8, with times in milliseconds.
#[derive(Debug)]
pub struct IvfWriter<W> {
    output: W,
    frames: u32,
    written: u64,
    last: Option<u64>,
}

impl<W: Write + Seek> IvfWriter<W> {
    /// Writes the header, with the size of the pictures in pixels.
    ///
    /// # Errors
    /// The output refuses.
    pub fn new(mut output: W, width: u16, height: u16) -> Result<Self, FileError> {
        let mut header = Vec::with_capacity(HEADER);
        header.extend(b"DKIF\0\0\x20\0VP80");
        header.extend(width.to_le_bytes());
        header.extend(height.to_le_bytes());
        for number in [1_000_u32, 1, 0, 0] {
            header.extend(number.to_le_bytes());
        }
        output.write_all(&header)?;
        Ok(Self {
            output,
            frames: 0,
            written: u64::try_from(HEADER).unwrap_or_default(),
            last: None,
        })
    }

    /// Writes a frame. Times rise: one that does not follows its predecessor by a millisecond.
    ///
    /// # Errors
    /// The output refuses.
    pub fn write(&mut self, time: Duration, frame: &[u8]) -> Result<(), FileError> {
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let time = self.last.map_or(time, |last| time.max(last + 1));
        let mut bytes = Vec::with_capacity(12 + frame.len());
        bytes.extend(length.to_le_bytes());
        bytes.extend(time.to_le_bytes());
        bytes.extend(frame);
        self.output.write_all(&bytes)?;
        self.last = Some(time);
        self.frames += 1;
        self.written += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(())
    }

    /// Returns the number of bytes that were written.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Writes the number of frames into the header, and returns the output.
    ///
    /// # Errors
    /// The output refuses.
    pub fn finish(mut self) -> Result<W, FileError> {
        self.output.seek(SeekFrom::Start(COUNT))?;
        self.output.write_all(&self.frames.to_le_bytes())?;
        self.output.seek(SeekFrom::End(0))?;
        self.output.flush()?;
        Ok(self.output)
    }
}
