//! Codecs, and the bytes of their frames that stay clear.

/// A codec whose frames are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Opus: sealed whole.
    Opus,
    /// VP8: receivers without the Dependency Descriptor read type and size of a frame from its first bytes.
    Vp8,
    /// VP9: sealed whole; the payload descriptor of RTP says the rest.
    Vp9,
}

impl Codec {
    /// Returns the number of bytes at the beginning of a frame that stay clear. Of VP8 (RFC 6386, section
    /// 9.1) the lowest bit of the first byte says whether it is a key frame: then frame tag, start code and
    /// dimensions, 10 bytes, else 1. They are clear in a sealed frame too, so that both sides find the same
    /// number.
    #[must_use]
    pub fn clear_length(self, frame: &[u8]) -> usize {
        const KEY_FRAME: usize = 10;
        let clear = match (self, frame.first()) {
            (Self::Opus | Self::Vp9, _) | (Self::Vp8, None) => 0,
            (Self::Vp8, Some(first)) if first & 1 == 0 => KEY_FRAME,
            (Self::Vp8, Some(_)) => 1,
        };
        clear.min(frame.len())
    }
}
