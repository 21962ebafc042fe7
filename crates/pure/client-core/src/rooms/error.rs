//! The errors of requests to the room service.

use anteroom_protocol::Timestamp;
use http::StatusCode;

use crate::{
    ExchangeError, IssuerError, MessageTooLong, Problem, ReplayStoreError, Service,
    TransportFailure, error::clock_error,
};

/// The room service's code for a room that has a link of another passkey.
const LINK_EXISTS: &str = "CALL_LINK_EXISTS";
/// The room service's code for a refused presentation.
const FORBIDDEN: &str = "ROOM_FORBIDDEN";
/// The same on the socket.
const PRESENTATION_INVALID: &str = "presentation_invalid";

/// The error of a request to the room service. None of the variants holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoomsError {
    /// The exchange failed.
    #[error(transparent)]
    Exchange(ExchangeError),
    /// The room service refused the request.
    #[error(transparent)]
    Problem(Box<Problem>),
    /// There is no such link.
    #[error("there is no such link at this room service")]
    NoSuchLink,
    /// The link is revoked or has expired: no device can join.
    #[error("the link has expired or was revoked")]
    Closed,
    /// The credential does not fit the params it is to be presented under.
    #[error("the credential cannot be presented under the trusted params")]
    Presentation,
    /// The credential's params are trusted for the room of one link alone, and this is another room.
    #[error(
        "the credential was made under server params that are trusted for another room alone: \
         fetch one for this room"
    )]
    OtherRoom,
    /// The name of a room is too long.
    #[error("the name is longer than {limit} bytes")]
    NameTooLong {
        /// The limit, in bytes of UTF-8.
        limit: usize,
    },
    /// A message is too long.
    #[error(transparent)]
    MessageTooLong(#[from] MessageTooLong),
    /// The counters of received messages cannot be read, so that replays would not be detected.
    #[error(transparent)]
    ReplayStore(#[from] ReplayStoreError),
    /// The room service refused a message on the socket.
    #[error("the room service refused: {message} ({code})")]
    Refused {
        /// The stable code, such as `full`.
        code: String,
        /// The room service's explanation.
        message: String,
        /// The room service's time when the socket was opened, if its answer carried it.
        time: Option<Timestamp>,
    },
    /// The room service exceeded the limit of consecutive redirects.
    #[error("the room service redirects without end, or to where it must not")]
    Redirected,
    /// The connection ended.
    #[error("the connection to the room service is lost")]
    Lost,
    /// The call is over for this device.
    #[error("the call is over")]
    Over,
}

impl RoomsError {
    /// Returns whether the room of a new link already has a link of another passkey: another program with the
    /// same create credential has used it, or the answer to an earlier creation was lost.
    #[must_use]
    pub fn is_link_conflict(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.code == LINK_EXISTS)
    }

    /// Returns whether the room service refuses the form of a body: one of an earlier version, which knows no
    /// statements of admins, refuses those that have one.
    #[must_use]
    pub fn is_unknown_form(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// Returns the clocks as the cause of a refused presentation: [`IssuerError::Clock`] if they differ so
    /// far that the room service may refuse what is valid here. `now` is the time of the answer.
    #[must_use]
    pub fn clock_cause(&self, now: Timestamp) -> Option<IssuerError> {
        let theirs = match self {
            Self::Problem(problem)
                if problem.status == StatusCode::UNAUTHORIZED || problem.code == FORBIDDEN =>
            {
                problem.time
            }
            Self::Refused { code, time, .. } if code == PRESENTATION_INVALID => *time,
            _ => None,
        };
        clock_error(Service::Rooms, theirs, now)
    }

    /// Whether the failed creation of a link can be tried again with the same root key: the room
    /// service refuses neither the credential nor the room.
    ///
    /// Without an answer that can be read, the room may be there. The next create then gets a
    /// [conflict](Self::is_link_conflict), since its passkey is another: it never ends in a room whose
    /// passkey is not known.
    #[must_use]
    pub fn leaves_create_open(&self) -> bool {
        match self {
            Self::Problem(problem) => {
                problem.status != StatusCode::UNAUTHORIZED && !self.is_link_conflict()
            }
            Self::Exchange(error) => !matches!(
                error.failure,
                TransportFailure::BaseUrl(_) | TransportFailure::Setup(_)
            ),
            _ => false,
        }
    }
}

impl From<TransportFailure> for RoomsError {
    fn from(failure: TransportFailure) -> Self {
        let with = Service::Rooms;
        Self::Exchange(ExchangeError { with, failure })
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::DAY;

    use super::*;
    use crate::CLOCK_TOLERANCE;

    const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY);

    fn problem(status: StatusCode, code: &str, time: Option<Timestamp>) -> RoomsError {
        RoomsError::Problem(Box::new(Problem {
            by: Service::Rooms,
            status,
            code: code.to_owned(),
            detail: String::new(),
            retry_after: None,
            time,
        }))
    }

    fn on_socket(code: &str, time: Option<Timestamp>) -> RoomsError {
        RoomsError::Refused {
            code: code.to_owned(),
            message: String::new(),
            time,
        }
    }

    #[test]
    fn a_refused_presentation_is_blamed_on_clocks_that_are_far_apart() {
        let (unauthorized, forbidden) = (StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN);
        let tolerance = CLOCK_TOLERANCE.as_secs();
        for (theirs, is_wrong) in [
            (Some(NOW.minus(2 * DAY)), true),
            (Some(NOW.plus(6 * DAY)), true),
            (Some(NOW.plus(tolerance + 1)), true),
            (Some(NOW.plus(tolerance)), false),
            (Some(NOW.minus(tolerance)), false),
            (None, false),
        ] {
            for (error, is_of_presentation) in [
                (problem(forbidden, FORBIDDEN, theirs), true),
                (problem(unauthorized, "ROOM_UNAUTHORIZED", theirs), true),
                (on_socket(PRESENTATION_INVALID, theirs), true),
                (problem(forbidden, "ROOM_PASSKEY_WRONG", theirs), false),
                (problem(StatusCode::CONFLICT, LINK_EXISTS, theirs), false),
                (on_socket("full", theirs), false),
                (RoomsError::NoSuchLink, false),
            ] {
                let cause = error.clock_cause(NOW);
                let expected = is_wrong && is_of_presentation;
                assert_eq!(cause.is_some(), expected, "{theirs:?}: {error}");
            }
        }
    }
}
