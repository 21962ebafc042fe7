//! The errors of requests to the room service.

use http::StatusCode;

use crate::{MessageTooLong, Problem, ReplayStoreError, TransportError, failure::TransportFailure};

/// The room service's code for a room that has a link of another passkey.
const LINK_EXISTS: &str = "CALL_LINK_EXISTS";

/// The error of a request to the room service. None of the variants holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoomsError {
    /// The base URL cannot be used.
    #[error("the room service's address cannot be used: {0}")]
    BaseUrl(&'static str),
    /// The HTTP client could not be set up (certificate store, name resolver).
    #[error("the HTTP client could not be set up")]
    Setup(#[source] TransportError),
    /// No answer arrived: the name, the connection, TLS or the stream failed.
    #[error("the room service cannot be reached")]
    Unreachable(#[source] TransportError),
    /// The answer did not arrive in time.
    #[error("the room service did not answer in time")]
    TimedOut,
    /// The answer exceeds the limit.
    #[error("the room service's answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer does not have the shape of the API.
    #[error("the room service's answer makes no sense: {0}")]
    Malformed(&'static str),
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
            Self::Unreachable(_) | Self::TimedOut | Self::TooLarge { .. } | Self::Malformed(_) => {
                true
            }
            _ => false,
        }
    }
}

impl From<TransportFailure> for RoomsError {
    fn from(failure: TransportFailure) -> Self {
        match failure {
            TransportFailure::BaseUrl(why) => Self::BaseUrl(why),
            TransportFailure::Setup(cause) => Self::Setup(cause),
            TransportFailure::Unreachable(cause) => Self::Unreachable(cause),
            TransportFailure::TimedOut => Self::TimedOut,
            TransportFailure::TooLarge { limit } => Self::TooLarge { limit },
            TransportFailure::Malformed(what) => Self::Malformed(what),
        }
    }
}
