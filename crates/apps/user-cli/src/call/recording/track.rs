//! A file of a recording while it is written.

use std::{fs::File, io::BufWriter, time::Duration};

use anteroom_client::{DemuxId, Source};
use anteroom_media_files::{FileError, IvfWriter, OpusWriter};

/// The maximum number of characters of a name in a file's name.
const MAX_NAME: usize = 40;

/// A file that is written.
pub(super) struct Track {
    pub(super) file: String,
    pub(super) begins: Duration,
    writer: Writer,
}

enum Writer {
    Sound(Box<OpusWriter<BufWriter<File>>>),
    Picture {
        writer: Box<IvfWriter<BufWriter<File>>>,
        /// Whether frames are left out until a key frame comes.
        is_broken: bool,
    },
}

impl Track {
    /// Begins a file, of pictures if it has their size.
    pub(super) fn new(
        (file, device): (String, DemuxId),
        output: File,
        size: Option<(u16, u16)>,
        begins: Duration,
    ) -> Result<Self, FileError> {
        let output = BufWriter::new(output);
        let writer = match size {
            Some((width, height)) => Writer::Picture {
                writer: Box::new(IvfWriter::new(output, width, height)?),
                is_broken: false,
            },
            None => Writer::Sound(Box::new(OpusWriter::new(output, device.number())?)),
        };
        Ok(Self {
            file,
            begins,
            writer,
        })
    }

    /// Writes a frame. A picture goes on with a key frame after a gap. Returns whether it was written.
    pub(super) fn write(
        &mut self,
        at: Duration,
        has_gap: bool,
        data: &[u8],
    ) -> Result<bool, FileError> {
        let at = at.saturating_sub(self.begins);
        match &mut self.writer {
            Writer::Sound(writer) => writer.write(at, data)?,
            Writer::Picture { writer, is_broken } => {
                *is_broken |= has_gap;
                *is_broken &= key_frame_size(data).is_none();
                if *is_broken {
                    return Ok(false);
                }
                writer.write(at, data)?;
            }
        }
        Ok(true)
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<(), FileError> {
        match self.writer {
            Writer::Sound(writer) => writer.finish().map(drop),
            Writer::Picture { writer, .. } => writer.finish().map(drop),
        }
    }

    /// Returns the number of bytes that were written.
    pub(super) fn written(&self) -> u64 {
        match &self.writer {
            Writer::Sound(writer) => writer.written(),
            Writer::Picture { writer, .. } => writer.written(),
        }
    }
}

/// Returns the name of a file: the device's number, the name of its person as far as file systems take it, the source, and
/// how many the device has had, from the second one on.
pub(super) fn file_name(device: DemuxId, name: Option<&str>, source: Source, count: u32) -> String {
    let is_safe = |character: &char| character.is_alphanumeric() || "-_".contains(*character);
    let name: String = name
        .unwrap_or_default()
        .chars()
        .map(
            |character| {
                if is_safe(&character) { character } else { '_' }
            },
        )
        .take(MAX_NAME)
        .collect();
    let name = name.trim_matches('_');
    let (source, ending) = match source {
        Source::Audio => ("microphone", "opus"),
        Source::Camera => ("camera", "ivf"),
        Source::Screen => ("screen", "ivf"),
        Source::ScreenAudio => ("screen-sound", "opus"),
    };
    let number = device.number();
    let count = match count {
        1 => String::new(),
        count => format!("-{count}"),
    };
    match name.is_empty() {
        true => format!("{number}-{source}{count}.{ending}"),
        false => format!("{number}-{name}-{source}{count}.{ending}"),
    }
}

/// Returns the size of a key frame of VP8 in pixels (RFC 6386, section 9.1); `None` for another frame.
pub(super) fn key_frame_size(frame: &[u8]) -> Option<(u16, u16)> {
    let header: &[u8; 10] = frame.first_chunk()?;
    let [
        tag,
        _,
        _,
        0x9d,
        0x01,
        0x2a,
        width @ ..,
        height_low,
        height_high,
    ] = header
    else {
        return None;
    };
    let height = u16::from_le_bytes([*height_low, *height_high]) & 0x3fff;
    let width = u16::from_le_bytes(*width) & 0x3fff;
    (tag & 1 == 0).then_some((width, height))
}
