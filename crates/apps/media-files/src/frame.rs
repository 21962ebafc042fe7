//! The frames of files.

use core::time::Duration;

/// The maximum length of a frame, in bytes.
pub const MAX_FRAME: usize = 1024 * 1024;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameKind {
    /// A packet of Opus.
    Sound,
    /// A frame of VP8.
    Picture,
}

/// A frame of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFrame {
    /// The kind.
    pub kind: FrameKind,
    /// The time at which it is played or shown, since the beginning.
    pub time: Duration,
    /// The time that it plays; zero for a picture.
    pub duration: Duration,
    /// The encoded frame.
    pub data: Vec<u8>,
}
