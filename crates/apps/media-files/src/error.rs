//! Errors of files.

use std::io;

/// The reason why a file is not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refuses.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is of another format.
    #[error("it is neither Ogg Opus, nor IVF or WebM: convert it, for example with ffmpeg")]
    Format,
    /// It has none of the codecs of calls.
    #[error(
        "it has neither sound in Opus nor a picture in VP8, which are the codecs of calls: convert it, for example \
         with `ffmpeg -i FILE -c:a libopus -c:v libvpx out.webm`"
    )]
    Codec,
    /// It is damaged, or ends within a frame.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}
