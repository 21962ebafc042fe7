//! The errors of an exchange with either service, described so that the reader can correct the cause.

use std::{error::Error, fmt, io, iter};

use crate::Service;

/// The failure of an exchange with a service.
#[derive(Debug)]
pub struct ExchangeError {
    /// The service.
    pub with: Service,
    /// The failure.
    pub failure: TransportFailure,
}

/// The failure of an exchange; converts to [`IssuerError`](crate::IssuerError) and
/// [`RoomsError`](crate::RoomsError), which name the service.
#[derive(Debug, thiserror::Error)]
pub enum TransportFailure {
    /// The base URL cannot be used.
    #[error("the address cannot be used: {0}")]
    BaseUrl(&'static str),
    /// The HTTP client could not be set up (certificate store, name resolver).
    #[error(transparent)]
    Setup(TransportError),
    /// No answer arrived: the name, the connection, TLS or the stream failed.
    #[error(transparent)]
    Unreachable(TransportError),
    /// The answer did not arrive in time.
    #[error("no answer came in time")]
    TimedOut,
    /// The answer exceeds the limit.
    #[error("the answer is longer than any of the service")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer does not have the shape of the API.
    #[error("the answer makes no sense: {0}")]
    Malformed(&'static str),
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = self.with;
        match &self.failure {
            TransportFailure::BaseUrl(why) => write!(f, "{with}'s address cannot be used: {why}"),
            TransportFailure::Setup(_) => f.write_str("the HTTP client could not be set up"),
            TransportFailure::Unreachable(_) => write!(f, "{with} cannot be reached"),
            TransportFailure::TimedOut => write!(f, "{with} did not answer in time"),
            TransportFailure::TooLarge { limit } => {
                write!(f, "{with}'s answer is longer than {limit} bytes")
            }
            TransportFailure::Malformed(what) => {
                write!(f, "{with}'s answer makes no sense: {what}")
            }
        }
    }
}

impl Error for ExchangeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.failure {
            TransportFailure::Setup(cause) | TransportFailure::Unreachable(cause) => Some(cause),
            _ => None,
        }
    }
}

/// A failure below HTTP. It contains the host and the port of the service, and no other part of the URL.
#[derive(Debug)]
pub struct TransportError {
    place: String,
    fault: TransportFault,
    source: Box<dyn Error + Send + Sync>,
}

/// The reason of a [`TransportError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportFault {
    /// No program listens at the port.
    NothingListens,
    /// The host's name is unknown.
    UnknownHost,
    /// The client uses TLS, and the server speaks plain HTTP.
    PlainHttp,
    /// The client uses plain HTTP, and the server speaks TLS.
    Encrypted,
    /// The other side closed the connection before its answer was whole.
    Closed,
    /// No network leads to the host.
    NoRoute,
    /// The certificate is not signed by an authority that this computer trusts.
    UnknownAuthority,
    /// The server's certificate is the certificate of an authority.
    OfAuthority,
    /// The certificate is valid for these names, which do not include the host.
    OtherName(Vec<String>),
    /// The certificate has expired, by this computer's clock.
    CertificateExpired,
    /// The certificate is not valid yet, by this computer's clock.
    CertificateNotYetValid,
    /// Any other reason.
    Other,
}

impl TransportError {
    /// Creates an error from its reason, the host and the port of the request, and the error of the HTTP
    /// library, which must not contain the URL.
    #[must_use]
    pub fn new(
        fault: TransportFault,
        place: String,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            place,
            fault,
            source: source.into(),
        }
    }

    /// Returns the reason.
    #[must_use]
    pub const fn fault(&self) -> &TransportFault {
        &self.fault
    }

    /// Returns the host and the port of the request, such as `rooms.example:8443`; empty if there are none.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.fault {
            TransportFault::NothingListens => write!(f, "nothing listens at {place}"),
            TransportFault::UnknownHost => write!(f, "the name of {place} is not known"),
            TransportFault::PlainHttp => write!(f, "{place} does not speak https"),
            TransportFault::Encrypted => write!(f, "{place} does not speak http"),
            TransportFault::Closed => write!(
                f,
                "{place} closed the connection before its answer was whole"
            ),
            TransportFault::NoRoute => write!(f, "no network leads to {place}"),
            TransportFault::UnknownAuthority => write!(
                f,
                "the certificate of {place} is from no authority that this computer trusts"
            ),
            TransportFault::OfAuthority => write!(
                f,
                "the certificate of {place} is made for an authority, not for a service"
            ),
            TransportFault::OtherName(names) if names.is_empty() => {
                write!(f, "the certificate of {place} is for another name")
            }
            TransportFault::OtherName(names) => {
                let names = names.join(", ");
                write!(f, "the certificate of {place} is for {names} alone")
            }
            TransportFault::CertificateExpired => write!(
                f,
                "the certificate of {place} has expired, by the clock of this computer"
            ),
            TransportFault::CertificateNotYetValid => write!(
                f,
                "the certificate of {place} is not valid yet, by the clock of this computer"
            ),
            TransportFault::Other if place.is_empty() => fmt::Display::fmt(&self.source, f),
            TransportFault::Other => write!(f, "the connection to {place} failed"),
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.fault {
            // The errors between are the steps of the HTTP library.
            TransportFault::Other => causes(&*self.source).last(),
            // The sentence says all that they do.
            _ => None,
        }
    }
}

/// Returns an error and its causes, including those inside I/O errors, which `source` omits.
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |cause| cause_of(*cause))
}

fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
