//! The messages of the socket as text.

use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use zeroize::Zeroizing;

use crate::TransportFailure;

/// Parses a message of the room service.
pub(super) fn read(text: &str) -> Result<ServerMessage<'static>, TransportFailure> {
    // The parser's own error could quote the text.
    serde_json::from_str(text)
        .map_err(|_| TransportFailure::Malformed("a message has another shape"))
}

/// Writes a message to the room service.
pub(super) fn write(message: &ClientMessage) -> Result<Zeroizing<String>, TransportFailure> {
    serde_json::to_string(message)
        .map(Zeroizing::new)
        .map_err(|_| TransportFailure::Malformed("a message cannot be written as JSON"))
}
