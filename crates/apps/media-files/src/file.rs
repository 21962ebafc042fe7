//! A file of any of the formats.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use crate::{
    error::FileError,
    frame::{FileFrame, FrameKind},
    ivf::IvfReader,
    ogg_opus::OggOpusReader,
    webm::WebmReader,
};

/// A file with sound, pictures, or both.
pub struct MediaFile<R: Read + Seek>(Reader<R>);

enum Reader<R: Read + Seek> {
    Opus(Box<OggOpusReader<R>>),
    Ivf(Box<IvfReader<R>>),
    Webm(Box<WebmReader<R>>),
}

impl MediaFile<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::read(BufReader::new(File::open(path)?))
    }
}

impl<R: Read + Seek> MediaFile<R> {
    /// Reads the headers of a file.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(mut input: R) -> Result<Self, FileError> {
        let mut first = Vec::new();
        input.by_ref().take(4).read_to_end(&mut first)?;
        input.seek(SeekFrom::Start(0))?;
        Ok(Self(match first.as_slice() {
            b"OggS" => Reader::Opus(Box::new(OggOpusReader::new(input)?)),
            b"DKIF" => Reader::Ivf(Box::new(IvfReader::new(input)?)),
            [0x1a, 0x45, 0xdf, 0xa3] => Reader::Webm(Box::new(WebmReader::new(input)?)),
            _ => return Err(FileError::Format),
        }))
    }

    /// Returns whether the file has frames of a kind.
    #[must_use]
    pub fn has(&self, kind: FrameKind) -> bool {
        match &self.0 {
            Reader::Opus(_) => kind == FrameKind::Sound,
            Reader::Ivf(_) => kind == FrameKind::Picture,
            Reader::Webm(file) => file.has(kind),
        }
    }

    /// Returns the next frame; `None` at the end.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn next_frame(&mut self) -> Result<Option<FileFrame>, FileError> {
        match &mut self.0 {
            Reader::Opus(file) => file.next_frame(),
            Reader::Ivf(file) => file.next_frame(),
            Reader::Webm(file) => file.next_frame(),
        }
    }
}
