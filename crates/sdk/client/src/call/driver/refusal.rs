//! The classification of refused joins.

use anteroom_protocol::Timestamp;

use super::MAX_TEXT_CHARS;
use crate::{RoomsError, call::printable};

/// Returns the error of a refused join; `time` is the room service's.
pub(super) fn refusal(code: &str, message: &str, time: Option<Timestamp>) -> RoomsError {
    match code {
        "expired" => RoomsError::Closed,
        "unknown_link" => RoomsError::NoSuchLink,
        _ => RoomsError::Refused {
            code: printable(code, MAX_TEXT_CHARS),
            message: printable(message, MAX_TEXT_CHARS),
            time,
        },
    }
}

/// Returns whether the same join may succeed a little later.
pub(super) fn may_pass(error: &RoomsError) -> bool {
    match error {
        RoomsError::Unreachable(_) | RoomsError::TimedOut | RoomsError::Lost => true,
        RoomsError::Problem(problem) => {
            problem.status.is_server_error() || problem.code == "ADDRESS_BUSY"
        }
        RoomsError::Refused { code, .. } => {
            matches!(
                code.as_str(),
                "try_again"
                    | "ended"
                    | "unavailable"
                    | "overloaded"
                    | "shutting_down"
                    | "rate_limited"
            )
        }
        _ => false,
    }
}
