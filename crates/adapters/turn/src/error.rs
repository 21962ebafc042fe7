//! The errors of this crate. No variant contains a credential, an address or an account.

use anteroom_http_client::HttpClientError;

use crate::breaker::PAUSE;

/// The reason why a provider gave no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The connection failed.
    #[error("the relay provider cannot be reached")]
    Unreachable,
    /// The whole answer did not arrive in time.
    #[error("the relay provider did not answer in time")]
    TimedOut,
    /// The connection closed before the whole answer arrived.
    #[error("the relay provider broke off")]
    BrokenOff,
    /// The status of the answer is not one of success.
    #[error("the relay provider refused with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is too long or has another shape.
    #[error("the relay provider's answer makes no sense")]
    Malformed {
        /// The HTTP status.
        status: u16,
    },
    /// The provider failed repeatedly and is not asked for a while. No request was sent.
    #[error("the relay provider is left alone after several failures")]
    CircuitOpen,
}

impl RelayError {
    /// Returns the status of the provider's answer; `None` if there was none.
    #[must_use]
    pub const fn http_status(self) -> Option<u16> {
        match self {
            Self::Refused { status } | Self::Malformed { status } => Some(status),
            Self::Unreachable | Self::TimedOut | Self::BrokenOff | Self::CircuitOpen => None,
        }
    }

    /// Returns the seconds after which another request may succeed: the pause of the circuit
    /// breaker while the circuit is open, a few seconds otherwise.
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

/// The error for settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelaySettingsError {
    /// The settings contain no URL for clients.
    #[error("no URLs of the relay are named")]
    NoUrls,
    /// The settings contain URLs, but the provider's answers do too.
    #[error("URLs are named, but those of the provider's answers are used")]
    UrlsFromProvider,
    /// The URL needs credentials, but this provider gives none.
    #[error("{0} is no STUN URL, and this provider has no credentials for others")]
    NoCredentialsFor(String),
    /// The share is above 100.
    #[error("a share of {0} percent is more than all")]
    Percent(u8),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client of the relay provider cannot be set up")]
    HttpClient(#[source] HttpClientError),
    /// The token cannot be part of a header.
    #[error("the token of the relay provider cannot be sent")]
    Token,
    /// The system's name servers are unknown.
    #[error("the system's name servers cannot be read: {0}")]
    Resolver(String),
}
