//! The errors of an exchange with either service, described so that the reader can correct the cause.

use std::{error::Error, fmt, io, iter};

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
