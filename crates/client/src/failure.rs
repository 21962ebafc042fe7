//! What can go wrong with any exchange, before it is said with whom.

use crate::TransportError;

/// Becomes a [`ClientError`](crate::ClientError) or a [`RoomsError`](crate::RoomsError).
#[derive(Debug)]
pub(crate) enum Failure {
    BaseUrl(&'static str),
    Setup(TransportError),
    Unreachable(TransportError),
    TimedOut,
    TooLarge { limit: usize },
    Malformed(&'static str),
}
