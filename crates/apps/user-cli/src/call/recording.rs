//! The files of a recording: one for each source of each device.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::BufWriter,
    path::{Path, PathBuf},
    time::Duration,
};

use anteroom_client::{DemuxId, Source};
use anteroom_media_files::{FileError, IvfWriter, OpusWriter};
use serde::Serialize;

/// The maximum number of files of a recording.
const MAX_FILES: usize = 512;
/// The maximum number of characters of a name in a file's name.
const MAX_NAME: usize = 40;

/// A frame to be recorded.
pub(super) struct RecordedFrame {
    pub(super) device: DemuxId,
    pub(super) name: Option<String>,
    pub(super) source: Source,
    /// The time since the beginning of the recording.
    pub(super) at: Duration,
    /// Whether frames before it are missing.
    pub(super) has_gap: bool,
    pub(super) data: Vec<u8>,
}

/// A file of a recording.
#[derive(Debug, Serialize)]
pub(super) struct RecordedFile {
    pub(super) file: String,
    /// The seconds from the beginning of the recording to that of the file.
    pub(super) begins: f64,
}

/// The files of a recording.
pub(super) struct Recording {
    folder: PathBuf,
    limit: u64,
    written: u64,
    tracks: BTreeMap<(DemuxId, Source), Track>,
}

struct Track {
    file: String,
    begins: Duration,
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

/// The reason why a recording ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordingError {
    #[error("the recording has reached its limit of {0} MB: --limit sets another one")]
    Full(u64),
    #[error("{0} is there already, and is not overwritten: name a folder without recordings")]
    Exists(String),
    #[error("{0}")]
    File(#[from] FileError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Recording {
    /// Makes the folder. The limit is in bytes.
    pub(super) fn new(folder: &Path, limit: u64) -> Result<Self, RecordingError> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            limit,
            written: 0,
            tracks: BTreeMap::new(),
        })
    }

    /// Writes a frame into its file. A picture begins with a key frame, and goes on with one after a gap.
    pub(super) fn write(&mut self, frame: &RecordedFrame) -> Result<(), RecordingError> {
        let length = u64::try_from(frame.data.len()).unwrap_or(u64::MAX);
        if self.written.saturating_add(length) > self.limit {
            return Err(RecordingError::Full(self.limit / 1_000_000));
        }
        let key = (frame.device, frame.source);
        if !self.tracks.contains_key(&key) {
            let Some(track) = self.begin(frame)? else {
                return Ok(());
            };
            self.tracks.insert(key, track);
        }
        let Some(track) = self.tracks.get_mut(&key) else {
            return Ok(());
        };
        let at = frame.at.saturating_sub(track.begins);
        let before = track.written();
        match &mut track.writer {
            Writer::Sound(writer) => writer.write(at, &frame.data)?,
            Writer::Picture { writer, is_broken } => {
                *is_broken |= frame.has_gap;
                *is_broken &= key_frame_size(&frame.data).is_none();
                if !*is_broken {
                    writer.write(at, &frame.data)?;
                }
            }
        }
        self.written += track.written() - before;
        Ok(())
    }

    /// Begins a file; `None` for a picture before its first key frame, and beside too many files.
    fn begin(&self, frame: &RecordedFrame) -> Result<Option<Track>, RecordingError> {
        if self.tracks.len() >= MAX_FILES {
            return Ok(None);
        }
        let size = key_frame_size(&frame.data);
        if frame.source.is_video() && size.is_none() {
            return Ok(None);
        }
        let file = file_name(frame.device, frame.name.as_deref(), frame.source);
        let path = self.folder.join(&file);
        let opened = OpenOptions::new().write(true).create_new(true).open(&path);
        let opened = opened.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => RecordingError::Exists(file.clone()),
            _ => error.into(),
        })?;
        let output = BufWriter::new(opened);
        let writer = match size.filter(|_| frame.source.is_video()) {
            Some((width, height)) => Writer::Picture {
                writer: Box::new(IvfWriter::new(output, width, height)?),
                is_broken: false,
            },
            None => Writer::Sound(Box::new(OpusWriter::new(output, frame.device.number())?)),
        };
        Ok(Some(Track {
            file,
            begins: frame.at,
            writer,
        }))
    }

    /// Ends all files. Returns them in the order of their beginnings.
    pub(super) fn finish(self) -> Result<Vec<RecordedFile>, RecordingError> {
        let mut files = Vec::new();
        let mut failed = None;
        for track in self.tracks.into_values() {
            let finished = match track.writer {
                Writer::Sound(writer) => writer.finish().map(drop),
                Writer::Picture { writer, .. } => writer.finish().map(drop),
            };
            // The others are ended all the same.
            failed = failed.or(finished.err());
            files.push(RecordedFile {
                file: track.file,
                begins: track.begins.as_secs_f64(),
            });
        }
        files.sort_by(|one, other| one.begins.total_cmp(&other.begins));
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(files),
        }
    }
}

