//! Bounds of listeners, connections and requests.

use std::{
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use anteroom_http_server::{ConnectionLimits, HttpLimits, ProxyHeader, TrustedProxies};
use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds of a listener; the defaults are those of `anteroom_http_server`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// The time from a request's head to its answer.
    pub request_seconds: NonZeroU64,
    /// The time for a request's body to arrive.
    pub body_seconds: NonZeroU64,
    /// The time from the start of a body until its rate counts.
    pub body_grace_seconds: NonZeroU64,
    /// The least rate of a body after `http.body_grace_seconds`.
    pub body_bytes_per_second: NonZeroUsize,
    /// The time for a request's head to arrive, and the longest life of an idle connection.
    pub header_seconds: NonZeroU64,
    /// The time in which a client must take the next 16 KiB of an answer.
    pub answer_seconds: NonZeroU64,
    /// The time for the first message of TLS to arrive.
    pub client_hello_seconds: NonZeroU64,
    /// The time for a whole TLS handshake.
    pub handshake_seconds: NonZeroU64,
    /// The time for requests in flight to end when the service is told to stop.
    pub shutdown_seconds: NonZeroU64,
    /// The longest body of a request.
    pub body_bytes: NonZeroUsize,
    /// The longest head of a request; at least 8192.
    pub header_bytes: NonZeroU32,
    /// The most bodies that a service receives at once.
    pub bodies: NonZeroUsize,
    /// The most bodies that a service receives from one address at once. All settings per address
    /// are for an IPv4 address or an IPv6 /64; a /56 has 4 times as much, a /48 16 times, and none
    /// more than half of all. See [what is limited](../operations.md#what-is-limited).
    pub bodies_per_address: NonZeroUsize,
    /// The most requests that a service answers at once.
    pub concurrent_requests: NonZeroUsize,
    /// The most requests from one address that a service answers at once.
    pub requests_per_address: NonZeroUsize,
    /// The most requests of one HTTP/2 connection that are answered at once.
    pub requests_per_connection: NonZeroU32,
    /// The most requests for a socket that the room service answers at once.
    pub concurrent_upgrades: NonZeroUsize,
    /// The most requests for a socket from one address that the room service answers at once.
    pub upgrades_per_address: NonZeroUsize,
    /// The most connections of a listener that are open at once, 256 for metrics and for media
    /// servers; fewer where the system lets the process open few files.
    pub connections: NonZeroUsize,
    /// The most connections from one address that a listener has at once. Those of trusted proxies
    /// have no such limit.
    pub connections_per_address: NonZeroUsize,
    /// The most TLS handshakes of a listener that go on at once, after their first message.
    pub handshakes: NonZeroUsize,
    /// The most TLS handshakes from one address that go on at once.
    pub handshakes_per_address: NonZeroUsize,
    /// The addresses or networks of reverse proxies that a service believes when they name a
    /// client's address, for limits per address. All other peers are clients themselves. See
    /// [tls.md](tls.md).
    pub trusted_proxies: Vec<String>,
    /// The header in which proxies name the client's address, the only one that is read.
    pub proxy_header: ProxyHeaderName,
}

/// The header that a reverse proxy tells the client's address in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeaderName {
    #[default]
    XForwardedFor,
    Forwarded,
}

impl Default for HttpSettings {
    fn default() -> Self {
        let http = HttpLimits::default();
        let connections = ConnectionLimits::default();
        let seconds = |time: Duration| NonZeroU64::new(time.as_secs()).unwrap_or(NonZeroU64::MIN);
        let count = |count: usize| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Self {
            request_seconds: seconds(http.request_timeout),
            body_seconds: seconds(http.body_timeout),
            body_grace_seconds: seconds(http.body_grace),
            body_bytes_per_second: count(http.body_rate),
            answer_seconds: seconds(connections.answer_timeout),
            client_hello_seconds: seconds(connections.client_hello_timeout),
            handshake_seconds: seconds(connections.handshake_timeout),
            header_seconds: seconds(connections.header_timeout),
            shutdown_seconds: seconds(connections.shutdown_grace),
            body_bytes: count(http.body_bytes),
            header_bytes: NonZeroU32::new(connections.header_bytes).unwrap_or(NonZeroU32::MIN),
            bodies: count(http.bodies),
            bodies_per_address: count(http.bodies_per_address),
            concurrent_requests: count(http.concurrent_requests),
            requests_per_address: count(http.requests_per_address),
            requests_per_connection: NonZeroU32::new(connections.requests_per_connection)
                .unwrap_or(NonZeroU32::MIN),
            concurrent_upgrades: count(http.concurrent_upgrades),
            upgrades_per_address: count(http.upgrades_per_address),
            connections: count(connections.connections),
            connections_per_address: count(connections.connections_per_address),
            handshakes: count(connections.handshakes),
            handshakes_per_address: count(connections.handshakes_per_address),
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeaderName::default(),
        }
    }
}

impl HttpSettings {
    /// Returns the limits of requests.
    pub const fn http_limits(&self) -> HttpLimits {
        HttpLimits {
            request_timeout: Duration::from_secs(self.request_seconds.get()),
            body_timeout: Duration::from_secs(self.body_seconds.get()),
            body_grace: Duration::from_secs(self.body_grace_seconds.get()),
            body_rate: self.body_bytes_per_second.get(),
            body_bytes: self.body_bytes.get(),
            bodies: self.bodies.get(),
            bodies_per_address: self.bodies_per_address.get(),
            concurrent_requests: self.concurrent_requests.get(),
            requests_per_address: self.requests_per_address.get(),
            concurrent_upgrades: self.concurrent_upgrades.get(),
            upgrades_per_address: self.upgrades_per_address.get(),
        }
    }

    /// Returns the limits of connections.
    pub const fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            header_timeout: Duration::from_secs(self.header_seconds.get()),
            answer_timeout: Duration::from_secs(self.answer_seconds.get()),
            connections: self.connections.get(),
            connections_per_address: self.connections_per_address.get(),
            requests_per_connection: self.requests_per_connection.get(),
            client_hello_timeout: Duration::from_secs(self.client_hello_seconds.get()),
            handshake_timeout: Duration::from_secs(self.handshake_seconds.get()),
            handshakes: self.handshakes.get(),
            handshakes_per_address: self.handshakes_per_address.get(),
            header_bytes: self.header_bytes.get(),
            shutdown_grace: Duration::from_secs(self.shutdown_seconds.get()),
        }
    }

    /// Returns the networks of proxies whose headers name the client.
    pub fn trusted_proxies(&self) -> anyhow::Result<TrustedProxies> {
        let header = match self.proxy_header {
            ProxyHeaderName::XForwardedFor => ProxyHeader::XForwardedFor,
            ProxyHeaderName::Forwarded => ProxyHeader::Forwarded,
        };
        TrustedProxies::parse(&self.trusted_proxies, header).context("http.trusted_proxies")
    }
}
