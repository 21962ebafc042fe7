//! The URLs of relays (RFC 7064 and RFC 7065), and templates of them.

use std::{fmt, net::IpAddr};

/// The maximum length, in bytes.
const MOST_BYTES: usize = 512;
/// The placeholder of an address in a template.
const PLACEHOLDER: &str = "%s";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UrlScheme {
    /// `stun:` and `stuns:`: tells a client its own address.
    Stun,
    /// `turn:` and `turns:`: carries traffic for clients with credentials.
    Turn,
}

pub(crate) struct RelayEndpoint<'a> {
    /// The name, or an address without brackets.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) transport: UrlTransport,
}

/// The transport to a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlTransport {
    Udp,
    Tcp,
    Tls,
    Dtls,
}

/// The URL of a relay: `stun:`, `stuns:`, `turn:` or `turns:`, a host, an optional port, and an
/// optional `?transport=udp` or `tcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayUrl(String);

impl RelayUrl {
    /// Parses a URL; `None` if it is not a relay's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (_, host) = split(text)?;
        let named = !host.contains('%') && (host.starts_with('[') || !host.contains(['[', ']']));
        named.then(|| Self(text.to_owned()))
    }

    /// Returns the URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the target of the URL.
    pub(crate) fn endpoint(&self) -> RelayEndpoint<'_> {
        let (scheme, rest) = self.0.split_once(':').unwrap_or_default();
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let is_encrypted = matches!(scheme, "stuns" | "turns");
        let transport = match (is_encrypted, query) {
            (true, "transport=udp") => UrlTransport::Dtls,
            (true, _) => UrlTransport::Tls,
            (false, "transport=tcp") => UrlTransport::Tcp,
            (false, _) => UrlTransport::Udp,
        };
        let host = without_port(authority).unwrap_or(authority);
        let port = authority.get(host.len()..).unwrap_or_default();
        let port = port.strip_prefix(':').and_then(|port| port.parse().ok());
        RelayEndpoint {
            host: host.trim_start_matches('[').trim_end_matches(']'),
            port: port.unwrap_or(if is_encrypted { 5349 } else { 3478 }),
            transport,
        }
    }

    /// Returns whether the relay needs credentials, which a relay that only tells a client its
    /// address does not.
    #[must_use]
    pub fn needs_credentials(&self) -> bool {
        scheme(&self.0).is_some_and(|(scheme, _)| scheme == UrlScheme::Turn)
    }
}

impl fmt::Display for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A URL with `%s` instead of its host. It is filled with each of the host's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    before: String,
    after: String,
}

impl UrlTemplate {
    /// Parses a template; `None` if it is not a relay's URL with exactly one `%s`, as its host.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (_, host) = split(text)?;
        let (before, after) = text.split_once(PLACEHOLDER)?;
        let whole = host == PLACEHOLDER && !after.contains('%');
        whole.then(|| Self {
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// Returns the URL with this address. IPv6 addresses get brackets.
    #[must_use]
    pub fn fill(&self, address: IpAddr) -> String {
        let Self { before, after } = self;
        match address {
            IpAddr::V4(address) => format!("{before}{address}{after}"),
            IpAddr::V6(address) => format!("{before}[{address}]{after}"),
        }
    }

    pub(crate) fn needs_credentials(&self) -> bool {
        scheme(&self.before).is_some_and(|(scheme, _)| scheme == UrlScheme::Turn)
    }
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after } = self;
        write!(f, "{before}{PLACEHOLDER}{after}")
    }
}

fn scheme(text: &str) -> Option<(UrlScheme, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    match scheme {
        "stun" | "stuns" => Some((UrlScheme::Stun, rest)),
        "turn" | "turns" => Some((UrlScheme::Turn, rest)),
        _ => None,
    }
}

/// Returns the scheme and the host of a well-formed URL.
fn split(text: &str) -> Option<(UrlScheme, &str)> {
    if text.len() > MOST_BYTES {
        return None;
    }
    let (scheme, rest) = scheme(text)?;
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let transport_fits = match (scheme, query) {
        (_, None) => true,
        (UrlScheme::Turn, Some(query)) => matches!(query, "transport=udp" | "transport=tcp"),
        (UrlScheme::Stun, Some(_)) => false,
    };
    let host = without_port(place)?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]%".contains(&byte);
    let host_fits = !host.is_empty() && host.bytes().all(is_host);
    (transport_fits && host_fits).then_some((scheme, host))
}

fn without_port(place: &str) -> Option<&str> {
    let (host, port) = if place.starts_with('[') {
        let end = place.find(']')?;
        let (host, rest) = place.split_at(end.checked_add(1)?);
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None => return rest.is_empty().then_some(host),
        }
    } else {
        match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    match port {
        Some(port) if !is_port(port) => None,
        _ => Some(host),
    }
}

