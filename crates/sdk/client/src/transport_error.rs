//! Failures below HTTP, described so that the reader can correct the cause.

use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind},
    iter,
};

use anteroom_protocol::printable;
use rustls::{CertificateError, InvalidMessage};
use url::{Position, Url};

/// The maximum length of a displayed certificate name, in characters.
const MAX_NAME_CHARS: usize = 255;
/// The maximum number of displayed certificate names.
const MAX_NAMES: usize = 5;

/// A failure below HTTP. It contains the host and the port of the service, and no other part of the URL.
#[derive(Debug)]
pub struct TransportError {
    place: String,
    fault: TransportFault,
    source: reqwest::Error,
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

    pub(crate) fn new(error: reqwest::Error) -> Self {
        Self {
            place: error.url().map(place).unwrap_or_default(),
            fault: TransportFault::of(&error),
            source: error.without_url(),
        }
    }
}

impl TransportFault {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut causes = causes(error);
        causes.find_map(Self::of_cause).unwrap_or(Self::Other)
    }

    fn of_cause(cause: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return Self::of_tls(error);
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return Self::of_io(error.kind());
        }
        // The types of these errors are private to the HTTP library.
        match cause.to_string().as_str() {
            "dns error" => Some(Self::UnknownHost),
            // The second is of a program that speaks before it is asked.
            "invalid HTTP version parsed" | "received unexpected message from connection" => {
                Some(Self::Encrypted)
            }
            "connection closed"
            | "connection was not ready"
            | "connection closed before message completed"
            | "end of file before message length reached" => Some(Self::Closed),
            _ => None,
        }
    }

    const fn of_io(kind: ErrorKind) -> Option<Self> {
        match kind {
            ErrorKind::ConnectionRefused => Some(Self::NothingListens),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Some(Self::Closed),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some(Self::NoRoute),
            _ => None,
        }
    }

    fn of_tls(error: &rustls::Error) -> Option<Self> {
        let certificate = match error {
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
                return Some(Self::PlainHttp);
            }
            rustls::Error::InvalidCertificate(certificate) => certificate,
            _ => return None,
        };
        match certificate {
            // A replaced certificate has the name of a trusted authority, and another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Some(Self::UnknownAuthority)
            }
            CertificateError::NotValidForName => Some(Self::OtherName(Vec::new())),
            CertificateError::NotValidForNameContext { presented, .. } => {
                let names = presented.iter().take(MAX_NAMES);
                Some(Self::OtherName(names.map(|name| bare_name(name)).collect()))
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                Some(Self::CertificateExpired)
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Some(Self::CertificateNotYetValid)
            }
            // The type of this error is private to the TLS library.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                Some(Self::OfAuthority)
            }
            _ => None,
        }
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
            TransportFault::Other => causes(&self.source).last(),
            // The sentence says all that they do.
            _ => None,
        }
    }
}

/// Returns an error and its causes, including those inside I/O errors, which `source` omits.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
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

/// Returns the host and the port of a URL.
fn place(url: &Url) -> String {
    let place = &url[Position::BeforeHost..Position::AfterPort];
    match (url.port(), url.port_or_known_default()) {
        (None, Some(port)) => format!("{place}:{port}"),
        _ => place.to_owned(),
    }
}

/// Returns a certificate's name without the text that the TLS library puts around it.
fn bare_name(name: &str) -> String {
    let name = match name
        .split_once("(\"")
        .and_then(|(_, rest)| rest.split_once('"'))
    {
        Some((name, _)) => name,
        None => name,
    };
    printable(name, MAX_NAME_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_host_with_its_port_and_nothing_else() {
        for (url, expected) in [
            ("http://127.0.0.1:8080/v1/params?a=b#c", "127.0.0.1:8080"),
            ("https://rooms.example/call/", "rooms.example:443"),
            ("http://user:word@[::1]/", "[::1]:80"),
        ] {
            assert_eq!(place(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn names_of_certificates_lose_the_words_around_them() {
        for (text, expected) in [
            ("DnsName(\"rooms.example\")", "rooms.example"),
            ("IpAddress(192.0.2.1)", "IpAddress(192.0.2.1)"),
            ("DnsName(\"a\u{1b}[2J\")", "a[2J"),
        ] {
            assert_eq!(bare_name(text), expected);
        }
    }
}
