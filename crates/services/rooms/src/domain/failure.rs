//! The reasons why a request is not decided, a claim not accepted, or a call not joined.

use anteroom_runtime::RetryAfter;

use super::node::Node;

/// The reason why a request is not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecisionFailure {
    /// The database does not answer, or no server params are live: a later attempt may succeed.
    Unavailable,
    /// The database refuses the work, or holds rows that cannot be read.
    Internal,
    /// The client's network has sent too many presentations.
    Limited(RetryAfter),
    /// Too many presentations arrive in total.
    Overloaded,
}

/// The reason why a claim on a room is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimRefusal {
    /// The presentation does not hold for the link.
    Forbidden,
    Failed(DecisionFailure),
}

/// The reason why a client does not join a call.
#[derive(Debug)]
pub(crate) enum JoinRefusal {
    UnknownLink,
    Claim(ClaimRefusal),
    /// The user or a network of guests joins too often, or the user has shown too many wrong passkeys.
    Limited(RetryAfter),
    /// The link is revoked or expired.
    Closed,
    /// The link admits no guest accounts, or none to calls on media servers.
    GuestsRefused,
    /// Another node has the room's call.
    Elsewhere(Box<Node>),
    /// Calls of this service are joined over the socket.
    UseSocket,
    /// No call is on, and the user may not start one.
    StartForbidden,
    /// The call on the media server accepts no more clients.
    Full,
    /// No media server can take the call.
    MediaUnavailable,
}

impl<F: Into<DecisionFailure>> From<F> for ClaimRefusal {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl<F: Into<ClaimRefusal>> From<F> for JoinRefusal {
    fn from(refusal: F) -> Self {
        Self::Claim(refusal.into())
    }
}
