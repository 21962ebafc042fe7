//! The errors of an exchange with either service.

use crate::TransportError;

/// An error of an exchange; converts to [`IssuerError`](crate::IssuerError) and
/// [`RoomsError`](crate::RoomsError).
#[derive(Debug)]
pub(crate) enum TransportFailure {
    BaseUrl(&'static str),
    Setup(TransportError),
    Unreachable(TransportError),
    TimedOut,
    TooLarge { limit: usize },
    Malformed(&'static str),
}
