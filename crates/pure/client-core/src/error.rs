//! The errors of requests to the issuer.

use std::time::{Duration, SystemTime};

use anteroom_protocol::{ParamsId, Timestamp};
use http::StatusCode;

use crate::{
    CLOCK_TOLERANCE, ExchangeError, ParamsKind, PinStoreError, Problem, Service, SessionStoreError,
    TransportFailure,
};

/// The error of a request to the issuer. None of the variants holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The exchange failed.
    #[error(transparent)]
    Exchange(ExchangeError),
    /// The issuer refused the request.
    #[error(transparent)]
    Problem(Box<Problem>),
    /// The issuer uses server params that are neither pinned nor declared trusted.
    #[error("{}", untrusted(*kind, offered))]
    Untrusted {
        /// The kind of the params.
        kind: ParamsKind,
        /// The ids of the params in force; empty if the issuer published none.
        offered: Vec<ParamsId>,
    },
    /// A credential does not verify under the trusted params.
    #[error("the issuer's credential does not verify under the trusted params")]
    Verification,
    /// A link was made under server params that this issuer does not list.
    #[error(
        "the link was made under the server params {0}, which this issuer does not show: \
         it belongs to another issuer, or this one hands you a key of your own"
    )]
    LinkParams(ParamsId),
    /// The clocks of a service and of this device differ so far that one refuses what is valid for the other.
    #[error(
        "this device's clock says {}, and {with}'s says {}",
        date(*device),
        date(*theirs)
    )]
    Clock {
        /// The service.
        with: Service,
        /// The service's time.
        theirs: Timestamp,
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
        /// The day that the issuer named.
        issuer: Timestamp,
        /// The day of the clock that was passed in.
        device: Timestamp,
    },
    /// The issuer would not accept the range.
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
    /// The login has expired, or it or its account was ended.
    #[error("the login has ended")]
    SessionEnded,
    /// The login could not be read or stored.
    #[error(transparent)]
    Session(#[from] SessionStoreError),
}

impl IssuerError {
    /// Returns whether the issuer does not know the device or the login (any more). Stored credentials must
    /// be deleted then.
    #[must_use]
    pub fn is_signed_out(&self) -> bool {
        match self {
            Self::SessionEnded => true,
            Self::Problem(problem) => problem.status == StatusCode::UNAUTHORIZED,
            _ => false,
        }
    }
}

/// Returns the error for the time that a service named in an answer of this moment, if its clock and this
/// device's are too far apart.
pub(crate) fn clock_error(
    with: Service,
    theirs: Option<Timestamp>,
    device: Timestamp,
) -> Option<IssuerError> {
    let theirs = theirs?;
    let difference = theirs.as_secs().abs_diff(device.as_secs());
    (difference > CLOCK_TOLERANCE.as_secs()).then_some(IssuerError::Clock {
        with,
        theirs,
        device,
    })
}

impl From<TransportFailure> for IssuerError {
    fn from(failure: TransportFailure) -> Self {
        let with = Service::Issuer;
        Self::Exchange(ExchangeError { with, failure })
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

/// Formats a moment as a date.
fn date(moment: Timestamp) -> String {
    let since = Duration::from_secs(moment.as_secs());
    let date = SystemTime::UNIX_EPOCH.checked_add(since);
    date.map_or_else(
        || format!("{} s", moment.as_secs()),
        httpdate::fmt_http_date,
    )
}
