//! The errors of an exchange with either service.

use crate::TransportError;

/// An error of an exchange; converts to [`IssuerError`](crate::IssuerError) and
/// [`RoomsError`](crate::RoomsError).
#[derive(Debug)]
pub enum TransportFailure {
    /// The base URL cannot be used.
    BaseUrl(&'static str),
    /// The HTTP client could not be set up.
    Setup(TransportError),
    /// No answer arrived.
    Unreachable(TransportError),
    /// The answer did not arrive in time.
    TimedOut,
    /// The answer exceeds the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer does not have the shape of the API.
    Malformed(&'static str),
}
