//! The address of a client: that of the connection, or the one that a trusted reverse proxy
//! reports.
//!
//! Any client can write a header. The header counts only if the connection comes from a proxy that
//! the settings name. It is read from its end: each proxy appends the address that it saw, so that
//! the last address that is not a proxy's is the client's, and everything before it is not
//! reliable.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use anteroom_runtime::ClientAddress;
use http::{HeaderMap, header};
use ipnet::IpNet;

use crate::{
    proxy_header::{ProxyHeader, X_FORWARDED_FOR},
    unnamed_proxy::UnnamedProxies,
};

/// The trusted reverse proxies; none by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Arc<[IpNet]>,
    header: ProxyHeader,
    unnamed: UnnamedProxies,
}

/// The error for a text that is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network such as 10.0.0.0/8")]
pub struct NetworkError;

impl TrustedProxies {
    /// Creates the set of trusted addresses (`192.0.2.1`) and networks (`2001:db8::/32`) with the
    /// header that they set.
    ///
    /// # Errors
    /// For a text that is neither.
    pub fn parse<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
        header: ProxyHeader,
    ) -> Result<Self, NetworkError> {
        let networks = networks
            .into_iter()
            .map(|text| network(text.as_ref()).ok_or(NetworkError))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            networks,
            header,
            unnamed: UnnamedProxies::default(),
        })
    }

    /// Warns once for each group of peers of a forwarding header from an untrusted peer.
    pub(crate) fn warn_of_unnamed(&self, peer: SocketAddr, headers: &HeaderMap) {
        let is_forwarded =
            headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
        if is_forwarded && !self.trusts(peer.ip().to_canonical()) {
            self.unnamed.warn(peer.ip());
        }
    }

    /// Returns whether the address is that of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|known| known.contains(&address))
    }
}

