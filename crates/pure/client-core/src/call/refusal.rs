//! The refusals of the room service on the socket.

use anteroom_protocol::{Timestamp, printable};

use crate::RoomsError;

/// The maximum length of a text from the room service that is passed to the caller, in characters.
const MAX_TEXT_CHARS: usize = 300;

/// Returns a text of the room service as it can be displayed.
pub(super) fn displayed(text: &str) -> String {
    printable(text, MAX_TEXT_CHARS)
}

/// The code of a presentation that does not hold.
const PRESENTATION_INVALID: &str = "presentation_invalid";

/// Returns the error of a refused join that names a member key: a room service that does not know them takes the
/// presentation for one that does not hold.
pub(super) fn refusal_with_member(
    code: &str,
    message: &str,
    time: Option<Timestamp>,
) -> RoomsError {
    let reason = match code {
        PRESENTATION_INVALID => {
            "; a room service of an earlier version refuses each join that names a member key so"
        }
        _ => "",
    };
    refusal(code, &format!("{message}{reason}"), time)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_presentation_beside_a_member_key_names_older_room_services() {
        let text = |code| refusal_with_member(code, "no", None).to_string();
        assert!(text(PRESENTATION_INVALID).contains("no; a room service of an earlier version"));
        assert!(!text("full").contains("earlier version"));
        let without = refusal(PRESENTATION_INVALID, "no", None).to_string();
        assert!(!without.contains("earlier version"));
    }
}