fn is_port(text: &str) -> bool {
    // `parse` would accept a sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_relays_are_taken_and_nothing_else() {
        for text in [
            "stun:relay.example",
            "stun:relay.example:3478",
            "stuns:relay.example:5349",
            "turn:relay.example",
            "turn:192.0.2.1:3478?transport=udp",
            "turn:[2001:db8::1]",
            "turns:[2001:db8::1]:443?transport=tcp",
            "turn:localhost:65535",
        ] {
            let url = RelayUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), text);
            assert_eq!(url.needs_credentials(), text.starts_with("turn"), "{text}");
        }
        for text in [
            "",
            "turn",
            "turn:",
            "relay.example",
            "https://relay.example",
            "turn://relay.example",
            "TURN:relay.example",
            "turn:relay.example:",
            "turn:relay.example:0",
            "turn:relay.example:65536",
            "turn:relay.example:+1",
            "turn:relay.example:1:2",
            "turn:2001:db8::1",
            "turn:[2001:db8::1",
            "turn:[2001:db8::1]3478",
            "turn:relay]example",
            "turn:relay.example?transport=sctp",
            "turn:relay.example?",
            "turn:relay.example?transport=udp&x=y",
            "stun:relay.example?transport=udp",
            "turn:relay example",
            "turn:relay.example\n",
            "turn:user@relay.example",
            "turn:%s:3478",
            "turn:relay.example/path",
            "turn:rel\u{e4}y.example",
        ] {
            assert_eq!(RelayUrl::parse(text), None, "{text:?}");
        }
        assert_eq!(RelayUrl::parse(&format!("turn:{}", "x".repeat(508))), None);
    }

    #[test]
    fn a_url_leads_to_a_host_and_a_port_by_a_transport() {
        use UrlTransport::{Dtls, Tcp, Tls, Udp};
        for (text, host, port, transport) in [
            ("stun:relay.example", "relay.example", 3478, Udp),
            ("stuns:relay.example", "relay.example", 5349, Tls),
            ("turn:192.0.2.1:80?transport=udp", "192.0.2.1", 80, Udp),
            (
                "turn:relay.example?transport=tcp",
                "relay.example",
                3478,
                Tcp,
            ),
            (
                "turns:[2001:db8::1]:443?transport=tcp",
                "2001:db8::1",
                443,
                Tls,
            ),
            (
                "turns:[2001:db8::1]?transport=udp",
                "2001:db8::1",
                5349,
                Dtls,
            ),
        ] {
            let url = RelayUrl::parse(text).unwrap();
            let endpoint = url.endpoint();
            let found = (endpoint.host, endpoint.port, endpoint.transport);
            assert_eq!(found, (host, port, transport), "{text}");
        }
    }

    #[test]
    fn a_template_is_filled_with_addresses_of_both_kinds() {
        let four: IpAddr = "192.0.2.7".parse().unwrap();
        let six: IpAddr = "2001:db8::7".parse().unwrap();
        for (text, with_four, with_six) in [
            ("turn:%s", "turn:192.0.2.7", "turn:[2001:db8::7]"),
            (
                "stun:%s:3478",
                "stun:192.0.2.7:3478",
                "stun:[2001:db8::7]:3478",
            ),
            (
                "turn:%s:3478?transport=udp",
                "turn:192.0.2.7:3478?transport=udp",
                "turn:[2001:db8::7]:3478?transport=udp",
            ),
            (
                "turns:%s:443?transport=tcp",
                "turns:192.0.2.7:443?transport=tcp",
                "turns:[2001:db8::7]:443?transport=tcp",
            ),
        ] {
            let template = UrlTemplate::parse(text).unwrap();
            assert_eq!(template.to_string(), text);
            assert_eq!(template.fill(four), with_four);
            assert_eq!(template.fill(six), with_six);
            assert_eq!(template.needs_credentials(), text.starts_with("turn"));
            for filled in [with_four, with_six] {
                assert!(RelayUrl::parse(filled).is_some(), "{filled}");
            }
        }
    }

    #[test]
    fn templates_without_one_place_for_the_host_are_refused() {
        for text in [
            "",
            "%s",
            "turn:relay.example:3478",
            "turn:%s.relay.example",
            "turn:relay.%s",
            "turn:[%s]:3478",
            "turn:%s%s",
            "turn:%d:3478",
            "turn:%s:%s",
            "turn:%s:3478?transport=%s",
            "https://%s/",
            "turn:%s:3478?transport=sctp",
        ] {
            assert_eq!(UrlTemplate::parse(text), None, "{text:?}");
        }
    }
}
