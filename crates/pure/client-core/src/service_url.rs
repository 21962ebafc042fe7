//! The URLs of services.

use std::net::IpAddr;

use url::{Host, Url};

use crate::TransportFailure;

/// Parses the base URL of a service.
///
/// # Errors
/// [`TransportFailure::BaseUrl`] unless it is `http` or `https` with a host and a path alone.
pub fn parse_base(text: &str) -> Result<Url, TransportFailure> {
    let url = Url::parse(text).map_err(|_| TransportFailure::BaseUrl("it is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(TransportFailure::BaseUrl(
            "it starts with neither http nor https",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TransportFailure::BaseUrl(
            "it holds a user name or a password",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(TransportFailure::BaseUrl("it has a query or a fragment"));
    }
    Ok(url)
}

/// Returns whether the host of a URL is a loopback address or `localhost`. Requests to it use no proxy and
/// stay on this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// Returns the URL of a path below a base URL.
///
/// # Errors
/// [`TransportFailure::BaseUrl`] for a base without a host.
pub(crate) fn below<T: AsRef<str>>(
    base: &Url,
    path: impl IntoIterator<Item = T>,
) -> Result<Url, TransportFailure> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| TransportFailure::BaseUrl("it has no host"))?
        .pop_if_empty()
        .extend(path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_stays_on_this_machine_counts_as_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://127.9.9.9", true),
            ("http://localhost", true),
            ("http://[::1]:1", true),
            // A proxy or a resolver may handle these.
            ("http://0.0.0.0:1", false),
            ("http://[::]:1", false),
            ("http://[::ffff:127.0.0.1]:1", false),
            ("http://calls.localhost", false),
            ("http://192.0.2.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn only_plain_http_addresses_are_taken() {
        let cases = [
            ("http://127.0.0.1:8080", true),
            ("https://issuer.example", true),
            ("https://issuer.example/below/", true),
            ("issuer.example", false),
            ("ftp://issuer.example", false),
            ("https://user@issuer.example", false),
            ("https://issuer.example/?a=b", false),
            ("https://issuer.example/#a", false),
            ("", false),
        ];
        for (text, accepted) in cases {
            assert_eq!(parse_base(text).is_ok(), accepted, "{text:?}");
        }
    }

    #[test]
    fn paths_extend_the_base_with_and_without_a_slash() {
        for base in [
            "https://issuer.example/below",
            "https://issuer.example/below/",
        ] {
            let url = below(&Url::parse(base).unwrap(), ["v1", "params"]).unwrap();
            assert_eq!(url.path(), "/below/v1/params");
        }
    }
}
