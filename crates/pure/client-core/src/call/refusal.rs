//! The refusals of the room service on the socket.

use anteroom_protocol::{Timestamp, printable};

use crate::RoomsError;

/// The maximum length of a text from the room service that is passed to the caller, in characters.
const MAX_TEXT_CHARS: usize = 300;

/// Returns a text of the room service as it can be displayed.
pub(super) fn displayed(text: &str) -> String {
    printable(text, MAX_TEXT_CHARS)
}

/// Returns the error of a refused join; `time` is the room service's.
pub(super) fn refusal(code: &str, message: &str, time: Option<Timestamp>) -> RoomsError {
    match code {
        "expired" => RoomsError::Closed,
        "unknown_link" => RoomsError::NoSuchLink,
        _ => RoomsError::Refused {
            code: displayed(code),
            message: displayed(message),
            time,
        },
    }
}