/// Returns the address of the client that sent these headers through this peer.
///
/// For an untrusted peer it is the peer's address. For a trusted proxy it is the last untrusted
/// address of the header. If the header has none (it is missing, or an entry is malformed), it is
/// the trusted proxy that is farthest away.
#[must_use]
pub fn client_address(
    peer: SocketAddr,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> ClientAddress {
    let mut client = peer.ip().to_canonical();
    if !trusted.trusts(client) {
        return ClientAddress::new(client);
    }
    for hop in trusted.header.hops(headers).into_iter().rev() {
        let Some(hop) = hop else { break };
        client = hop;
        if !trusted.trusts(client) {
            break;
        }
    }
    ClientAddress::new(client)
}

fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PROXIES: [&str; 3] = ["192.0.2.1", "10.0.0.0/8", "2001:db8:ffff::/48"];

    fn address(peer: &str, values: &[&str], header: ProxyHeader) -> String {
        let name = match header {
            ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
            ProxyHeader::Forwarded => header::FORWARDED,
        };
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let trusted = TrustedProxies::parse(PROXIES, header).unwrap();
        let peer = SocketAddr::new(peer.parse().unwrap(), 4_711);
        client_address(peer, &headers, &trusted).ip().to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_proxy() {
        for (peer, values, expected) in [
            // Only trusted proxies count.
            ("198.51.100.7", &["203.0.113.9"][..], "198.51.100.7"),
            ("192.0.2.2", &["203.0.113.9"], "192.0.2.2"),
            ("192.0.2.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:192.0.2.1", &["203.0.113.9"], "203.0.113.9"),
            ("2001:db8:ffff::1", &["203.0.113.9"], "203.0.113.9"),
            // The client's own text stands before that of the proxy.
            ("192.0.2.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("192.0.2.1", &["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
            ("192.0.2.1", &["203.0.113.9,10.1.2.3"], "203.0.113.9"),
            ("192.0.2.1", &["203.0.113.9", "10.1.2.3"], "203.0.113.9"),
            ("192.0.2.1", &["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
            // A malformed entry ends the search.
            ("192.0.2.1", &[], "192.0.2.1"),
            ("192.0.2.1", &[""], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9, unknown"], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9, x, 10.0.0.2"], "10.0.0.2"),
            ("192.0.2.1", &["203.0.113.9,"], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9", "\u{e9}"], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.999"], "192.0.2.1"),
            // The forms of an address.
            ("192.0.2.1", &["203.0.113.9:80"], "203.0.113.9"),
            ("192.0.2.1", &["2001:db8::9"], "2001:db8::9"),
            ("192.0.2.1", &["[2001:db8::9]"], "2001:db8::9"),
            ("192.0.2.1", &["[2001:db8::9]:80"], "2001:db8::9"),
            ("192.0.2.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            (
                "192.0.2.1",
                &["203.0.113.9, ::ffff:10.0.0.1"],
                "203.0.113.9",
            ),
        ] {
            let got = address(peer, values, ProxyHeader::XForwardedFor);
            assert_eq!(got, expected, "{peer} {values:?}");
        }
    }

    #[test]
    fn forwarded_is_read_as_the_rfc_says_or_not_at_all() {
        const NOT_BELIEVED: &str = "192.0.2.1";
        for (values, expected) in [
            (&["for=203.0.113.9"][..], "203.0.113.9"),
            (
                &["For=\"203.0.113.9:80\";proto=https;by=10.0.0.1"],
                "203.0.113.9",
            ),
            (&["proto=https; for=203.0.113.9"], "203.0.113.9"),
            (&["for=\"[2001:db8::9]:4711\""], "2001:db8::9"),
            (&["for=\"[2001:db8::9]\""], "2001:db8::9"),
            (&["for=\"20\\3.0.113.9\""], "203.0.113.9"),
            (
                &["for=1.1.1.1, for=203.0.113.9 ,for=10.0.0.7"],
                "203.0.113.9",
            ),
            (&["for=1.1.1.1", "for=203.0.113.9"], "203.0.113.9"),
            (&["host=\"a, for=1.1.1.1\";for=203.0.113.9"], "203.0.113.9"),
            (&["for=203.0.113.9;host=\"a;for=1.1.1.1\""], "203.0.113.9"),
            (
                &["for=203.0.113.9;host=\"a, for=1.1.1.1;x=y\""],
                "203.0.113.9",
            ),
            (
                &["for=203.0.113.9;host=\"a\\\", for=1.1.1.1;x=\""],
                "203.0.113.9",
            ),
            (
                &["for=203.0.113.9, for=10.0.0.1;by=x, for=10.0.0.2"],
                "203.0.113.9",
            ),
            (&[], NOT_BELIEVED),
            (&[""], NOT_BELIEVED),
            (&["for="], NOT_BELIEVED),
            (&["for=unknown"], NOT_BELIEVED),
            (&["for=_hidden"], NOT_BELIEVED),
            (&["proto=https"], NOT_BELIEVED),
            (&["203.0.113.9"], NOT_BELIEVED),
            (&["for=[2001:db8::9]"], NOT_BELIEVED),
            (&["for=203.0.113.9;for=203.0.113.10"], NOT_BELIEVED),
            (&["for=203.0.113.9,"], NOT_BELIEVED),
            (&["for=203.0.113.9;"], NOT_BELIEVED),
            (&["for=203.0.113.9 for=203.0.113.10"], NOT_BELIEVED),
            // An open quote includes the text that the proxy appends.
            (&["for=\"x, for=203.0.113.9"], NOT_BELIEVED),
            (
                &["host=\", for=203.0.113.9;host=\"a;for=1.1.1.1"],
                NOT_BELIEVED,
            ),
            (&["for=203.0.113.9", "for=\"x"], NOT_BELIEVED),
            (&["for=\"x", "for=203.0.113.9"], "203.0.113.9"),
        ] {
            let got = address("192.0.2.1", values, ProxyHeader::Forwarded);
            assert_eq!(got, expected, "{values:?}");
        }
    }

    #[test]
    fn only_the_header_of_the_settings_is_read() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.1"));
        headers.insert(
            header::FORWARDED,
            HeaderValue::from_static("for=203.0.113.2"),
        );
        let peer = "192.0.2.1:1".parse().unwrap();
        for (header, expected) in [
            (ProxyHeader::XForwardedFor, "203.0.113.1"),
            (ProxyHeader::Forwarded, "203.0.113.2"),
        ] {
            let trusted = TrustedProxies::parse(PROXIES, header).unwrap();
            let got = client_address(peer, &headers, &trusted);
            assert_eq!(got.ip().to_string(), expected);
        }
        let nobody = client_address(peer, &headers, &TrustedProxies::default());
        assert_eq!(nobody.ip(), peer.ip());
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        for (text, good) in [
            ("192.0.2.1", true),
            ("192.0.2.0/24", true),
            ("::1", true),
            ("2001:db8::/32", true),
            ("", false),
            ("192.0.2.1/33", false),
            ("192.0.2", false),
            ("proxy.example", false),
            (" 192.0.2.1", false),
        ] {
            let parsed = TrustedProxies::parse([text], ProxyHeader::default());
            assert_eq!(parsed.is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn limits_are_per_ipv4_address_and_per_ipv6_network() {
        let group = |text: &str| ClientAddress::new(text.parse().unwrap()).limit_group();
        assert_ne!(group("192.0.2.1"), group("192.0.2.2"));
        assert_eq!(group("192.0.2.1"), group("::ffff:192.0.2.1"));
        assert_eq!(group("2001:db8::1"), group("2001:db8::ffff:0:0:2"));
        assert_ne!(group("2001:db8::1"), group("2001:db8:0:1::1"));
    }

    #[test]
    fn an_address_does_not_show_itself() {
        let address = ClientAddress::new("192.0.2.1".parse().unwrap());
        assert_eq!(format!("{address:?}"), "ClientAddress(..)");
    }
}
