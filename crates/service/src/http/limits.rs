//! What listeners, connections and requests may take.

use std::time::Duration;

use super::{OpenConnections, Tls, TrustedProxies};
use crate::{AdmissionRecorder, Metrics};

/// What requests may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// From a request's head to its answer.
    pub request_timeout: Duration,
    /// For the body to arrive; shorter than `request_timeout`.
    pub body_timeout: Duration,
    /// How long a body may take before its rate counts.
    pub body_grace: Duration,
    /// The least rate of a body from then on, in bytes a second.
    pub body_rate: usize,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// Bodies that are being received; for one more, the oldest of the busiest address is given up.
    pub bodies: usize,
    /// The same from one address; for one more, its oldest is given up.
    pub bodies_per_address: usize,
    /// Requests in flight whose body is there; one more is refused.
    pub concurrent_requests: usize,
    /// The same from one address.
    pub requests_per_address: usize,
    /// Requests in flight for another protocol, apart from all others; one more is refused.
    pub concurrent_upgrades: usize,
    /// The same from one address.
    pub upgrades_per_address: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(10),
            body_grace: Duration::from_secs(2),
            body_rate: 1024,
            body_bytes: 64 * 1024,
            bodies: 512,
            bodies_per_address: 64,
            concurrent_requests: 1_024,
            requests_per_address: 128,
            concurrent_upgrades: 256,
            upgrades_per_address: 16,
        }
    }
}

/// What one listener and its connections may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// For the head of a request to arrive; also how long a connection may stay idle.
    pub header_timeout: Duration,
    /// How long a client may take nothing of an answer.
    pub answer_timeout: Duration,
    /// Open connections. For one more, the connection that has been idle for longest of the busiest
    /// address is closed; if none is idle, the new one waits, and those after it in the operating
    /// system's queue.
    pub connections: usize,
    /// The same from one address, which makes room from its own; if none is idle, the new one is
    /// closed.
    pub connections_per_address: usize,
    /// Requests in flight on one connection of HTTP/2.
    pub requests_per_connection: u32,
    /// For the first message of TLS to arrive.
    pub client_hello_timeout: Duration,
    /// For a whole TLS handshake.
    pub handshake_timeout: Duration,
    /// TLS handshakes after the first message.
    pub handshakes: usize,
    /// The same from one address.
    pub handshakes_per_address: usize,
    /// The largest head of a request, in bytes; at least 8192.
    pub header_bytes: u32,
    /// How long requests in flight may go on after the shutdown.
    pub shutdown_grace: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(15),
            answer_timeout: Duration::from_secs(30),
            connections: 4_096,
            connections_per_address: 256,
            requests_per_connection: 16,
            client_hello_timeout: Duration::from_secs(3),
            handshake_timeout: Duration::from_secs(10),
            handshakes: 256,
            handshakes_per_address: 128,
            header_bytes: 16 * 1024,
            shutdown_grace: Duration::from_secs(30),
        }
    }
}

/// What one listener is like.
#[derive(Clone, Debug, Default)]
pub struct ListenerSettings {
    /// What it and its connections may take.
    pub limits: ConnectionLimits,
    /// Who is believed about the address of a client.
    pub trusted_proxies: TrustedProxies,
    /// The certificate; without one, nothing is encrypted.
    pub tls: Option<Tls>,
    /// Where refusals and evictions are counted.
    pub metrics: ListenerMetrics,
    /// Those of all listeners of the process, one of which gives way where descriptors run out.
    pub open_connections: OpenConnections,
}

impl From<ConnectionLimits> for ListenerSettings {
    fn from(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }
}

/// Where the refusals and evictions of a listener are counted; nowhere by default.
#[derive(Clone, Debug, Default)]
pub struct ListenerMetrics {
    /// Those of connections.
    pub connections: AdmissionRecorder,
    /// Those of TLS handshakes.
    pub handshakes: AdmissionRecorder,
}

/// A listener, by whom it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All clients of a service.
    Public,
    /// Media servers.
    Internal,
    /// Those who read the metrics.
    Admin,
}

impl ListenerMetrics {
    /// Among the metrics of a service.
    #[must_use]
    pub fn of(metrics: &Metrics, audience: Audience) -> Self {
        let (connections, handshakes) = match audience {
            Audience::Public => ("connections", "handshakes"),
            Audience::Internal => ("internal_connections", "internal_handshakes"),
            Audience::Admin => ("admin_connections", "admin_handshakes"),
        };
        Self {
            connections: metrics.admission(connections),
            handshakes: metrics.admission(handshakes),
        }
    }
}
