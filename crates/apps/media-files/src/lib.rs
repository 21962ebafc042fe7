//! Files of encoded sound and picture: what they hold is read and written as it is, and never decoded.
//!
//! # Contract
//!
//! - [`MediaFile`] reads Ogg Opus (RFC 7845), IVF with VP8, and WebM with Opus, VP8 or both, frame by frame with the
//!   time of each. It tells the format by the first bytes. A file can be anything: what does not hold is an error, and
//!   no frame is larger than [`MAX_FRAME`].
//! - [`OpusWriter`] and [`IvfWriter`] write one stream each. A file is whole after each frame that was written, but for
//!   the end mark of Ogg and the count of IVF, which `finish` adds.
//! - There is no clock: times are those of the files, or come from the caller.
//!
//! # Inside
//!
//! `ogg_opus`, `ivf` and `webm` are the formats, the first and the last over a demultiplexer of others.
#![forbid(unsafe_code)]

mod error;
mod file;
mod frame;
mod ivf;
mod ogg_opus;
mod webm;

pub use self::{
    error::FileError,
    file::MediaFile,
    frame::{FileFrame, FrameKind, MAX_FRAME},
    ivf::IvfWriter,
    ogg_opus::OpusWriter,
};