impl Track {
    fn written(&self) -> u64 {
        match &self.writer {
            Writer::Sound(writer) => writer.written(),
            Writer::Picture { writer, .. } => writer.written(),
        }
    }
}

/// Returns the name of a file: the device's number, the name of its person as far as file systems take it, the source.
fn file_name(device: DemuxId, name: Option<&str>, source: Source) -> String {
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
    match name.is_empty() {
        true => format!("{number}-{source}.{ending}"),
        false => format!("{number}-{name}-{source}.{ending}"),
    }
}

/// Returns the size of a key frame of VP8 in pixels (RFC 6386, section 9.1); `None` for another frame.
fn key_frame_size(frame: &[u8]) -> Option<(u16, u16)> {
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

#[cfg(test)]
mod tests {
    use anteroom_media_files::{FrameKind, MediaFile};

    use super::*;

    const KEY: [u8; 10] = [0x50, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0];

    fn frame(number: u32, source: Source, at: u64, has_gap: bool, data: &[u8]) -> RecordedFrame {
        RecordedFrame {
            device: DemuxId::new(number).unwrap(),
            name: Some("../Ann & Bob".to_owned()),
            source,
            at: Duration::from_millis(at),
            has_gap,
            data: data.to_vec(),
        }
    }

    fn times(folder: &Path, file: &str) -> Vec<u128> {
        let mut file = MediaFile::open(&folder.join(file)).unwrap();
        let frames = std::iter::from_fn(|| file.next_frame().unwrap());
        let loud = frames.filter(|frame| frame.kind == FrameKind::Picture || frame.data.len() > 1);
        loud.map(|frame| frame.time.as_millis()).collect()
    }

    #[test]
    fn each_source_of_each_device_has_a_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut recording = Recording::new(&folder.path().join("new"), 1_000_000).unwrap();
        let packet = [0xf8, 1, 2];
        for at in [500, 520, 1_500] {
            let frame = frame(16, Source::Audio, at, false, &packet);
            recording.write(&frame).unwrap();
        }
        for (at, has_gap, data) in [
            (0, false, &[0x51, 1][..]),
            (100, false, &KEY),
            (133, false, &[0x51, 1]),
            (200, true, &[0x51, 1]),
            (233, false, &[0x51, 1]),
            (300, false, &KEY),
        ] {
            let frame = frame(16, Source::Camera, at, has_gap, data);
            recording.write(&frame).unwrap();
        }
        let files = recording.finish().unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
        let expected = ["16-Ann___Bob-camera.ivf", "16-Ann___Bob-microphone.opus"];
        assert_eq!(names, expected);
        let folder = folder.path().join("new");
        assert_eq!(times(&folder, expected[0]), [0, 33, 200]);
        assert_eq!(times(&folder, expected[1]), [0, 20, 1_000]);
    }

    #[test]
    fn a_recording_ends_at_its_limit_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut recording = Recording::new(folder.path(), 2_000).unwrap();
        let sound = frame(16, Source::Audio, 0, false, &[0xf8; 900]);
        recording.write(&sound).unwrap();
        recording.write(&sound).unwrap();
        let full = recording.write(&sound);
        assert!(matches!(full, Err(RecordingError::Full(0))));
        assert_eq!(recording.finish().unwrap().len(), 1);
        let mut again = Recording::new(folder.path(), 2_000).unwrap();
        let exists = again.write(&sound).unwrap_err().to_string();
        assert!(exists.contains("not overwritten"), "{exists}");
    }

    #[test]
    fn names_of_files_are_safe_and_short() {
        let device = DemuxId::new(32).unwrap();
        let long = "x".repeat(100);
        for (name, expected) in [
            (None, "32-screen.ivf"),
            (Some(""), "32-screen.ivf"),
            (Some("/../"), "32-screen.ivf"),
            (Some("Zoë\n1"), "32-Zoë_1-screen.ivf"),
        ] {
            assert_eq!(file_name(device, name, Source::Screen), expected);
        }
        assert!(file_name(device, Some(&long), Source::Screen).len() < 60);
    }
}
