//! What can go wrong, for a developer who must act on it.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use anteroom_protocol::{ParamsId, Timestamp};
use http::StatusCode;

use crate::{ParamsKind, SessionStoreError, TransportError, failure::Failure};

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Knows accounts.
    Issuer,
    /// Knows rooms.
    Rooms,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issuer => "the issuer",
            Self::Rooms => "the room service",
        })
    }
}

/// Why a call failed. None of the variants holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The base URL cannot be used.
    #[error("the issuer's address cannot be used: {0}")]
    BaseUrl(&'static str),
    /// The HTTP client could not be set up (certificate store, name resolver).
    #[error("the HTTP client could not be set up")]
    Setup(#[source] TransportError),
    /// No answer came: name, connection, TLS or a broken stream.
    #[error("the issuer cannot be reached")]
    Unreachable(#[source] TransportError),
    /// The answer did not come in time.
    #[error("the issuer did not answer in time")]
    TimedOut,
    /// The answer was longer than any real one.
    #[error("the issuer's answer is longer than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The answer does not have the shape of the API.
    #[error("the issuer's answer makes no sense: {0}")]
    Malformed(&'static str),
    /// The issuer said no, and why.
    #[error(transparent)]
    Problem(Box<Problem>),
    /// The issuer uses server params that are neither pinned nor called trusted.
    #[error("{}", untrusted(*kind, offered))]
    Untrusted {
        /// Which params.
        kind: ParamsKind,
        /// The ids that are in use now; empty when the issuer published none.
        offered: Vec<ParamsId>,
    },
    /// A credential does not verify under the trusted params.
    #[error("the issuer's credential does not verify under the trusted params")]
    Verification,
    /// A link was made under server params that the issuer does not show here.
    #[error(
        "the link was made under the server params {0}, which this issuer does not show: \
         it belongs to another issuer, or this one hands you a key of your own"
    )]
    LinkParams(ParamsId),
    /// The issuer's clock and this device's are so far apart that nothing that the issuer gives can
    /// be used.
    #[error(
        "this device's clock says {}, and the issuer's says {}",
        date(*device),
        date(*issuer)
    )]
    Clock {
        /// The issuer's time.
        issuer: Timestamp,
        /// This device's time.
        device: Timestamp,
    },
    /// The issuer named another day than this device's clock.
    #[error(
        "this device's clock shows the day {}, and the issuer's the day {}",
        date(*device),
        date(*issuer)
    )]
    OddDay {
        /// The day the issuer named.
        issuer: Timestamp,
        /// The day of the clock that was passed in.
        device: Timestamp,
    },
    /// The range is not one the issuer would accept.
    #[error("the range of days is not aligned to days, runs backwards or spans over 7 days")]
    Range,
    /// The pins could not be read or written.
    #[error(transparent)]
    Pins(#[from] PinStoreError),
    /// A change of the account's devices needs more than the login or the device's password.
    #[error(
        "this needs the password of the account's login again, or a login of the last five minutes"
    )]
    PasswordNeeded,
    /// The login is over: it has expired, was ended, or its account was.
    #[error("the login has ended")]
    SessionEnded,
    /// The login could not be read or stored.
    #[error(transparent)]
    Session(#[from] SessionStoreError),
}

impl ClientError {
    /// Whether the issuer does not know the device or the login (any more). Credentials must not
    /// outlive them.
    #[must_use]
    pub fn is_signed_out(&self) -> bool {
        match self {
            Self::SessionEnded => true,
            Self::Problem(problem) => problem.status == StatusCode::UNAUTHORIZED,
            _ => false,
        }
    }
}

impl From<Failure> for ClientError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::BaseUrl(why) => Self::BaseUrl(why),
            Failure::Setup(cause) => Self::Setup(cause),
            Failure::Unreachable(cause) => Self::Unreachable(cause),
            Failure::TimedOut => Self::TimedOut,
            Failure::TooLarge { limit } => Self::TooLarge { limit },
            Failure::Malformed(what) => Self::Malformed(what),
        }
    }
}

/// A refusal of one of the services: an RFC 9457 problem document.
///
/// The texts come from the other side; they are cut to a line's length and hold no control
/// characters, so that they can be shown on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Who refused.
    pub by: Party,
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code, such as `CALL_LINK_RATE_LIMITED`; empty when the answer was no problem
    /// document.
    pub code: String,
    /// The message.
    pub detail: String,
    /// How long to wait before the next try.
    pub retry_after: Option<Duration>,
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

/// The caller's [`PinStore`](crate::PinStore) failed.
#[derive(Debug, thiserror::Error)]
#[error("the pinned params cannot be used: {what}")]
pub struct PinStoreError {
    what: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl PinStoreError {
    /// A failure described in words.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }

    /// A failure with its cause.
    #[must_use]
    pub fn with_source(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            what: what.into(),
            source: Some(source.into()),
        }
    }
}

fn untrusted(kind: ParamsKind, offered: &[ParamsId]) -> String {
    if offered.is_empty() {
        return format!("the issuer publishes no {kind} params that are good now");
    }
    let ids: Vec<String> = offered.iter().map(ParamsId::to_hex).collect();
    format!(
        "the issuer's {kind} params {} are not trusted: compare them with a link's or with another \
         member's before trusting them",
        ids.join(", ")
    )
}

/// A moment in words.
fn date(moment: Timestamp) -> String {
    let since = Duration::from_secs(moment.as_secs());
    let date = SystemTime::UNIX_EPOCH.checked_add(since);
    date.map_or_else(
        || format!("{} s", moment.as_secs()),
        httpdate::fmt_http_date,
    )
}
