//! The reasons why a request is not decided, or a claim not accepted.

use anteroom_runtime::RetryAfter;

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

impl From<DecisionFailure> for ClaimRefusal {
    fn from(failure: DecisionFailure) -> Self {
        Self::Failed(failure)
    }
}
