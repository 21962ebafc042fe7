//! The reasons of failures below HTTP, found among the errors of the libraries.

use std::{
    error::Error,
    io::{self, ErrorKind},
};

use anteroom_client_core::causes;
use anteroom_protocol::printable;
use rustls::{CertificateError, InvalidMessage};
use url::{Position, Url};

use crate::{TransportError, TransportFailure, TransportFault};

/// The maximum length of a displayed certificate name, in characters.
const MAX_NAME_CHARS: usize = 255;
/// The maximum number of displayed certificate names.
const MAX_NAMES: usize = 5;

/// Returns the failure of an exchange without an answer.
pub(crate) fn failure(error: reqwest::Error) -> TransportFailure {
    if error.is_timeout() || timed_out(&error) {
        return TransportFailure::TimedOut;
    }
    TransportFailure::Unreachable(transport_error(error))
}

/// Converts an error of the HTTP library.
pub(crate) fn transport_error(error: reqwest::Error) -> TransportError {
    let place = error.url().map(place).unwrap_or_default();
    let fault = causes(&error).find_map(fault_of_cause);
    let fault = fault.unwrap_or(TransportFault::Other);
    TransportError::new(fault, place, error.without_url())
}

fn timed_out(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        let io = cause.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == ErrorKind::TimedOut) {
            return true;
        }
        source = cause.source();
    }
    false
}

fn fault_of_cause(cause: &(dyn Error + 'static)) -> Option<TransportFault> {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return fault_of_tls(error);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return fault_of_io(error.kind());
    }
    // The types of these errors are private to the HTTP library.
    match cause.to_string().as_str() {
        "dns error" => Some(TransportFault::UnknownHost),
        // The second is of a program that speaks before it is asked.
        "invalid HTTP version parsed" | "received unexpected message from connection" => {
            Some(TransportFault::Encrypted)
        }
        "connection closed"
        | "connection was not ready"
        | "connection closed before message completed"
        | "end of file before message length reached" => Some(TransportFault::Closed),
        _ => None,
    }
}

const fn fault_of_io(kind: ErrorKind) -> Option<TransportFault> {
    match kind {
        ErrorKind::ConnectionRefused => Some(TransportFault::NothingListens),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Some(TransportFault::Closed),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some(TransportFault::NoRoute),
        _ => None,
    }
}

fn fault_of_tls(error: &rustls::Error) -> Option<TransportFault> {
    let certificate = match error {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            return Some(TransportFault::PlainHttp);
        }
        rustls::Error::InvalidCertificate(certificate) => certificate,
        _ => return None,
    };
    match certificate {
        // A replaced certificate has the name of a trusted authority, and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Some(TransportFault::UnknownAuthority)
        }
        CertificateError::NotValidForName => Some(TransportFault::OtherName(Vec::new())),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = presented.iter().take(MAX_NAMES);
            Some(TransportFault::OtherName(
                names.map(|name| bare_name(name)).collect(),
            ))
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some(TransportFault::CertificateExpired)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(TransportFault::CertificateNotYetValid)
        }
        // The type of this error is private to the TLS library.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            Some(TransportFault::OfAuthority)
        }
        _ => None,
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
