//! The refusals of both services.

use std::{fmt, time::Duration};

use anteroom_protocol::Timestamp;
use http::StatusCode;

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The issuer, which knows accounts.
    Issuer,
    /// The room service, which knows rooms.
    Rooms,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issuer => "the issuer",
            Self::Rooms => "the room service",
        })
    }
}

/// A refusal of one of the services: an RFC 9457 problem document.
///
/// The texts come from the service. They are cut to a line's length and stripped of control characters, so
/// that they can be displayed on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The service that refused.
    pub by: Service,
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code, such as `CALL_LINK_RATE_LIMITED`; empty if the answer was no problem document.
    pub code: String,
    /// The service's explanation.
    pub detail: String,
    /// The time to wait before the next attempt.
    pub retry_after: Option<Duration>,
    /// The service's time when it answered, if the answer carried it.
    pub time: Option<Timestamp>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refused with {}", self.by, self.status.as_u16())?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, " (try again in {} s)", wait.as_secs())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
