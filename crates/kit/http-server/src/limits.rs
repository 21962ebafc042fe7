//! The limits of listeners, connections and requests.

use std::time::Duration;

use anteroom_runtime::{AdmissionRecorder, Metrics};

use crate::{client_address::TrustedProxies, open_connections::OpenConnections, tls::Tls};

/// The limits of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// The maximum time from a request's head to its answer.
    pub request_timeout: Duration,
    /// The maximum time for the body to arrive; shorter than `request_timeout`.
    pub body_timeout: Duration,
    /// The time for which a body may have any rate.
    pub body_grace: Duration,
    /// The minimum rate of a body after `body_grace`, in bytes a second.
    pub body_rate: usize,
    /// The maximum size of a body, in bytes.
    pub body_bytes: usize,
    /// The maximum number of bodies that are being received. A further one evicts the oldest of the
    /// busiest address.
    pub bodies: usize,
    /// The same for each address. A further body evicts the oldest of its address.
    pub bodies_per_address: usize,
    /// The maximum number of running requests whose body has arrived. A further one is refused.
    pub concurrent_requests: usize,
    /// The same for each address.
    pub requests_per_address: usize,
    /// The maximum number of running requests for another protocol, which count separately. A
    /// further one is refused.
    pub concurrent_upgrades: usize,
    /// The same for each address.
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

/// The limits of one listener and its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The maximum time for the head of a request to arrive, and the maximum idle time of a
    /// connection.
    pub header_timeout: Duration,
    /// The maximum time in which a client takes nothing of an answer.
    pub answer_timeout: Duration,
    /// The maximum number of open connections. A further one closes the connection of the busiest
    /// address that has been idle for longest. If none is idle, the new one waits, and later ones
    /// wait in the operating system's queue.
    pub connections: usize,
    /// The same for each address. A further connection closes one of its own address; if none is
    /// idle, the new one is closed.
    pub connections_per_address: usize,
    /// The maximum number of running requests on one connection of HTTP/2.
    pub requests_per_connection: u32,
    /// The maximum time for the first message of TLS to arrive.
    pub client_hello_timeout: Duration,
    /// The maximum time of a whole TLS handshake.
    pub handshake_timeout: Duration,
    /// The maximum number of TLS handshakes after the first message.
    pub handshakes: usize,
    /// The same for each address.
    pub handshakes_per_address: usize,
    /// The maximum size of a request's head, in bytes; at least 8192.
    pub header_bytes: u32,
    /// The maximum time for running requests to end after the shutdown.
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

/// The settings of one listener.
#[derive(Clone, Debug, Default)]
pub struct ListenerSettings {
    /// The limits of the listener and its connections.
    pub limits: ConnectionLimits,
    /// The proxies that are trusted to report the address of a client.
    pub trusted_proxies: TrustedProxies,
    /// The certificate. Without one nothing is encrypted.
    pub tls: Option<Tls>,
    /// The recorders of refusals and evictions.
    pub metrics: ListenerMetrics,
    /// The connections of all listeners of the process. One of them is closed if descriptors run
    /// out.
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

/// The recorders of a listener's refusals and evictions. The default ones record nothing.
#[derive(Clone, Debug, Default)]
pub struct ListenerMetrics {
    /// The recorder of connections.
    pub connections: AdmissionRecorder,
    /// The recorder of TLS handshakes.
    pub handshakes: AdmissionRecorder,
}

/// The kind of a listener, by its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// All clients of a service.
    Public,
    /// Media servers.
    Internal,
    /// The readers of the metrics.
    Admin,
}

impl ListenerMetrics {
    /// Returns the recorders among the metrics of a service.
    #[must_use]
    pub fn of(metrics: &Metrics, kind: ListenerKind) -> Self {
        let (connections, handshakes) = match kind {
            ListenerKind::Public => ("connections", "handshakes"),
            ListenerKind::Internal => ("internal_connections", "internal_handshakes"),
            ListenerKind::Admin => ("admin_connections", "admin_handshakes"),
        };
        Self {
            connections: metrics.admission(connections),
            handshakes: metrics.admission(handshakes),
        }
    }
}
