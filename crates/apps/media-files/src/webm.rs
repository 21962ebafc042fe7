//! WebM: the first track of sound in Opus, and the first of pictures in VP8.

use core::time::Duration;
use std::io::{Read, Seek};

use anteroom_client_media::packet_duration;
use matroska_demuxer::{DemuxError, Frame, MatroskaFile, TrackType};

use crate::{
    error::FileError,
    frame::{FileFrame, FrameKind, MAX_FRAME},
};

/// Reads WebM.
pub(crate) struct WebmReader<R: Read + Seek> {
    file: MatroskaFile<R>,
    sound: Option<u64>,
    picture: Option<u64>,
    /// The nanoseconds of a unit of time.
    scale: u64,
    frame: Frame,
}

impl<R: Read + Seek> WebmReader<R> {
    pub(crate) fn new(input: R) -> Result<Self, FileError> {
        let file = MatroskaFile::open(input).map_err(damaged)?;
        let track = |kind: TrackType, codec: &str| {
            let mut tracks = file.tracks().iter();
            let track =
                tracks.find(|track| track.track_type() == kind && track.codec_id() == codec);
            track.map(|track| track.track_number().get())
        };
        let (sound, picture) = (
            track(TrackType::Audio, "A_OPUS"),
            track(TrackType::Video, "V_VP8"),
        );
        if sound.is_none() && picture.is_none() {
            return Err(FileError::Codec);
        }
        Ok(Self {
            sound,
            picture,
            scale: file.info().timestamp_scale().get(),
            file,
            frame: Frame::default(),
        })
    }

    pub(crate) const fn has(&self, kind: FrameKind) -> bool {
        match kind {
            FrameKind::Sound => self.sound.is_some(),
            FrameKind::Picture => self.picture.is_some(),
        }
    }

    pub(crate) fn next_frame(&mut self) -> Result<Option<FileFrame>, FileError> {
        while self.file.next_frame(&mut self.frame).map_err(damaged)? {
            let track = Some(self.frame.track);
            let data = core::mem::take(&mut self.frame.data);
            let kind = match track {
                _ if data.len() > MAX_FRAME => {
                    return Err(FileError::Damaged("a frame is larger than 1 MiB"));
                }
                track if track == self.sound => FrameKind::Sound,
                track if track == self.picture => FrameKind::Picture,
                _ => continue,
            };
            let duration = match kind {
                FrameKind::Sound => {
                    packet_duration(&data).ok_or(FileError::Damaged("a packet is none of Opus"))?
                }
                FrameKind::Picture => Duration::ZERO,
            };
            let nanos = self.frame.timestamp.saturating_mul(self.scale);
            return Ok(Some(FileFrame {
                kind,
                time: Duration::from_nanos(nanos),
                duration,
                data,
            }));
        }
        Ok(None)
    }
}

fn damaged(error: DemuxError) -> FileError {
    match error {
        DemuxError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            FileError::Io(error)
        }
        _ => FileError::Damaged("it is not as WebM must be"),
    }
}
