//! The host of a relay: its name and its addresses.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anteroom_protocol::redacted_debug;
use hickory_resolver::{
    ResolverBuilder, TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};

use crate::RelaySettingsError;

/// The maximum time for all addresses of a name, with all attempts. A request waits for it.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum time of one query to one name server. There are two attempts.
const QUERY_TIMEOUT: Duration = Duration::from_millis(900);
const ATTEMPTS: usize = 1;
/// The maximum time for which an answer is cached, whatever its TTL is, because relays move.
const LONGEST_KEPT: Duration = Duration::from_secs(5 * 60);
/// The maximum number of cached answers: there are at most two hosts, with two kinds of addresses
/// each.
const MOST_KEPT: u64 = 16;
/// The maximum number of a host's addresses. Further ones are ignored.
const MOST_ADDRESSES: usize = 16;

/// The name of a relay's host, or its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// Parses a DNS name, with or without a final dot, or an IPv4 address; `None` for any other
    /// text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            let bytes = label.as_bytes();
            (1..=63).contains(&bytes.len())
                && bytes.first() != Some(&b'-')
                && bytes.last() != Some(&b'-')
                && bytes
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        };
        let fits = name.len() <= 253 && name.split('.').all(is_label);
        fits.then(|| Self(text.to_owned()))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Resolves host names. Clones share the cache of answers, which are kept for their TTL and at most
/// for five minutes.
#[derive(Clone)]
pub struct HostResolver(TokioResolver);

impl HostResolver {
    /// Creates a resolver that uses the system's file of hosts, then its name servers.
    ///
    /// # Errors
    /// When the system's name servers are unknown.
    pub fn system() -> Result<Self, RelaySettingsError> {
        let builder = TokioResolver::builder_tokio().map_err(|error| unusable(&error))?;
        Self::build(builder)
    }

    /// Creates a resolver that uses this name server, over UDP.
    ///
    /// # Errors
    /// When the name server cannot be used.
    pub fn with_name_server(server: SocketAddr) -> Result<Self, RelaySettingsError> {
        let mut connection = ConnectionConfig::udp();
        connection.port = server.port();
        let server = NameServerConfig::new(server.ip(), true, vec![connection]);
        let config = ResolverConfig::from_name_servers(vec![server]);
        let provider = TokioRuntimeProvider::default();
        Self::build(TokioResolver::builder_with_config(config, provider))
    }

    fn build(
        mut builder: ResolverBuilder<TokioRuntimeProvider>,
    ) -> Result<Self, RelaySettingsError> {
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = QUERY_TIMEOUT;
        options.attempts = ATTEMPTS;
        options.cache_size = MOST_KEPT;
        options.positive_max_ttl = Some(LONGEST_KEPT);
        options.negative_max_ttl = Some(LONGEST_KEPT);
        builder.build().map(Self).map_err(|error| unusable(&error))
    }

    /// Returns all addresses of a host, IPv4 first, sorted within each kind; `None` when there are
    /// none or no name server answers within two seconds.
    pub async fn addresses(&self, host: &HostName) -> Option<Vec<IpAddr>> {
        let look_up = self.0.lookup_ip(host.as_str());
        let found = tokio::time::timeout(LOOK_UP_TIMEOUT, look_up).await;
        let mut addresses: Vec<IpAddr> = found.ok()?.ok()?.iter().collect();
        // Name servers change the order. Sorted answers can be compared.
        addresses.sort_unstable();
        addresses.dedup();
        addresses.truncate(MOST_ADDRESSES);
        (!addresses.is_empty()).then_some(addresses)
    }
}

redacted_debug!(HostResolver);

fn unusable(error: &hickory_resolver::net::NetError) -> RelaySettingsError {
    RelaySettingsError::Resolver(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts_are_taken_and_nothing_else() {
        let long = format!("{}.example", "x".repeat(64));
        for (text, taken) in [
            ("relay.example", true),
            ("relay.example.", true),
            ("localhost", true),
            ("a_b-c.9", true),
            ("192.0.2.1", true),
            ("", false),
            (".", false),
            (".example", false),
            ("relay..example", false),
            ("-relay.example", false),
            ("relay-.example", false),
            ("relay example", false),
            ("relay.example:3478", false),
            ("turn:relay.example", false),
            ("[2001:db8::1]", false),
            ("rel\u{e4}y.example", false),
            (&long, false),
        ] {
            assert_eq!(HostName::parse(text).is_some(), taken, "{text:?}");
        }
        assert!(HostName::parse(&"x.".repeat(128)).is_none());
    }
}
