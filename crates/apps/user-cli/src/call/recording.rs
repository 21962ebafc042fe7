//! The files of a recording: one for each source of each device.

mod track;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use anteroom_client::{DemuxId, Source};
use anteroom_media_files::FileError;
use rustix::io::Errno;
use serde::Serialize;

use self::track::{Track, file_name, key_frame_size};

/// The maximum number of files of a recording: devices that come and go make new ones.
const MAX_FILES: usize = 4_096;
/// The maximum number of files that are open at once.
const MAX_OPEN: usize = 128;
/// The maximum number of devices that are known to have left.
const MAX_GONE: usize = 4_096;

/// The news that there is no file for what comes, for now.
const NONE_OPEN: &str = "As many files are open as can be: what further devices send is not recorded until others leave.";
/// The news that there is no file for what comes, any more.
const NONE_LEFT: &str =
    "The recording has as many files as it may have: what further devices send is not recorded.";

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

/// A recording that is over.
#[derive(Debug)]
pub(super) struct FinishedRecording {
    /// The files in the order of their beginnings.
    pub(super) files: Vec<RecordedFile>,
    /// The frames that are in no file.
    pub(super) left_out: u64,
}

/// The files of a recording.
pub(super) struct Recording {
    folder: PathBuf,
    limit: u64,
    written: u64,
    tracks: BTreeMap<(DemuxId, Source), Track>,
    finished: Vec<RecordedFile>,
    /// The names of the files that it has made.
    names: BTreeSet<String>,
    present: BTreeSet<DemuxId>,
    /// The devices that have left.
    gone: BTreeSet<DemuxId>,
    left_out: u64,
    news: Option<&'static str>,
    told: BTreeSet<&'static str>,
    create: fn(&Path) -> io::Result<File>,
}

/// The reason why a recording ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordingError {
    #[error("the recording has reached its limit of {0} MB: --limit sets another one")]
    Full(u64),
    #[error("{0} is there already, and is not overwritten: name a folder without recordings")]
    Exists(String),
    #[error("the thread that writes the files has ended")]
    Over,
    #[error("{0}")]
    File(#[from] FileError),
    #[error("{0}")]
    Io(#[from] io::Error),
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
            finished: Vec::new(),
            names: BTreeSet::new(),
            present: BTreeSet::new(),
            gone: BTreeSet::new(),
            left_out: 0,
            news: None,
            told: BTreeSet::new(),
            create: |path| OpenOptions::new().write(true).create_new(true).open(path),
        })
    }

    /// Takes the devices in the call. The files of those that have left are ended, so that they make room.
    pub(super) fn take_present(
        &mut self,
        present: BTreeSet<DemuxId>,
    ) -> Result<(), RecordingError> {
        let former = std::mem::replace(&mut self.present, present);
        self.gone.retain(|device| !self.present.contains(device));
        let left = former.into_iter();
        self.gone
            .extend(left.filter(|device| !self.present.contains(device)));
        while self.gone.len() > MAX_GONE {
            self.gone.pop_first();
        }
        let gone = &self.gone;
        let ended = self
            .tracks
            .extract_if(.., |(device, _), _| gone.contains(device));
        let ended: Vec<Track> = ended.map(|(_, track)| track).collect();
        self.end(ended)
    }

    /// Returns what the person is to know: each sentence once.
    pub(super) fn take_news(&mut self) -> Option<&'static str> {
        let news = self.news.take()?;
        self.told.insert(news).then_some(news)
    }

    /// Writes a frame into its file. A picture begins with a key frame, and goes on with one after a gap. What has no
    /// file is counted.
    pub(super) fn write(&mut self, frame: &RecordedFrame) -> Result<(), RecordingError> {
        let length = u64::try_from(frame.data.len()).unwrap_or(u64::MAX);
        if self.written.saturating_add(length) > self.limit {
            return Err(RecordingError::Full(self.limit / 1_000_000));
        }
        let key = (frame.device, frame.source);
        if !self.tracks.contains_key(&key)
            && let Some(track) = self.begin(frame)?
        {
            self.written += track.written();
            self.tracks.insert(key, track);
        }
        let mut is_written = false;
        if let Some(track) = self.tracks.get_mut(&key) {
            let before = track.written();
            is_written = track.write(frame.at, frame.has_gap, &frame.data)?;
            self.written += track.written() - before;
        }
        self.left_out += u64::from(!is_written);
        Ok(())
    }

    /// Begins a file; `None` for a picture before its first key frame, for a device that has left, and where there is
    /// no room for another file.
    fn begin(&mut self, frame: &RecordedFrame) -> Result<Option<Track>, RecordingError> {
        let size = key_frame_size(&frame.data).filter(|_| frame.source.is_video());
        if self.gone.contains(&frame.device) || frame.source.is_video() && size.is_none() {
            return Ok(None);
        }
        let has_names = self.names.len() < MAX_FILES;
        if !has_names || self.tracks.len() >= MAX_OPEN {
            self.news = Some(if has_names { NONE_OPEN } else { NONE_LEFT });
            return Ok(None);
        }
        let (device, name) = (frame.device, frame.name.as_deref());
        let mut names = (1..).map(|number| file_name(device, name, frame.source, number));
        let Some(file) = names.find(|name| !self.names.contains(name)) else {
            return Ok(None);
        };
        let output = match (self.create)(&self.folder.join(&file)) {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(RecordingError::Exists(file));
            }
            Err(error) if is_out_of_files(&error) => {
                self.news = Some(NONE_OPEN);
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        self.names.insert(file.clone());
        let track = Track::new((file, device), output, size, frame.at)?;
        Ok(Some(track))
    }

    /// Ends all files.
    pub(super) fn finish(mut self) -> Result<FinishedRecording, RecordingError> {
        let tracks = std::mem::take(&mut self.tracks);
        self.end(tracks.into_values())?;
        self.finished
            .sort_by(|one, other| one.begins.total_cmp(&other.begins));
        Ok(FinishedRecording {
            files: self.finished,
            left_out: self.left_out,
        })
    }

    fn end(&mut self, tracks: impl IntoIterator<Item = Track>) -> Result<(), RecordingError> {
        let mut failed = None;
        for track in tracks {
            self.finished.push(RecordedFile {
                file: track.file.clone(),
                begins: track.begins.as_secs_f64(),
            });
            // The others are ended all the same.
            failed = failed.or(track.finish().err());
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Returns whether the process, or the machine, has as many open files as it may.
fn is_out_of_files(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

#[cfg(test)]
mod tests;
