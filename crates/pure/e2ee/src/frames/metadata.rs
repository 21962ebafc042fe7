//! The metadata of frames.

use super::context::FrameContext;

const VERSION: u8 = 1;

/// The number of bytes of the metadata that are not sent.
pub(super) const PREFIX_LENGTH: usize = 2;

/// Returns the metadata of SFrame (RFC 9605, section 4.4.3): the version of this format, the context, and the
/// clear bytes. SFrame appends them to its header as associated data.
pub(super) fn metadata(context: FrameContext, clear: &[u8]) -> Vec<u8> {
    [&[VERSION, context.number()], clear].concat()
}
