//! What can go wrong. No variant holds a credential, an address or an account.

use crate::breaker::PAUSE;

/// Why no credentials were had from a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// No connection came about.
    #[error("the relay provider cannot be reached")]
    Unreachable,
    /// No whole answer came in time.
    #[error("the relay provider did not answer in time")]
    TimedOut,
    /// The connection broke before the answer was there.
    #[error("the relay provider broke off")]
    BrokenOff,
    /// The status of the answer is none of success.
    #[error("the relay provider refused with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is too long or not of the agreed shape.
    #[error("the relay provider's answer makes no sense")]
    Malformed {
        /// The HTTP status.
        status: u16,
    },
    /// It failed again and again, so it is left alone for a while: nothing was sent.
    #[error("the relay provider is left alone after several failures")]
    CircuitOpen,
}

impl RelayError {
    /// The status of the provider's answer, if there was one.
    #[must_use]
    pub const fn http_status(self) -> Option<u16> {
        match self {
            Self::Refused { status } | Self::Malformed { status } => Some(status),
            Self::Unreachable | Self::TimedOut | Self::BrokenOff | Self::CircuitOpen => None,
        }
    }

    /// The seconds after which another request may succeed: the pause of the circuit breaker while
    /// the provider is left alone, a few seconds otherwise.
    #[must_use]
    pub const fn retry_after_secs(self) -> u64 {
        match self {
            Self::CircuitOpen => PAUSE,
            Self::Unreachable
            | Self::TimedOut
            | Self::BrokenOff
            | Self::Refused { .. }
            | Self::Malformed { .. } => 5,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelaySettingsError {
    /// No URL is configured that could be given to clients.
    #[error("no URLs of the relay are named")]
    NoUrls,
    /// The provider's answers name the URLs.
    #[error("URLs are named, but those of the provider's answers are used")]
    UrlsFromProvider,
    /// Clients get no credentials with this provider.
    #[error("{0} is no STUN URL, and this provider has no credentials for others")]
    NoCredentialsFor(String),
    /// More than 100 of 100.
    #[error("a share of {0} percent is more than all")]
    Percent(u8),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client of the relay provider cannot be set up")]
    HttpClient(#[source] reqwest::Error),
    /// The token cannot stand in a header.
    #[error("the token of the relay provider cannot be sent")]
    Token,
    /// The system's name servers cannot be found out.
    #[error("the system's name servers cannot be read: {0}")]
    Resolver(String),
}
