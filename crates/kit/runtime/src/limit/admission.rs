//! The decision of a limiter.

use crate::RetryAfter;

/// The decision about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The request was counted.
    Granted,
    /// A bucket is empty or a window is full. The same request can be granted after this time.
    Limited(RetryAfter),
}
